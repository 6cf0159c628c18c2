"""Named types and rules that document schemas may use besides those of Cerberus.

Types (`type: NAME` or `check_with: NAME`): see `FIELD_TYPES`. Rules: `not_before: FIELD` (a date of the same mapping that must not be
later), `unique: FIELD or true` (no two items of a list alike), `code_list: NAME` (a code of that list). Regular expressions must match
the whole text.
"""

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cerberus
from cerberus.errors import ErrorDefinition

from schemas.check_digits import is_valid
from schemas.codes import code_list_names, load_code_list
from schemas.messages import N_
from schemas.municipalities import find_municipality
from schemas.tables import table_names

# The space of Japanese text, between family and given name; str.isprintable counts it as a separator.
WIDE_SPACE = "\u3000"
NOT_BEFORE = ErrorDefinition(0x101, "not_before")
NOT_UNIQUE = ErrorDefinition(0x102, "unique")
NOT_IN_CODE_LIST = ErrorDefinition(0x103, "code_list")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """A named type: which values belong to it, and what to say about others."""

    matches: Callable[[Any], bool]
    template: str


def _pattern(expression: str) -> Callable[[Any], bool]:
    compiled = re.compile(expression)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_date(value: Any) -> bool:
    return type(value) is datetime.date or (_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")(value) and _parses(datetime.date.fromisoformat, value))


def _is_datetime(value: Any) -> bool:
    if not isinstance(value, str) or not _parses(datetime.datetime.fromisoformat, value):
        return False
    return datetime.datetime.fromisoformat(value).tzinfo is not None


def _is_month(value: Any) -> bool:
    return _pattern(r"[0-9]{4}-[0-9]{2}")(value) and _parses(datetime.date.fromisoformat, f"{value}-01")


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and value.replace(WIDE_SPACE, "").isprintable()


def _is_plain_text(value: Any) -> bool:
    return (
        isinstance(value, str) and value.strip() != "" and value.replace(WIDE_SPACE, "").replace("\n", "").replace("\t", "").isprintable()
    )


FIELD_TYPES: Mapping[str, FieldType] = {
    "date": FieldType(matches=_is_date, template=N_("must be a date such as 2026-04-01")),
    "month": FieldType(matches=_is_month, template=N_("must be a month such as 2026-04")),
    "datetime": FieldType(matches=_is_datetime, template=N_("must be a time with its zone such as 2026-04-01T09:00:00+09:00")),
    "line": FieldType(matches=_is_line, template=N_("must be one line of text that is not empty")),
    "plain_text": FieldType(matches=_is_plain_text, template=N_("must be text that is not empty, without control characters")),
    "identifier": FieldType(
        matches=_pattern(r"[a-z0-9][a-z0-9._-]{0,63}"),
        template=N_("must be a short name of small letters, digits, dots, hyphens and underscores"),
    ),
    "number": FieldType(matches=_is_number, template=N_("must be a number")),
    "share": FieldType(matches=lambda value: _is_number(value) and 0 <= value <= 1, template=N_("must be a share from 0 to 1")),
    "yen": FieldType(
        matches=lambda value: _is_number(value) and isinstance(value, int) and value >= 0,
        template=N_("must be an amount in whole yen, 0 or more"),
    ),
    "municipality_code": FieldType(
        matches=lambda value: isinstance(value, str) and find_municipality(value) is not None,
        template=N_("must be a municipality code: 6 digits in quotes, with its check digit, in the list of municipalities"),
    ),
    "corporate_number": FieldType(
        matches=lambda value: isinstance(value, str) and is_valid("corporate", value),
        template=N_("must be a corporate number: 13 digits in quotes, with its check digit"),
    ),
    "postal_code": FieldType(matches=_pattern(r"[0-9]{3}-?[0-9]{4}"), template=N_("must be a postal code of 7 digits in quotes")),
    "phone": FieldType(matches=_pattern(r"\+?[0-9][0-9()-]{8,18}"), template=N_("must be a telephone number in quotes")),
    "email": FieldType(matches=_pattern(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+"), template=N_("must be an e-mail address")),
    "url": FieldType(matches=_pattern(r"https?://[^\s<>\"]+"), template=N_("must be an address that starts with https://")),
    "sha256": FieldType(matches=_pattern(r"[0-9a-f]{64}"), template=N_("must be a SHA-256 digest: 64 hexadecimal digits")),
    "base64": FieldType(
        matches=_pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"), template=N_("must be Base64 text")
    ),
    "table_name": FieldType(matches=lambda value: value in table_names(), template=N_("must be the name of a table in schemas/tables")),
    "code_list_name": FieldType(
        matches=lambda value: value in code_list_names(), template=N_("must be the name of a code list in schemas/codes")
    ),
}


class _Matcher(type):
    """Makes `isinstance` ask a named type."""

    field_type: FieldType

    def __instancecheck__(cls, value: object) -> bool:
        return cls.field_type.matches(value)


def _to_definition(name: str, field_type: FieldType) -> Any:
    return cerberus.TypeDefinition(name, (_Matcher(f"{name}_field", (), {"field_type": field_type}),), ())


def _to_check(name: str) -> Callable[[Any, str, object], None]:
    """Return what Cerberus calls for `check_with: NAME`."""

    def check(validator: Any, field: str, value: object) -> None:
        if not FIELD_TYPES[name].matches(value):
            validator._error(field, CHECKS[name])

    return check


# The low byte of a code tells Cerberus what class of error it is; 0 is a plain one.
CHECKS = {name: ErrorDefinition((number + 2) << 8, "check_with") for number, name in enumerate(FIELD_TYPES)}
_Checks: Any = type("_Checks", (), {f"_check_with_{name}": _to_check(name) for name in FIELD_TYPES})


class DocumentValidator(_Checks, cerberus.Validator):  # type: ignore[misc]
    """Cerberus with our types and rules."""

    types_mapping = {  # noqa: RUF012 - the library wants this attribute
        **cerberus.Validator.types_mapping,
        **{name: _to_definition(name, field_type) for name, field_type in FIELD_TYPES.items()},
    }

    def _validate_regex(self, pattern: str, field: str, value: object) -> None:
        """{'type': 'string'}"""  # noqa: D400 - the library reads the schema of the rule here
        if isinstance(value, str) and re.fullmatch(pattern, value) is None:
            self._error(field, cerberus.errors.REGEX_MISMATCH)

    def _validate_not_before(self, other: str, field: str, value: object) -> None:
        """{'type': 'string'}"""  # noqa: D400 - the library reads the schema of the rule here
        first = (self.document or {}).get(other)
        if _is_date(value) and _is_date(first) and str(value) < str(first):
            self._error(field, NOT_BEFORE)

    def _validate_unique(self, key: str | bool, field: str, value: object) -> None:
        """{'type': ['string', 'boolean']}"""  # noqa: D400 - the library reads the schema of the rule here
        if not key or not isinstance(value, list):
            return
        items = [item.get(key) if isinstance(key, str) and isinstance(item, Mapping) else item for item in value]
        texts = [repr(item) for item in items if item is not None]
        if len(set(texts)) != len(texts):
            self._error(field, NOT_UNIQUE)

    def _validate_code_list(self, name: str, field: str, value: object) -> None:
        """{'type': 'string'}"""  # noqa: D400 - the library reads the schema of the rule here
        if value not in load_code_list(name).entries:
            self._error(field, NOT_IN_CODE_LIST)
