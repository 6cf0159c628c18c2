"""One register entry as its page shows it: every item of the law in its order, and the grain a proposal may ask of each column."""

from collections.abc import Callable, Mapping
from typing import Any

from proposals.blank import describe_grains
from proposals.dates import to_wareki
from proposals.wording import body_name
from schemas.regimes import Regime, RegisterItem
from schemas.tables import load_table

NONE_JA = "なし"

Entry = Mapping[str, Any]


def describe_entry(register_id: str, entry: Entry, regime: Regime) -> dict[str, Any]:
    """Return what the page of an entry shows, for templates.

    Parameters
    ----------
    entry : Mapping[str, Any]
        A document of the schema `register_entry`.
    """
    return {
        "id": register_id,
        "code": entry["municipality_code"],
        "title": entry["name"],
        "body": body_name(entry["municipality_code"]),
        "division": entry["organisation"]["department"],
        "persons_ja": f"{entry['persons']:,}人",
        "sensitive": entry["sensitive"]["included"],
        "is_open": entry["open_to_proposals"],
        "rows": [*_item_rows(entry, regime), *_further_rows(entry)],
        "columns": _columns(entry, regime),
    }


def _item_rows(entry: Entry, regime: Regime) -> list[dict[str, Any]]:
    """Return one row per item of the law that applies to the entry."""
    rows = []
    for item in regime.register_items:
        lines = [regime.file_kinds[entry["file_kind"]]] if item.key == "file_kind" else _READERS[item.key](entry)
        if lines or item.when == "always":
            rows.append(_row(item, lines or [NONE_JA]))
    return rows


def _row(item: RegisterItem, lines: list[str]) -> dict[str, Any]:
    return {"title": item.title_ja, "citation": item.citation, "lines": lines}


def _further_rows(entry: Entry) -> list[dict[str, Any]]:
    """Return what the law does not name and a proposer needs: persons and their day."""
    lines = [f"{entry['persons']:,}人（{to_wareki(entry['as_of'])}現在）"]
    return [{"title": "本人の数", "citation": "提案の参考として記載する事項", "lines": lines}]


def _office(key: str) -> Callable[[Entry], list[str]]:
    def read(entry: Entry) -> list[str]:
        office = entry.get(key)
        return [office["name"], office["address"]] if office else []

    return read


def _flagged(key: str) -> Callable[[Entry], list[str]]:
    def read(entry: Entry) -> list[str]:
        found = entry.get(key)
        if not found or not found["included"]:
            return []
        named = found.get("items", [])
        return ["含まれる" + (f"（{'、'.join(named)}）" if named else "")]

    return read


def _text(key: str) -> Callable[[Entry], list[str]]:
    return lambda entry: str(entry[key]).split("\n") if entry.get(key) else []


def _items_and_scope(entry: Entry) -> list[str]:
    held = entry["items_and_scope"]
    return ["記録項目　" + "、".join(held["items"]), "記録範囲　" + held["scope"]]


def _open(entry: Entry) -> list[str]:
    return ["該当（提案の募集をする個人情報ファイルである。）" if entry["open_to_proposals"] else "該当しない"]


def _companion(entry: Entry) -> list[str]:
    return ["有" if entry["manual_companion"] else "無"] if "manual_companion" in entry else []


def _outline(entry: Entry) -> list[str]:
    outline = entry.get("product_outline")
    return [f"本人の数　{outline['persons']:,}人", "情報の項目　" + "、".join(outline["items"])] if outline else []


def _period(entry: Entry) -> list[str]:
    period = entry.get("product_period")
    return [f"{to_wareki(period['first'])}から{to_wareki(period['last'])}まで"] if period else []


_READERS: Mapping[str, Callable[[Entry], list[str]]] = {
    "name": _text("name"),
    "organisation": lambda entry: [entry["organisation"]["body"], entry["organisation"]["department"]],
    "purpose": _text("purpose"),
    "items_and_scope": _items_and_scope,
    "collection": _text("collection"),
    "sensitive": _flagged("sensitive"),
    "recipients": lambda entry: list(entry.get("recipients", [])),
    "requests_office": _office("requests_office"),
    "special_procedure": _text("special_procedure"),
    "manual_companion": _companion,
    "ordinance_sensitive": _flagged("ordinance_sensitive"),
    "open_to_proposals": _open,
    "proposals_office": _office("proposals_office"),
    "opinions": lambda entry: ["意見書提出の機会が与えられる"] if entry.get("opinion_chance") else [],
    "product_outline": _outline,
    "product_office": _office("product_office"),
    "product_period": _period,
}


def _columns(entry: Entry, regime: Regime) -> list[dict[str, Any]]:
    """Return the columns of an open entry with the grains a proposal may ask for; none without a table."""
    if not entry.get("table") or not entry["open_to_proposals"]:
        return []
    table = load_table(entry["table"])
    held = set(entry.get("columns") or (column.name for column in table.columns))
    return [column for column in describe_grains(table, regime) if column["name"] in held]
