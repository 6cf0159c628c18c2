"""The quality report as one self-contained HTML page: no script, no address, no value of the file, no count of one to nine.

Decided here: what stands where, and that row numbers stand only beside a count that may be shown. Not decided here: the counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from intake.advice import ADVICE
from intake.quality.fingerprints import CHARACTERS
from intake.quality.texts import CHARACTER_NAMES, MENTIONS, REPAIRS, ROLES, TEXTS, WEIGHTS
from schemas.counts import MINIMUM, guard_count, is_small
from schemas.findings import FindingKind
from schemas.tables import load_table

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
BAR_WIDTH = 84
MANY_ROWS = 10_000
_TONES = {"file": "bad", "row": "bad", "note": "warn", "contradiction": "bad", "doubt": "warn"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Puts texts and guarded counts into the language of the page."""

    translate: Callable[[str], str]
    # counts are shown by tens: of exact ones beside each other a small one would be the difference
    by_tens: bool = False

    def say(self, key: str, **params: Any) -> str:
        """Return a text of the page."""
        return self.translate(TEXTS[key]).format(**params)

    def count(self, count: int | None, *, exact: bool = True) -> str:
        """Return a count as it may be shown."""
        if count is None:
            return self.say("withheld")
        if guard_count(count) is None:
            return self.say("fewer", minimum=MINIMUM)
        if not exact:
            return self.say("about", count=f"{round(count, -3):,}")
        first = count // MINIMUM * MINIMUM
        return self.say("between", first=f"{first:,}", last=f"{first + MINIMUM - 1:,}") if self.by_tens and first else f"{count:,}"

    def total(self, parts: Sequence[int]) -> str:
        """Return the sum of parts that are shown as well; withheld where a small one would follow from it."""
        several = sum(part > 0 for part in parts) > 1
        return self.count(None if several and any(map(is_small, parts)) else sum(parts))

    def share(self, part: int, whole: int) -> str:
        """Return a share of rows so coarse that no count of one to nine follows from it."""
        if whole == 0 or part == 0:
            return self.say("per_cent", number=0)
        rest = whole - part
        if rest == 0:
            return self.say("per_cent", number=100)
        if guard_count(rest) is None:
            return self.say("all_but", minimum=MINIMUM)
        if guard_count(part) is None:
            return self.say("fewer", minimum=MINIMUM)
        places = 1 if whole >= MANY_ROWS else 0
        return self.say("per_cent", number=f"{min(100 * part / whole, 100 - 10**-places if places else 99):.{places}f}")


def render_quality(report: Mapping[str, Any], translate: Callable[[str], str], *, language: str = "ja", file_id: str = "") -> str:
    """Return the quality report as HTML.

    Parameters
    ----------
    report : Mapping
        `ConversionReport.to_json`, or the `quality` record of a file.
    translate : Callable
        English templates → the language of the page.
    language : str
        Its code, for the document.
    file_id : str
        The file of the office, where there is one.
    """
    writer, quality = Writer(translate, by_tens=_gives_small_away(report)), report["quality"]
    headings = {entry["column"]: entry["heading"] for entry in quality["columns"]}
    table = load_table(report["table"])
    coded = {column.name for column in table.columns if column.code_list}
    page: dict[str, Any] = {
        "language": language,
        "policy": POLICY,
        "style": Markup(_read("quality.css")),  # noqa: S704 - our own file
        "say": writer.say,
        "table": table.title_ja,
        "layout": report["layout"],
        "encoding": report["encoding"] or "-",
        "file_id": file_id,
        "minimum": MINIMUM,
        "keys": list(_describe_keys(report, writer)),
        "forced": [_describe_forced(entry, headings, writer) for entry in quality["forced_roles"]],
        "findings": [_describe_finding(entry, writer) for entry in _gather_findings(report["findings"])],
        "checks": [_describe_check(entry, writer) for entry in quality["checks"] if entry["count"]],
        "columns": [_describe_column(entry, writer, coded=entry["column"] in coded) for entry in quality["columns"]],
        "character_names": [translate(CHARACTER_NAMES[kind]) for kind in (*CHARACTERS, "lost")],
        "characters": [_describe_characters(e, writer) for e in quality["columns"] if e["characters"] or e["characters_lost"]],
        "changes": list(_describe_changes(report.get("changes"), writer)),
        "source_sha256": report["source_sha256"],
        "output_sha256": report["output_sha256"],
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_read("quality.html.j2")).render(page)


def _gives_small_away(report: Mapping[str, Any]) -> bool:
    """Return whether a small count of rows put aside, or of one cause, would follow from exact counts of rows and cells."""
    causes = [entry["count"] for entry in report["findings"] if entry["severity"] == "row"]
    return any(map(is_small, (report["rows_quarantined"], *causes)))


def _describe_keys(report: Mapping[str, Any], writer: Writer) -> Any:
    out, aside = report["rows_out"], report["rows_quarantined"]
    yield {"title": writer.say("rows_in"), "value": writer.count(report["rows_in"]), "text": "", "tone": ""}
    yield {"title": writer.say("rows_out"), "value": writer.count(out), "text": "", "tone": "good"}
    yield {
        "title": writer.say("rows_aside"),
        "value": writer.count(aside),
        "text": writer.say("rows_text"),
        "tone": "warn" if aside else "good",
    }
    persons = report.get("persons")
    tone = "" if not persons else "good" if persons["within"] else "bad"
    text = writer.say("persons_text", stated=writer.count(persons["stated"])) if persons else ""
    yield {"title": writer.say("persons"), "value": writer.count(report["persons_out"]), "text": text, "tone": tone}
    repeats = report["quality"]["repeats"]["count"]
    if repeats is not None:
        yield {"title": writer.say("repeats"), "value": writer.count(repeats), "text": "", "tone": "warn" if repeats else "good"}


def _describe_forced(entry: Mapping[str, str], headings: Mapping[str, str], writer: Writer) -> dict[str, str]:
    kinds = entry["reason"].split("+")
    reason = "、".join(writer.translate(MENTIONS[kind]) if kind in MENTIONS else kind for kind in kinds)
    return {"heading": headings[entry["column"]], "reason": reason, "role": writer.translate(ROLES[entry["role"]])}


def _gather_findings(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return findings, the heaviest first; those that say something of whole columns once, with all their headings."""
    wanted = [entry for entry in findings if entry["code"] != "cross-check"]
    whole = {entry["code"] for entry in wanted} - {
        entry["code"] for entry in wanted if entry["rows"] or entry["count"] > 1 or not entry["column"]
    }
    gathered: dict[object, Mapping[str, Any]] = {}
    for place, entry in enumerate(wanted):
        if entry["code"] in whole and not entry["params"]:
            before = gathered.get(entry["code"])
            column = f"{before['column']}、{entry['column']}" if before else entry["column"]
            gathered[entry["code"]] = {**entry, "column": column, "count": 0}
        else:
            gathered[place] = entry
    order = list(WEIGHTS)
    return sorted(gathered.values(), key=lambda entry: order.index(entry["severity"]))


def _describe_finding(entry: Mapping[str, Any], writer: Writer) -> dict[str, Any]:
    params = {"count": writer.count(entry["count"]), **entry["params"]}
    return {
        "weight": writer.translate(WEIGHTS[entry["severity"]]),
        "tone": _TONES[entry["severity"]],
        "text": writer.translate(find_template(entry["code"])).format(**params),
        "heading": entry["column"] or "",
        "count": writer.count(entry["count"]) if entry["count"] else "",
        "advice": writer.translate(ADVICE.get(entry["code"], "")),
    }


def _describe_check(entry: Mapping[str, Any], writer: Writer) -> dict[str, Any]:
    shown = guard_count(entry["count"]) is not None
    more = "…" if entry["count"] > len(entry["rows"]) else ""
    return {
        "text": entry["text_ja"],
        "weight": writer.translate(WEIGHTS[entry["severity"]]),
        "tone": _TONES[entry["severity"]],
        "count": writer.count(entry["count"]),
        "rows": ", ".join(map(str, entry["rows"])) + more if shown else "",
    }


def _count_distinct(entry: Mapping[str, Any], writer: Writer, *, coded: bool) -> str:
    """Return how many distinct values a column has: of a listed code no count of persons, unless so few rows have one."""
    if coded and not is_small(entry["filled"]):
        return f"{entry['distinct']:,}"
    return writer.count(entry["distinct"], exact=entry["distinct_exact"])


def _describe_column(entry: Mapping[str, Any], writer: Writer, *, coded: bool) -> dict[str, Any]:
    filled, empty = entry["filled"], entry["rows"] - entry["filled"]
    # the bar says no more than the figure beside it
    bar = 0.0 if is_small(filled) else 1.0 if is_small(empty) else filled / max(entry["rows"], 1)
    return {
        "heading": entry["heading"],
        "title": entry["title_ja"] if entry["title_ja"] != entry["heading"] else "",
        "filled": writer.share(entry["filled"], entry["rows"]),
        "width": round(BAR_WIDTH * bar),
        "distinct": _count_distinct(entry, writer, coded=coded),
        "invalid": writer.total([*entry["invalid"].values(), entry["required_empty"]]),
        "out_of_list": writer.count(entry["out_of_list"]),
        "repairs": [f"{writer.translate(REPAIRS.get(rule, rule))}: {writer.count(count)}" for rule, count in entry["repairs"].items()],
    }


def _describe_characters(entry: Mapping[str, Any], writer: Writer) -> dict[str, Any]:
    counts = [entry["characters"].get(kind, 0) for kind in CHARACTERS] + [entry["characters_lost"]]
    return {"heading": entry["heading"], "counts": [writer.count(count) for count in counts]}


def _describe_changes(changes: Mapping[str, Any] | None, writer: Writer) -> Any:
    hidden = changes is not None and any(is_small(changes[key]) for key in ("changed", "added", "gone"))
    for key in ("rows_old", "rows_new", "unchanged", "changed", "added", "gone"):
        if changes:
            count = None if key == "unchanged" and hidden else changes[key]
            yield {"text": writer.say(f"changes_{key}"), "count": writer.count(count)}
    for column, count in (changes or {}).get("columns_changed", {}).items():
        yield {"text": column, "count": writer.count(count)}


def find_template(code: str) -> str:
    """Return the English template of a kind of finding; the code itself for one that is not known any more."""
    from intake import defects

    kinds = (value for value in (*vars(defects).values(), *defects.ROW_KINDS) if isinstance(value, FindingKind))
    return next((kind.template for kind in kinds if kind.code == code), code)


def _read(name: str) -> str:
    return (files("intake.quality") / "templates" / name).read_text(encoding="utf-8")
