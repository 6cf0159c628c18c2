"""From a specification in a plan to a hierarchy."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.codes import code_list_names, load_code_list
from schemas.documents import check_document
from schemas.errors import PlanError
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.diseases import DiseaseHierarchy
from schemas.hierarchies.hierarchy import Hierarchy
from schemas.hierarchies.listings import list_codes, read_arx_file, read_tree, read_tree_file
from schemas.hierarchies.places import PlaceHierarchy
from schemas.hierarchies.prefixes import PrefixHierarchy, WholeHierarchy
from schemas.hierarchies.ranges import BreakHierarchy, IntervalHierarchy, Limits
from schemas.hierarchies.trees import ListedHierarchy
from schemas.markup import read_marked
from schemas.messages import N_, Name

FOLDER = Path(__file__).parent

_TEXTS = frozenset({"title_ja", "description_ja"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A specification in full: its name, its form, and where relative paths start."""

    name: str
    form: Mapping[str, Any]
    folder: Path | None

    def find_file(self, path: str) -> Path:
        return (self.folder or Path()) / path


def hierarchy_names() -> tuple[str, ...]:
    """Return the names a plan may use: the files in `schemas/hierarchies/`, and every code list (the code, then all)."""
    return tuple(sorted({path.stem for path in FOLDER.glob("*.yaml")} | set(code_list_names())))


def load_hierarchy(spec: str | Mapping[str, Any], *, folder: Path | None = None, as_of: datetime.date | str | None = None) -> Hierarchy:
    """Return the hierarchy a plan names.

    Parameters
    ----------
    spec : str or Mapping
        A name in `schemas/hierarchies/`; the path of a CSV file in the ARX form; or an inline form: `{intervals: [5, 10, 20]}`,
        `{breaks: [[0, 1, 1000], [0, 1]]}`, `{dates: [month, quarter, fiscal_year]}`, `{ages: [5, 10], as_of: …}`, `{prefix: [5, 3]}`,
        `{levels: 1}`, `{tree: file.yaml}` or the tree itself, `{codes: care_level, groups: […]}`, `{municipality: [prefecture, region]}`,
        `{icd10: [category, block, chapter]}`, or a named one with parameters: `{name: birth_to_age_band, as_of: 2026-04-01}`.
    folder : Path or None
        Where relative paths start; the current folder without it.
    as_of : datetime.date, str or None
        The day for ages where the specification does not give one.

    Raises
    ------
    PlanError
        The specification is not understood, lacks a parameter, or a file is missing or damaged.
    """
    source = _read_spec(spec, folder)
    if as_of is not None and "ages" in source.form and "as_of" not in source.form:
        source = _Source(name=source.name, form={**source.form, "as_of": str(as_of)}, folder=folder)
    kind = _check_form(source)
    return _KINDS[kind].build(source)


def _read_spec(spec: str | Mapping[str, Any], folder: Path | None) -> _Source:
    if isinstance(spec, str):
        return _read_text_spec(spec, folder)
    if "name" in spec:
        named = _read_text_spec(str(spec["name"]), folder)
        return _Source(name=named.name, form={**named.form, **{key: spec[key] for key in spec if key != "name"}}, folder=folder)
    return _Source(name=next((str(key) for key in spec if key in _KINDS), "inline"), form=spec, folder=folder)


def _read_text_spec(spec: str, folder: Path | None) -> _Source:
    path = FOLDER / f"{spec}.yaml"
    if spec.isidentifier() and path.exists():
        form = {key: value for key, value in read_marked(path).values.items() if key not in _TEXTS}
        return _Source(name=spec, form=form, folder=folder)
    if spec in code_list_names():
        return _Source(name=spec, form={"codes": spec}, folder=folder)
    if spec.lower().endswith(".csv"):
        return _Source(name=Path(spec).stem, form={"file": spec}, folder=folder)
    if spec.lower().endswith((".yaml", ".yml", ".json")):
        return _Source(name=Path(spec).stem, form={"tree": spec}, folder=folder)
    raise PlanError(
        N_("there is no hierarchy {hierarchy}"),
        N_("give a name of schemas/hierarchies, a CSV file, or an inline form such as {{intervals: [5, 10, 20]}}"),
        hierarchy=Name(spec),
    )


def _check_form(source: _Source) -> str:
    """Return the one kind a form has, after checking its fields."""
    kinds = [kind for kind in _KINDS if kind in source.form]
    findings = () if kinds == ["file"] else check_document("hierarchy", source.form)
    if findings:
        raise PlanError(
            N_("the hierarchy {hierarchy} is not understood in {count} places"),
            N_("correct what is listed above"),
            findings=findings,
            hierarchy=Name(source.name),
            count=len(findings),
        )
    if len(kinds) != 1:
        raise PlanError(
            N_("the hierarchy {hierarchy} names {count} kinds, not one"),
            N_("give exactly one of: {kinds}"),
            hierarchy=Name(source.name),
            count=len(kinds),
            kinds=Name(", ".join(kind for kind in _KINDS if kind != "file")),
        )
    strange = set(source.form) - {kinds[0], *_KINDS[kinds[0]].options} - _TEXTS
    if strange:
        raise PlanError(
            N_("the hierarchy {hierarchy} has parameters that {kind} does not know: {parameters}"),
            N_("leave them out; {kind} knows: {options}"),
            hierarchy=Name(source.name),
            kind=Name(kinds[0]),
            parameters=Name(", ".join(sorted(strange))),
            options=Name(", ".join(_KINDS[kinds[0]].options) or "—"),
        )
    return kinds[0]


def _build_ages(source: _Source) -> Hierarchy:
    as_of = source.form.get("as_of")
    if as_of is None:
        raise PlanError(
            N_("the hierarchy {hierarchy} turns birth dates into ages and needs the day on which people are that old"),
            N_("give it in the plan, such as {{name: {hierarchy}, as_of: 2026-04-01}}"),
            hierarchy=Name(source.name),
        )
    day = as_of if isinstance(as_of, datetime.date) else datetime.date.fromisoformat(as_of)
    return AgeHierarchy(source.name, source.form["ages"], day, top=source.form.get("top"))


def _build_intervals(source: _Source) -> Hierarchy:
    options = {key: source.form[key] for key in _KINDS["intervals"].options if key in source.form}
    return IntervalHierarchy(source.name, source.form["intervals"], Limits(**options))


def _build_tree(source: _Source) -> Hierarchy:
    tree = source.form["tree"]
    listing = read_tree_file(source.find_file(tree)) if isinstance(tree, str) else read_tree(tree, source.name)
    return ListedHierarchy(source.name, listing)


def _build_codes(source: _Source) -> Hierarchy:
    return ListedHierarchy(source.name, list_codes(load_code_list(source.form["codes"]), source.form.get("groups", ())))


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of hierarchy is built, and the options it knows."""

    build: Callable[[_Source], Hierarchy]
    options: tuple[str, ...] = ()


_KINDS: Mapping[str, _Kind] = {
    "intervals": _Kind(_build_intervals, ("start", "bottom", "top", "unit")),
    "ages": _Kind(_build_ages, ("as_of", "top")),
    "breaks": _Kind(lambda source: BreakHierarchy(source.name, source.form["breaks"], source.form.get("unit", "")), ("unit",)),
    "dates": _Kind(
        lambda source: DateHierarchy(source.name, source.form["dates"], by_month=source.form.get("by_month", False)), ("by_month",)
    ),
    "prefix": _Kind(lambda source: PrefixHierarchy(source.name, source.form["prefix"])),
    "levels": _Kind(lambda source: WholeHierarchy(source.name)),
    "tree": _Kind(_build_tree),
    "codes": _Kind(_build_codes, ("groups",)),
    "municipality": _Kind(lambda source: PlaceHierarchy(source.name, source.form["municipality"])),
    "icd10": _Kind(lambda source: DiseaseHierarchy(source.name, source.form["icd10"])),
    "file": _Kind(lambda source: ListedHierarchy(source.name, read_arx_file(source.find_file(source.form["file"])))),
}
