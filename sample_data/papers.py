"""Papers of the synthetic world: register entries (個人情報ファイル簿) and proposals (提案書), as YAML with the form of real ones."""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sample_data import numbering
from sample_data.pools import load_given_names, load_surnames, open_stream
from schemas.municipalities import get_municipality
from schemas.tables import Role, load_table

PROPOSALS = Path(__file__).parent / "proposals.yaml"
LABEL = "見本データ（架空）"
DEPARTMENTS = {
    "kokuho_benefit": "市民部 国民健康保険課",
    "nursing_home_waitlist": "福祉部 高齢者支援課",
    "care_provider_staff": "福祉部 介護事業者指定課",
}
PURPOSES = {
    "kokuho_benefit": "国民健康保険の給付の決定、支給及び記録のため",
    "nursing_home_waitlist": "特別養護老人ホームの入所の必要性の評価及び施設整備の計画のため",
    "care_provider_staff": "介護保険事業者の指定、更新及び介護支援専門員の二重登録の防止のため",
}
SCOPES = {
    "kokuho_benefit": "国民健康保険の被保険者で給付を受けた者",
    "nursing_home_waitlist": "特別養護老人ホームの入所を申し込んだ者",
    "care_provider_staff": "指定介護保険事業者に従事する管理者、介護支援専門員等",
}
COLLECTIONS = {
    "kokuho_benefit": "国民健康保険団体連合会から送付される診療報酬明細書による",
    "nursing_home_waitlist": "本人又は家族の申込書による",
    "care_provider_staff": "事業者の指定申請書及び変更届による",
}


def make_register_entry(*, municipality: str, table: str, persons: int, as_of: date, layout: str) -> dict[str, Any]:
    """Return a register entry for a synthetic file, open to proposals.

    Parameters
    ----------
    municipality : str
        Code of an invented body.
    table : str
        Table of the common schema.
    persons : int
        Persons in the file on the day `as_of`.
    layout : str
        How the body writes the file.
    """
    body, schema = get_municipality(municipality), load_table(table)
    sensitive = [column.title_ja for column in schema.columns if column.role is Role.SENSITIVE]
    office = {"name": f"{body.name} 総務部 情報公開課", "address": f"{body.name}見本町1番1号（架空）"}
    return {
        "register_entry": 1,
        "municipality_code": municipality,
        "name": f"{schema.title_ja}（{body.name}・{LABEL}）",
        "organisation": {"body": body.name, "department": DEPARTMENTS[table]},
        "purpose": PURPOSES[table],
        "items_and_scope": {"items": [column.title_ja for column in schema.columns], "scope": SCOPES[table]},
        "collection": COLLECTIONS[table],
        "sensitive": {"included": bool(sensitive), "items": sensitive},
        "ordinance_sensitive": {"included": False, "items": []},
        "recipients": [],
        "requests_office": office,
        "file_kind": "electronic",
        "manual_companion": False,
        "open_to_proposals": True,
        "proposals_office": office,
        "persons": persons,
        "as_of": as_of.isoformat(),
        "table": table,
        "columns": [column.name for column in schema.columns],
        "layout": layout,
    }


@functools.cache
def _load_proposals() -> Mapping[str, Mapping[str, Any]]:
    document: dict[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(PROPOSALS.read_text(encoding="utf-8"))
    return document["proposals"]


def list_proposals() -> tuple[tuple[str, str], ...]:
    """Return name and Japanese description of each synthetic proposal."""
    return tuple((name, str(entry["description"])) for name, entry in _load_proposals().items())


def get_table(name: str) -> str:
    """Return the table a synthetic proposal asks for."""
    return str(_load_proposals()[name]["document"]["files"]["table"])


def make_proposal(name: str, *, municipalities: tuple[str, ...], persons: int, today: date) -> dict[str, Any]:
    """Return a synthetic proposal as a document of the schema `proposal`.

    Parameters
    ----------
    name : str
        One of `list_proposals()`.
    municipalities : tuple[str, ...]
        Codes of the bodies whose files it asks for.
    persons : int
        Persons of the product (item 3).
    today : date
        Day of the proposal; the other days are counted from it.
    """
    entry = _load_proposals()[name]
    document: dict[str, Any] = _fill(entry["document"], today)
    document["files"] = {**document["files"], "municipalities": list(municipalities)}
    document["persons"] = persons
    if "corrects" in entry:
        for proposer in document["proposers"]:
            proposer["identity_paper"]["issued_on"] = today - timedelta(days=10)
    document["columns"] = _spoil(document["columns"], entry.get("before", {}))
    return document


def _fill(part: Any, today: date) -> Any:
    """Return the part with days and corporate numbers filled in."""
    if isinstance(part, dict):
        if set(part) == {"day"}:
            return today + timedelta(days=int(part["day"]))
        return {key: _fill(value, today) for key, value in part.items()}
    if isinstance(part, list):
        return [_fill(value, today) for value in part]
    if isinstance(part, str) and part.startswith("corporate-number-"):
        return str(numbering.make_corporate_numbers(1, open_stream(0, part))[0])
    if isinstance(part, str) and part.startswith("person-"):
        return _draw_name(open_stream(0, part))
    return part


def _draw_name(rng: np.random.Generator) -> str:
    """Return a full name from the pools."""
    pair = load_surnames(), load_given_names(int(rng.integers(1, 3)))
    return "\u3000".join(str(pool.names[int(pool.draw(rng, 1)[0])]) for pool in pair)


def _spoil(columns: list[dict[str, Any]], before: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the columns asked for as they stood before the correction: some finer, some that may not be given at all."""
    asked = {entry["column"] for entry in columns}
    finer = [{**entry, "granularity": before.get(entry["column"], entry["granularity"])} for entry in columns]
    return finer + [{"column": name, "granularity": grain} for name, grain in before.items() if name not in asked]


class _PlainDumper(yaml.SafeDumper):
    """Writes values out where they are used: papers have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return that nothing is written as an alias."""
        return True


def to_yaml(document: Mapping[str, Any], title: str) -> str:
    """Return a document as YAML that says at its top that it is synthetic."""
    head = f"# {LABEL}：{title}。実在の自治体・法人・人物とは関係ありません。\n"
    return head + yaml.dump(dict(document), Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=140)
