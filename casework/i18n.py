"""Which language the console speaks, and where its catalogue is.

One gettext domain, `sakusei`, in `casework/locale`. Every package keeps its own Japanese source (`<package>/locale/ja.po`);
`scripts/catalogue.py` extracts, merges, checks and compiles them.
"""

import gettext
import os
from collections.abc import Callable, Mapping
from pathlib import Path

LOCALE_DIR = Path(__file__).parent / "locale"
LANGUAGES = ("en", "ja")


def find_language(environment: Mapping[str, str]) -> str:
    """Return `ja` or `en`: what SAKUSEI_LANG or the locale says, else English."""
    for setting in (environment.get(key) for key in ("SAKUSEI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")):
        if setting:
            return "ja" if setting.lower().startswith("ja") else "en"
    return "en"


def use_language(language: str) -> None:
    """Make gettext (ours and click's) answer in this language from now on."""
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain("sakusei", str(LOCALE_DIR))
    gettext.textdomain("sakusei")


def translate(text: str) -> str:
    """Return the text in the language in use."""
    return gettext.gettext(text) if text else text


def find_translator(language: str) -> Callable[[str], str]:
    """Return what translates into one language, whatever the console speaks: for papers that have a language of their own."""
    catalogue = gettext.translation("sakusei", str(LOCALE_DIR), languages=[language], fallback=True)
    return lambda text: catalogue.gettext(text) if text else text
