"""Messages that cannot carry a value.

Decided here: what may fill the gaps of a message (numbers, and names we call things by), and that translation happens late, in the
console. Not decided here: which language, and how a message is printed.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias

NAME_LIMIT_CHARACTERS = 80


class Name(str):
    """What a thing is called: a column, file, table, command, criterion. Never the content of a cell.

    Control, format and bidirectional characters are removed and the text is cut at 80 characters, so that a name from outside cannot
    forge a log line or hide a payload.
    """

    __slots__ = ()

    def __new__(cls, text: object) -> Self:
        """Make a name out of any object's text."""
        visible = "".join(c for c in str(text) if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
        return super().__new__(cls, visible[:NAME_LIMIT_CHARACTERS])


class Term(Name):
    """A name of our own that has a translation: a state, a role; several are joined by `/`."""

    __slots__ = ()

    def render(self, translate: Callable[[str], str]) -> str:
        """Return the term in the language of `translate`."""
        return "/".join(translate(part) for part in self.split("/"))


Param: TypeAlias = int | float | Name


def N_(template: str) -> str:  # noqa: N802 - the conventional marker for extraction
    """Return the template unchanged; marks it for translation."""
    return template


def check_params(params: Mapping[str, object]) -> None:
    """Raise when a parameter could carry a value.

    Raises
    ------
    TypeError
        A parameter is neither a number nor a `Name`.
    """
    for key, value in params.items():
        if not isinstance(value, (int, float, Name)):
            raise TypeError(f"message parameter {key} must be a number or a Name, not {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Message:
    """A template in English and what fills it; rendered in the reader's language by the console.

    Parameters
    ----------
    template : str
        English text with `{name}` gaps; also the key of the translation.
    params : Mapping[str, Param]
        Numbers and names only.
    """

    template: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parameters that could carry a value."""
        check_params(self.params)

    def render(self, translate: Callable[[str], str] = str) -> str:
        """Return the text in the language of `translate` (English without one)."""
        spoken = {key: value.render(translate) if isinstance(value, Term) else value for key, value in self.params.items()}
        return translate(self.template).format(**spoken)
