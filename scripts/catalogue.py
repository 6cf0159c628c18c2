"""Keep the Japanese catalogue: extract messages, update each package's `locale/ja.po`, check, compile.

python scripts/catalogue.py update [PACKAGE ...]   extract, update, compile
python scripts/catalogue.py check                  fail on a message without translation, or a stale compiled file
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "casework", "intake", "proposals", "anonymize", "release", "sample_data")
KEYWORDS = {"_": None, "N_": None, "translate": None}
COMPILED = ROOT / "casework" / "locale" / "ja" / "LC_MESSAGES" / "sakusei.mo"
HELP_MARKER = "help"


def extract_docstrings(package: Path) -> list[tuple[str, int, str]]:
    """Return the help texts of commands: the first paragraph of the docstring of what click decorates."""
    import ast

    found = []
    for path in sorted(package.rglob("cli.py")) + ([ROOT / "casework" / "console.py"] if package.name == "casework" else []):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.decorator_list and (text := ast.get_docstring(node)):
                found.append((str(path.relative_to(package)), node.lineno, " ".join(text.split("\n\n")[0].split())))
    return found


def extract(package: str) -> Catalog:
    """Return what a package says."""
    folder = ROOT / package
    catalog = Catalog(locale="ja", project="sakusei", charset="utf-8", fuzzy=False)
    for filename, line, message, comments, _context in extract_from_dir(str(folder), [("**.py", "python")], keywords=KEYWORDS):
        catalog.add(message, locations=[(filename, line)], auto_comments=comments)
    for filename, line, message in extract_docstrings(folder):
        catalog.add(message, locations=[(filename, line)])
    return catalog


def read(package: str) -> Catalog:
    """Return a package's translations."""
    path = ROOT / package / "locale" / "ja.po"
    if not path.exists():
        return Catalog(locale="ja", charset="utf-8", fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale="ja")


def write(package: str, catalog: Catalog) -> None:
    """Write a package's translations."""
    path = ROOT / package / "locale" / "ja.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, catalog, sort_output=True, omit_header=False, no_location=True, ignore_obsolete=True, width=0)


def compiled() -> bytes:
    """Return the compiled catalogue of all packages (and of click's own words, in `casework/locale/click.po`)."""
    whole = Catalog(locale="ja", charset="utf-8", fuzzy=False, creation_date=None, revision_date=None)
    paths = [ROOT / package / "locale" / "ja.po" for package in PACKAGES] + [ROOT / "casework" / "locale" / "click.po"]
    for path in filter(Path.exists, paths):
        with path.open("rb") as source:
            for message in read_po(source, locale="ja"):
                if message.id and message.string:
                    whole.add(message.id, message.string)
    whole.creation_date = whole.revision_date = None
    target = io.BytesIO()
    whole.mime_headers  # noqa: B018 - computed before writing
    write_mo(target, whole)
    return target.getvalue()


def strip_dates(data: bytes) -> bytes:
    """Return a compiled catalogue without its header dates."""
    import re

    return re.sub(rb"(POT-Creation-Date|PO-Revision-Date): [^\n]*\n", b"", data)


def update(packages: tuple[str, ...]) -> int:
    """Extract, update and compile."""
    for package in packages:
        catalog, found = read(package), extract(package)
        catalog.update(found, no_fuzzy_matching=True)
        write(package, catalog)
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{package}: {len(catalog)} messages, {len(missing)} without translation")
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    COMPILED.write_bytes(strip_dates(compiled()))
    return 0


def check() -> int:
    """Return 1 when a message lacks its translation or the compiled file is stale."""
    problems = []
    for package in PACKAGES:
        known = {message.id: message.string for message in read(package)}
        problems += [
            f"{package}: no translation of {message.id!r}" for message in extract(package) if message.id and not known.get(message.id)
        ]
    if not COMPILED.exists() or COMPILED.read_bytes() != strip_dates(compiled()):
        problems.append("compiled catalogue is stale: make messages")
    print("\n".join(problems) or "catalogue: complete and fresh")
    return 1 if problems else 0


if __name__ == "__main__":
    command, *names = sys.argv[1:] or ["check"]
    sys.exit(check() if command == "check" else update(tuple(names) or PACKAGES))
