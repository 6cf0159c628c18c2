"""Wording of letters: facts of a case turned into what a Japanese reader sees. Pure: documents in, plain records for templates out.

Decided here: names, titles and forms of address. Not decided here: the words around them (templates) and the law (regimes).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proposals.levels import Levels, column_levels
from proposals.rendering import to_japanese
from proposals.screening import OfferedFile
from proposals.verdicts import Line, Outcome, criterion_text
from schemas.findings import Reason
from schemas.grains import DROP, GRAINS_JA, name_grain
from schemas.municipalities import Municipality, find_municipality
from schemas.regimes import Regime
from schemas.tables import Column, TableSchema

KINDS_JA = {"individual": "個人", "corporation": "法人", "group": "団体"}
OUTCOMES_JA = {Outcome.PASS: "適合", Outcome.FAIL: "不適合", Outcome.NEEDS_PERSON: "未確認"}
# Gaps of messages that name grains.
GRAIN_GAPS = frozenset({"level", "levels", "finest", "allowed"})
ROLES_JA = {
    "direct_identifier": "直接に個人を識別する項目",
    "identification_code": "個人識別符号",
    "linking_code": "連結符号",
    "free_text": "自由記述",
}
GOVERNOR, HEAD_OF_BODY = "知事", "長"


def describe_proposers(form: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one record per proposer: kind, name, address, who represents it, how to address it."""
    return [
        {
            "kind_ja": KINDS_JA[proposer["kind"]],
            "name": proposer["name"],
            "address": proposer["address"],
            "representative": _representative(proposer),
            "addressee": proposer["name"] + ("　様" if proposer["kind"] == "individual" else "　御中"),
        }
        for proposer in form["proposers"]
    ]


def _representative(proposer: Mapping[str, Any]) -> str:
    person = proposer.get("representative")
    return f"{person['title']}　{person['name']}" if person else ""


def describe_files(offers: Sequence[OfferedFile]) -> list[dict[str, str]]:
    """Return one record per file: entry, whose, name, persons as the register states them."""
    return [
        {
            "register_id": offer.register_id,
            "body_ja": body_name(offer.municipality_code),
            "title_ja": offer.title_ja,
            "persons_ja": f"{offer.persons:,}人" if offer.persons is not None else "記載なし",
        }
        for offer in offers
    ]


def body_name(municipality_code: str) -> str:
    """Return the full name of a body: 見本県雛形市; a prefecture by its own name; an unknown code as it is."""
    found = find_municipality(municipality_code)
    if found is None:
        return municipality_code
    return found.name if found.is_prefecture else f"{found.prefecture}{found.county}{found.name}"


def head_of_body(municipality_code: str) -> str:
    """Return how a letter addresses the head of a body: 見本県知事　様, 見本県雛形市長　様."""
    found = find_municipality(municipality_code)
    title = GOVERNOR if isinstance(found, Municipality) and found.is_prefecture else HEAD_OF_BODY
    return f"{body_name(municipality_code)}{title}　様"


def describe_columns(form: Mapping[str, Any], table: TableSchema, regime: Regime) -> list[dict[str, str]]:
    """Return one record per column the product will hold: title, grain, the clause it is processed under."""
    columns, levels = {column.name: column for column in table.columns}, column_levels(table)
    return [
        {
            "title_ja": columns[entry["column"]].title_ja,
            "grain_ja": name_grain(entry["granularity"], levels.get(entry["column"], {})),
            "citation": regime.clauses[columns[entry["column"]].clause].citation,
        }
        for entry in form["columns"]
        if entry["granularity"] != DROP and entry["column"] in columns
    ]


def wanted_columns(form: Mapping[str, Any], table: TableSchema) -> list[dict[str, str]]:
    """Return the columns a municipality is asked for, at the least: those the product holds, and the key that tells persons apart."""
    levels = column_levels(table)
    asked = {entry["column"]: entry for entry in form["columns"] if entry["granularity"] != DROP}
    found = []
    for column in table.columns:
        if column.name in asked:
            entry = asked[column.name]
            found.append(
                _wanted(
                    column,
                    name_grain(entry["granularity"], levels.get(column.name, {})),
                    entry.get("reason", "提案に係る情報の項目であるため"),
                )
            )
        elif column.name == table.unit:
            found.append(_wanted(column, GRAINS_JA[DROP], "本人の数を数えるため（作成後は削除する。）"))
    return found


def _wanted(column: Column, grain: str, why: str) -> dict[str, str]:
    return {"column": column.name, "title_ja": column.title_ja, "grain_ja": grain, "why_ja": why}


def unwanted_titles(form: Mapping[str, Any], table: TableSchema) -> list[str]:
    """Return the titles of the columns a municipality is asked not to send: all that is not wanted."""
    wanted = {record["column"] for record in wanted_columns(form, table)}
    return [column.title_ja for column in table.columns if column.name not in wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderWords:
    """What a reader outside the office knows our codes as.

    Parameters
    ----------
    titles : Mapping[str, Mapping[str, str]]
        What a gap of a message stands for (`column`, `ground`, `measure` …) → code → title.
    levels : Levels
        Titles of levels, per column: the same name is called differently in different hierarchies.
    """

    titles: Mapping[str, Mapping[str, str]]
    levels: Levels

    def render(self, found: Reason) -> str:
        """Return a reason in Japanese, without its article; codes without a title stand as they are."""
        params = found.message.params
        levels = self.levels.get(str(params.get("column")), {})
        named = {
            key: value if isinstance(value, (int, float)) else "、".join(self._title(key, part, levels) for part in value.split(", "))
            for key, value in params.items()
        }
        return to_japanese(found.message.template).format(**named)

    def _title(self, key: str, code: str, levels: Mapping[str, str]) -> str:
        return name_grain(code, levels) if key in GRAIN_GAPS else self.titles.get(key, {}).get(code, code)


def reader_words(table: TableSchema, regime: Regime) -> ReaderWords:
    """Return the titles of everything reasons can name: columns, levels, grounds, measures, papers, contexts, methods."""
    return ReaderWords(
        levels=column_levels(table),
        titles={
            "column": {column.name: column.title_ja for column in table.columns},
            "table": {table.name: table.title_ja},
            "role": ROLES_JA,
            "kind": KINDS_JA,
            "ground": {ground.code: f"「{ground.text_ja}」" for ground in regime.disqualifications},
            "measure": {code: f"「{safeguard.text_ja}」" for code, safeguard in regime.safeguards.items()},
            "paper": {code: paper.title_ja for code, paper in regime.identity_papers.items()},
            "context": {code: f"「{text}」" for code, text in regime.contexts.items()},
            "method": {code: f"「{text}」" for code, text in regime.supply_methods.items()},
        },
    )


def describe_lines(lines: Sequence[Line], regime: Regime, words: ReaderWords, *, only: Outcome | None = None) -> list[dict[str, Any]]:
    """Return the review sheet for a letter: number, words and article of each test, how it stands, and why.

    Parameters
    ----------
    words : ReaderWords
        What codes are called (`reader_words`).
    only : Outcome or None
        Only the lines that stand so; all without it. Words of a person come before the rules' where both failed a test.
    """
    return [
        {
            "number": line.verdict.number,
            "text_ja": criterion_text(regime, line.verdict.code),
            "article": line.verdict.article,
            "outcome_ja": OUTCOMES_JA[line.outcome],
            "reasons": _reasons_of(line, words),
        }
        for line in lines
        if only is None or line.outcome is only
    ]


def _reasons_of(line: Line, words: ReaderWords) -> list[str]:
    """Return why a line stands as it does, in Japanese."""
    spoken = [line.answer.reason] if line.answer and line.answer.outcome is line.outcome else []
    ruled = [words.render(found) for found in line.verdict.reasons] if line.verdict.outcome is line.outcome else []
    return [*spoken, *ruled]


def selection_ja(form: Mapping[str, Any]) -> str:
    """Return which part of the file is asked for; empty when all of it."""
    selection = form.get("selection")
    if not selection:
        return ""
    kind = "無作為抽出" if selection["kind"] == "random_sample" else "属性による抽出"
    share = f"（抽出率 {selection['share']:.1%}）" if "share" in selection else ""
    return f"{kind}{share}　{selection['description']}"
