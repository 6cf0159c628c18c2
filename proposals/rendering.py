"""From a template to one self-contained page: escaped, without characters that deceive, always in Japanese.

Decided here: how text from outside reaches a page. Jinja2 escapes it; control, format and bidirectional characters are removed before, so
that a name cannot reorder a line or hide a payload. Pages load nothing and run no script (their Content-Security-Policy says so too).
"""

import base64
import gettext
import hashlib
import unicodedata
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from casework.i18n import LOCALE_DIR
from proposals.dates import to_wareki

KEPT_CONTROLS = frozenset("\n")
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# A character of a private font means nothing outside it; letters write 〓 in its place. Variation selectors are marks (Mn) and stay.
PRIVATE_CATEGORY, GETA = "Co", "〓"


def clean_text(text: str) -> str:
    """Return text without control, format and bidirectional characters, 〓 for those of private fonts; line feeds stay."""
    kept = (c for c in text if c in KEPT_CONTROLS or unicodedata.category(c) not in HIDDEN_CATEGORIES)
    return "".join(GETA if unicodedata.category(c) == PRIVATE_CATEGORY else c for c in kept)


def to_japanese(template: str) -> str:
    """Return a message template in Japanese, whatever language the console speaks: letters are always Japanese."""
    return _catalogue().gettext(template) if template else template


def to_yen(amount: int) -> str:
    """Return an amount as letters write it: 21,000円."""
    return f"{amount:,}円"


def render_page(name: str, **context: object) -> str:
    """Return a page of a template in `proposals/templates/` or `proposals/portal/templates/`.

    Parameters
    ----------
    name : str
        File name of the template.
    **context : object
        What fills it. A gap without a value is an error, never an empty text.

    Raises
    ------
    jinja2.UndefinedError
        The template asks for something that is not given.
    """
    return _environment().get_template(name).render(**context).rstrip() + "\n"


def style_hash(css: str) -> str:
    """Return the source expression that lets a Content-Security-Policy accept exactly this style sheet.

    References
    ----------
    W3C, Content Security Policy Level 3, 2.3.1 (hash-source).
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}"


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("sakusei", localedir=str(LOCALE_DIR), languages=["ja"], fallback=True)


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.ChoiceLoader([jinja2.PackageLoader("proposals", "templates"), jinja2.PackageLoader("proposals", "portal/templates")])
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"wareki": to_wareki, "yen": to_yen, "lines": _to_lines}
    environment.globals["style"] = _style
    return environment


def _finalize(value: Any) -> Any:
    """Return what may be printed: text cleaned, markup of our own as it is."""
    if isinstance(value, Markup):
        return value
    return clean_text(value) if isinstance(value, str) else value


def _to_lines(text: str) -> Markup:
    """Return text with its line feeds as breaks."""
    return Markup("<br>").join(clean_text(text).split("\n"))


def _style(name: str) -> Markup:
    """Return a style sheet with the policy that allows it and nothing else; put at the head of every page."""
    loader = _environment().loader
    if loader is None:
        raise jinja2.TemplateNotFound(name)
    css = loader.get_source(_environment(), name)[0]
    policy = f"default-src 'none'; style-src '{style_hash(css)}'; img-src data:; base-uri 'none'; form-action 'none'"
    return Markup(  # noqa: S704 - both parts are files of this package
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{css}</style>'
    )
