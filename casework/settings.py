"""Settings of a workspace: `office.yaml`, checked whole, never guessed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cerberus import Validator

from casework.database import parse_url
from schemas.errors import SettingsError
from schemas.fields import FIELD_TYPES
from schemas.files import write_bytes
from schemas.messages import N_, Name

FILE_NAME = "office.yaml"
STORE_NAME = "store.db"
SCHEMA: dict[str, Any] = {
    "version": {"type": "integer", "allowed": [1], "required": True},
    "office_name": {"type": "string", "minlength": 1, "maxlength": 80, "required": True},
    "regime": {"type": "string", "regex": "[a-z0-9][a-z0-9-]{0,39}", "required": True},
    "synthetic": {"type": "boolean", "required": True},
    "database_url": {"type": "string", "nullable": True, "required": False, "default": None},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an office decided once.

    Parameters
    ----------
    office_name : str
        As it stands in letters.
    regime : str
        Name of the regime in force (`tokumei-2023`, `hishikibetsu-2017`).
    synthetic : bool
        Only synthetic municipalities and people; can never be changed after `sakusei init`.
    database_url : str or None
        PostgreSQL, without a password (PGPASSFILE holds it); None: SQLite in the workspace.
    """

    office_name: str
    regime: str
    synthetic: bool
    database_url: str | None = None

    def store_url(self, home: Path) -> str:
        """Return the address of the store."""
        return self.database_url or f"sqlite:///{home / STORE_NAME}"


def check_office_name(name: str) -> None:
    """Raise unless a name can stand in letters and on public pages as it is, by the rule for one line of a form.

    Raises
    ------
    SettingsError
        It is empty, too long, or holds control or bidirectional characters.
    """
    if len(name) > SCHEMA["office_name"]["maxlength"] or not FIELD_TYPES["line"].matches(name):
        raise SettingsError(
            N_("the name of the office must be one line of 1 to {limit} characters, without control or bidirectional characters"),
            N_("give it another name: --name of sakusei init, office_name in office.yaml"),
            limit=SCHEMA["office_name"]["maxlength"],
        )


def check_settings(document: object) -> Settings:
    """Return settings from the content of `office.yaml`.

    Raises
    ------
    SettingsError
        A setting is missing, unknown or of the wrong kind; all of them are named at once.
    """
    validator = Validator(SCHEMA, require_all=False)
    if not isinstance(document, dict) or not validator.validate(document):
        wrong = ", ".join(sorted(map(str, validator.errors))) if isinstance(document, dict) else FILE_NAME
        raise SettingsError(
            N_("wrong or missing settings: {settings}"),
            N_("mend office.yaml; its settings are version, office_name, regime, synthetic, database_url"),
            settings=Name(wrong),
        )
    check_office_name(validator.document["office_name"])
    found = {key: value for key, value in validator.document.items() if key != "version"}
    if found["database_url"] and parse_url(found["database_url"]).password is not None:
        raise SettingsError(
            N_("database_url holds a password"), N_("take it out, and keep it in the file that PGPASSFILE names (rights 0600)")
        )
    return Settings(**found)


def load_settings(home: Path) -> Settings:
    """Return the settings of a workspace.

    Raises
    ------
    SettingsError
        There is no workspace, or its settings are wrong.
    """
    path = home / FILE_NAME
    if not path.is_file():
        raise SettingsError(N_("the folder is not a workspace of an office"), N_("set one up: sakusei init --home DIR"))
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(N_("office.yaml is not YAML in UTF-8"), N_("mend it, or restore it from its backup")) from error
    return check_settings(document)


def save_settings(home: Path, settings: Settings) -> None:
    """Write the settings of a workspace."""
    document: dict[str, Any] = {
        "version": 1,
        "office_name": settings.office_name,
        "regime": settings.regime,
        "synthetic": settings.synthetic,
    }
    if settings.database_url:
        document["database_url"] = settings.database_url
    write_bytes(home / FILE_NAME, yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode())
