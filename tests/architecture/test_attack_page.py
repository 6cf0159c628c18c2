"""Every test that the page of attacks names exists, and every attack of the suite stands on the page."""

import importlib
import re
from pathlib import Path

import pytest

from anonymize.risk.gate import ATTACKS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
MODULES = sorted(path.stem for path in (ROOT / "anonymize" / "risk" / "attacks").glob("*.py"))


def test_there_are_many():
    assert len(NAMED) > 50


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_the_named_test_exists(file, name):
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^(def|class) {name}\b", source, re.MULTILINE)


def test_every_attack_is_on_the_page_and_every_limit_has_words():
    modules = [importlib.import_module(f"anonymize.risk.attacks.{name}") for name in MODULES]
    codes = {code for module in modules for name, code in vars(module).items() if name in {"CODE", "NAMED_CODE", "INSIDER_CODE"}}
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
    assert codes - set(ATTACKS) == {"downcoding"}  # told, and not held against a release
