"""All files of the public site as bytes. Pure: the same content gives the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from proposals.blank import render_blank
from proposals.portal.catalogue import to_catalogue, to_register_json
from proposals.portal.entry import describe_entry
from proposals.portal.figures import EVENTS, YearFigures
from proposals.rendering import render_page
from schemas.regimes import Regime
from schemas.tables import load_table

# The eight items of a proposal, and the fields of the form that hold them.
ITEMS = (
    ("氏名又は名称及び住所又は所在地、法人その他の団体にあっては代表者の氏名", ("proposers",)),
    ("提案に係る個人情報ファイルの名称", ("files",)),
    ("提案に係る本人の数", ("persons",)),
    ("加工の方法を特定するに足りる事項（情報の項目及びその粒度）", ("columns", "selection")),
    ("利用の目的及び方法その他当該利用に係る事業の内容", ("purpose", "manner", "business", "aim")),
    ("事業の用に供しようとする期間", ("period",)),
    ("漏えいの防止その他の適切な管理のために講ずる措置", ("safeguards", "context")),
    ("希望する提供の方法", ("supply_method",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The state of the office's books for the public.

    Parameters
    ----------
    sequence, head, at : int, str, str
        Number of events, hash of the last one, its time (UTC).
    holds : bool
        Whether the chain was verified when the pages were built.
    signature : str
        Of the office over sequence and hash, hexadecimal.
    public_key_pem : str
        The key to check it with.
    """

    sequence: int
    head: str
    at: str
    holds: bool
    signature: str
    public_key_pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything the public pages show; `entries` are register ids and documents in order, `books` None without an office."""

    office: str
    regime: Regime
    synthetic: bool
    entries: tuple[tuple[str, Mapping[str, Any]], ...]
    years: tuple[YearFigures, ...] = ()
    uses: tuple[Mapping[str, Any], ...] = ()
    books: Books | None = None


def render_site(site: Site) -> dict[str, bytes]:
    """Return path → bytes of every file of the site."""
    described = [describe_entry(register_id, entry, site.regime) for register_id, entry in site.entries]
    files = {
        "index.html": _page("index.html", site, bodies=_by_body(described), open_count=sum(entry["is_open"] for entry in described)),
        "propose.html": _page("propose.html", site, items=ITEMS),
        "uses.html": _page(
            "uses.html", site, years=site.years, labels=tuple(EVENTS.values()), uses=site.uses, minimum=site.regime.defaults.small_count
        ),
        "books.html": _page("books.html", site, books=site.books),
        "register.json": to_register_json(site.office, site.regime, site.entries),
        "catalogue.jsonld": to_catalogue(site.office, site.regime, site.entries),
    }
    files |= {f"entries/{entry['id']}.html": _page("entry.html", site, root="../", entry=entry) for entry in described}
    files |= {
        f"forms/{register_id}.yaml": render_blank(load_table(entry["table"]), site.regime, register_id=register_id).encode()
        for register_id, entry in site.entries
        if entry["open_to_proposals"] and entry.get("table")
    }
    if site.books:
        files["office.pub.pem"] = site.books.public_key_pem.encode()
    return files


def _page(name: str, site: Site, *, root: str = "", **context: object) -> bytes:
    return render_page(name, site=site, root=root, here=name, **context).encode()


def _by_body(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries grouped by body, in the order of municipality codes and ids."""
    ordered = sorted(entries, key=lambda entry: (entry["code"], entry["id"]))
    return [
        {"code": code, "name": members[0]["body"], "entries": members}
        for code, members in ((code, list(group)) for code, group in groupby(ordered, key=lambda entry: entry["code"]))
    ]
