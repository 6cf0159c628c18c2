"""Whatever somebody writes: a page shows it as text, without what cannot be seen, and its tags stay the page's own."""

import unicodedata
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from proposals.portal.pages import Site, render_site
from proposals.rendering import GETA, clean_text
from schemas.regimes import load_regime

TRICKS = st.sampled_from(
    ["<script>", "</td>", "\"'><b onx=1>", "&#60;", "{{x}}", "{%", "=1+1", "\u202e", "\u0000", "\u200b", "\r\n", "\ue000", "葛\U000e0100"]
)
TEXTS = st.lists(st.one_of(TRICKS, st.text(max_size=6)), min_size=1, max_size=6).map("".join)
LINES = TEXTS.filter(lambda text: "\n" not in text)  # a line feed becomes a break, which is a tag of its own


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.parts = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.parts.append(data)


def page(name, purpose):
    office = {"name": name, "address": name}
    entry = {
        "municipality_code": "902012", "name": name, "organisation": {"body": name, "department": name}, "purpose": purpose,
        "items_and_scope": {"items": [name], "scope": purpose}, "collection": purpose, "sensitive": {"included": True, "items": [name]},
        "requests_office": office, "proposals_office": office, "file_kind": "electronic", "open_to_proposals": True, "persons": 1000,
        "as_of": "2026-04-01",
    }  # fmt: skip
    site = Site(office=name, regime=load_regime("tokumei-2023"), synthetic=False, entries=(("R-0001", entry),))
    return render_site(site)["entries/R-0001.html"].decode()


PLAIN = Reader(page("名称", "目的"))


@given(name=LINES, purpose=LINES)
@settings(max_examples=60, deadline=None)
def test_text_is_only_text(name, purpose):
    html = page(name, purpose)
    read = Reader(html)
    assert read.tags == PLAIN.tags
    assert not [c for c in html if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} and c != "\n"]
    shown = "".join("".join(read.parts).split())
    assert "".join(clean_text(purpose).split()) in shown


@given(st.text())
def test_cleaning_twice_changes_nothing_and_adds_nothing_but_the_mark(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert set(cleaned) <= set(text) | {GETA}
    assert len(cleaned) <= len(text)
