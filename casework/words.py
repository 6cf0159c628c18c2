"""Words of a command line that are no text of this system: bytes that are not UTF-8, which Python keeps as lone surrogates.

Decided here: such a word may name a file that is there (CP932 from Windows); any other is refused by its number, never told.
"""

import os
from collections.abc import Sequence

import click

from casework import i18n
from schemas.errors import SakuseiError
from schemas.messages import N_


def check_words(words: Sequence[str]) -> None:
    """Refuse words that are no text and name no file.

    Raises
    ------
    click.UsageError
        With the number of the word.
    """
    for number, word in enumerate(words, start=1):
        if _is_undecodable(word) and not os.path.lexists(word):
            text = N_("word {number} of the command holds characters that are not UTF-8 and names no file that is there")
            raise click.UsageError(i18n.translate(text).format(number=number))


def blame_names(error: Exception, words: Sequence[str]) -> Exception:
    """Return the failure to tell: of a file whose name is no text, what nobody expected comes from libraries that want text."""
    if isinstance(error, (SakuseiError, click.ClickException, click.exceptions.Exit)) or not any(map(_is_undecodable, words)):
        return error
    text = N_("a file cannot be opened by its name, which is not UTF-8; give it another name, in letters and digits")
    return click.UsageError(i18n.translate(text))


def _is_undecodable(word: str) -> bool:
    """Return whether a word holds a lone surrogate."""
    return any("\ud800" <= character <= "\udfff" for character in word)
