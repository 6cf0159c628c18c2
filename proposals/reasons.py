"""Reasons: made of a code, a text, an article and what fills the text; and those of a person, in words that a letter can carry."""

from schemas.errors import FormRejected
from schemas.findings import Reason
from schemas.messages import N_, Message, Name, Param

WORDS_LIMIT_CHARACTERS = 2000


def reason(code: str, template: str, article: str = "", **params: Param) -> Reason:
    """Return a reason.

    Parameters
    ----------
    code : str
        Stable name for machines.
    template : str
        English template, marked with `N_`.
    article : str
        Where the rule stands; empty when it is the test's own article.
    """
    return Reason(code=code, message=Message(template, params), article=Name(article) if article else None)


def is_reason(text: str) -> bool:
    """Return whether words can stand in a letter: not empty, at most 2,000 characters, no control or bidirectional ones."""
    visible = text.replace("\n", "").replace("\u3000", "")
    return bool(text.strip()) and visible.isprintable() and len(text) <= WORDS_LIMIT_CHARACTERS


def check_words(text: str) -> None:
    """Raise when a person's words cannot stand in a letter; no words are fine.

    Raises
    ------
    FormRejected
        They hold control or bidirectional characters, or are longer than 2,000 characters.
    """
    if text and not is_reason(text):
        raise FormRejected(
            N_("the reason cannot stand in a letter"), N_("use plain text of at most 2,000 characters, without control characters")
        )
