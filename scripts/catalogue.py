"""Keep the Japanese catalogue: extract messages, update each package's `locale/ja.po`, check, compile.

python scripts/catalogue.py update [PACKAGE ...]   extract, update, compile
python scripts/catalogue.py check                  fail on a message without translation, or a stale compiled file
"""

import ast
import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from schemas.files import replace_file

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "casework", "intake", "proposals", "anonymize", "release", "sample_data")
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
HEADER = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: ja\\n"\n\n'
KEYWORDS = {"_": None, "N_": None, "translate": None}
COMPILED = ROOT / "casework" / "locale" / "ja" / "LC_MESSAGES" / "sakusei.mo"


def extract_docstrings(package: Path) -> list[tuple[str, int, str]]:
    """Return the help texts of commands: the first paragraph of the docstring of what click decorates."""
    return [
        (str(path.relative_to(package)), node.lineno, " ".join(text.split("\n\n")[0].split()))
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and is_command(node) and (text := ast.get_docstring(node))
    ]


def is_command(node: ast.FunctionDef) -> bool:
    """Return whether click makes a command or a group of a function."""
    calls = [decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in {"command", "group"} for call in calls)


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
    text = io.BytesIO()
    write_po(text, catalog, sort_output=True, omit_header=True, no_location=True, ignore_obsolete=True, width=0)
    path.write_bytes(HEADER + text.getvalue())


def compiled() -> bytes:
    """Return the compiled catalogue of all packages (and of click's own words, in `casework/locale/click.po`)."""
    whole = Catalog(locale="ja", charset="utf-8", fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE)
    paths = [ROOT / package / "locale" / "ja.po" for package in PACKAGES] + [ROOT / "casework" / "locale" / "click.po"]
    for path in filter(Path.exists, paths):
        with path.open("rb") as source:
            for message in read_po(source, locale="ja"):
                if message.id and message.string:
                    whole.add(message.id, message.string)
    target = io.BytesIO()
    write_mo(target, whole)
    return target.getvalue()


def update(packages: tuple[str, ...]) -> int:
    """Extract, update and compile."""
    for package in packages:
        catalog, found = read(package), extract(package)
        catalog.update(found, no_fuzzy_matching=True)
        write(package, catalog)
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{package}: {len(catalog)} messages, {len(missing)} without translation")
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(COMPILED) as temporary:
        temporary.write_bytes(compiled())
    return 0


def check() -> int:
    """Return 1 when a message lacks its translation or the compiled file is stale."""
    problems = []
    for package in PACKAGES:
        known = {message.id: message.string for message in read(package)}
        problems += [
            f"{package}: no translation of {message.id!r}" for message in extract(package) if message.id and not known.get(message.id)
        ]
    if not COMPILED.exists() or COMPILED.read_bytes() != compiled():
        problems.append("compiled catalogue is stale: make messages")
    print("\n".join(problems) or "catalogue: complete and fresh")
    return 1 if problems else 0


if __name__ == "__main__":
    command, *names = sys.argv[1:] or ["check"]
    sys.exit(check() if command == "check" else update(tuple(names) or PACKAGES))
