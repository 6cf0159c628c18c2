"""Code lists: the values a coded column may hold, their Japanese labels, and how other systems write them.

Decided here: codes of the common schema (data in `schemas/codes/*.yaml`). Not decided here: which vendor mapping a file needs;
its layout says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from schemas.errors import SettingsError
from schemas.markup import read_marked
from schemas.messages import N_, Name

FOLDER = Path(__file__).parent / "codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """A list of codes.

    Parameters
    ----------
    name, title_ja : str
        What the list is called.
    entries : Mapping[str, str]
        Code → Japanese label, in the order of the list.
    vendor : Mapping[str, Mapping[str, str]]
        Name of a way of writing → (what is written → our code).
    ordered : bool
        Whether the order of the entries means something (要介護1 < 要介護2).
    source : str
        Official list the codes come from; empty for lists of our own.
    """

    name: str
    title_ja: str
    entries: Mapping[str, str]
    vendor: Mapping[str, Mapping[str, str]]
    ordered: bool = False
    source: str = ""

    def get_label(self, code: str) -> str:
        """Return the Japanese label of a code.

        Raises
        ------
        SettingsError
            The list has no such code.
        """
        if code not in self.entries:
            raise SettingsError(
                N_("the code list {code_list} does not have a code that was asked for"),
                N_("see schemas/codes for the codes of each list"),
                code_list=Name(self.name),
            )
        return self.entries[code]


def code_list_names() -> tuple[str, ...]:
    """Return the names of all code lists, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load_code_list(name: str) -> CodeList:
    """Return a code list by name.

    Raises
    ------
    SettingsError
        There is no such list.
    """
    if name not in code_list_names():
        raise SettingsError(
            N_("there is no code list {code_list}"),
            N_("see schemas/codes for the names of all lists"),
            code_list=Name(name),
        )
    document = read_marked(FOLDER / f"{name}.yaml").values
    vendor = {key: MappingProxyType(mapping) for key, mapping in document.pop("vendor", {}).items()}
    entries = MappingProxyType(document.pop("entries"))
    return CodeList(entries=entries, vendor=MappingProxyType(vendor), **document)
