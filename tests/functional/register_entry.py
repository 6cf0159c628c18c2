"""A register entry (個人情報ファイル簿) of the fictional world, for tests that need a file to be on the register."""

from typing import Any


def make_entry(code: str, **more: Any) -> dict[str, Any]:
    """Return the document of an entry of a municipality; `more` replaces items or adds some."""
    entry: dict[str, Any] = {
        "register_entry": 1,
        "municipality_code": code,
        "name": "国民健康保険給付記録（架空）",
        "organisation": {"body": "雛形市", "department": "市民部"},
        "purpose": "給付の記録",
        "items_and_scope": {"items": ["氏名", "生年月日"], "scope": "被保険者"},
        "collection": "本人からの届出",
        "sensitive": {"included": True},
        "requests_office": {"name": "総務課", "address": "雛形市1番"},
        "file_kind": "electronic",
        "manual_companion": False,
        "open_to_proposals": True,
        "proposals_office": {"name": "総務課", "address": "雛形市1番"},
        "persons": 12000,
        "as_of": "2024-04-30",
        "table": "kokuho_benefit",
    }
    return entry | more
