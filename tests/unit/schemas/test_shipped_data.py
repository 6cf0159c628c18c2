"""Every YAML file that ships meets its form, read with the same reader as a file from outside."""

import itertools
from pathlib import Path

import pytest

import schemas
from schemas.documents import check_document
from schemas.markup import read_marked

ROOT = Path(schemas.__file__).parent
FORMS = {"tables": "table", "codes": "code_list", "hierarchies": "hierarchy"}
FILES = [path for folder in FORMS for path in sorted((ROOT / folder).glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_file_meets_its_form(path):
    marked = read_marked(path)
    assert check_document(FORMS[path.parent.name], marked.values, lines=marked.lines) == ()
    assert marked.values.get("name", path.stem) == path.stem
    assert marked.values["title_ja"]


def test_sections_of_icd10_are_in_order_and_every_block_lies_in_one_chapter():
    sections = read_marked(ROOT / "icd10.yaml").values
    chapters, blocks = ([tuple(codes.split("-")) for codes in sections[kind]] for kind in ("chapters", "blocks"))
    assert len(chapters) == 22
    for kind in (chapters, blocks):
        assert all(first <= last for first, last in kind)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(kind))
    for first, last in blocks:
        assert sum(start <= first and last <= end for start, end in chapters) == 1
    assert all(title and title == title.strip() for kind in sections.values() for title in kind.values())
