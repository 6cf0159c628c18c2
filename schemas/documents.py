"""Documents people write (proposals, register entries, layouts, plans …): checked against Cerberus schemas, all defects at once.

Decided here: how a defect is told (dotted path, line, what is wrong) without the value that is wrong. Not decided here: what a document
must hold (`schemas/documents/*.yaml`), and whatever needs more than the document.

Schemas are used without normalisation: `default`, `coerce`, `rename` and `purge_unknown` have no effect, so that nothing is filled in
silently. In paths, items of a list count from 0, as in JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cerberus import errors as cerberus_errors
from cerberus.errors import ValidationError

from schemas import fields
from schemas.errors import FormRejected, InternalError
from schemas.findings import Finding, FindingKind, Severity
from schemas.markup import Path_, read_marked
from schemas.messages import N_, Name, Param

FOLDER = Path(__file__).parent / "documents"


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(f"form.{code}", Severity.FILE, template)


_BY_ERROR: Mapping[int, FindingKind] = {
    definition.code: _kind(code, template)
    for definition, code, template in (
        (cerberus_errors.CUSTOM, "rule", N_("does not meet a rule of the form")),
        (cerberus_errors.REQUIRED_FIELD, "required", N_("is missing")),
        (cerberus_errors.UNKNOWN_FIELD, "unknown", N_("is not a field of this form")),
        (cerberus_errors.DEPENDENCIES_FIELD, "depends", N_("needs these fields as well: {constraint}")),
        (cerberus_errors.DEPENDENCIES_FIELD_VALUE, "depends-value", N_("does not go with what other fields say")),
        (cerberus_errors.EXCLUDES_FIELD, "excludes", N_("must not be given together with {constraint}")),
        (cerberus_errors.EMPTY_NOT_ALLOWED, "empty", N_("must not be empty")),
        (cerberus_errors.NOT_NULLABLE, "null", N_("must have a value")),
        (cerberus_errors.BAD_TYPE, "type", N_("must be of one of these types: {constraint}")),
        (cerberus_errors.BAD_TYPE_FOR_SCHEMA, "type-schema", N_("must be a list or a group of fields")),
        (cerberus_errors.ITEMS_LENGTH, "items-length", N_("must have exactly {constraint} items")),
        (cerberus_errors.MIN_LENGTH, "too-short", N_("must have at least {constraint} characters or items")),
        (cerberus_errors.MAX_LENGTH, "too-long", N_("must have at most {constraint} characters or items")),
        (cerberus_errors.REGEX_MISMATCH, "pattern", N_("must have the form {constraint}")),
        (cerberus_errors.MIN_VALUE, "too-small", N_("must be at least {constraint}")),
        (cerberus_errors.MAX_VALUE, "too-large", N_("must be at most {constraint}")),
        (cerberus_errors.UNALLOWED_VALUE, "not-allowed", N_("must be one of: {constraint}")),
        (cerberus_errors.UNALLOWED_VALUES, "not-allowed-items", N_("may hold only: {constraint}")),
        (cerberus_errors.FORBIDDEN_VALUE, "forbidden", N_("must not be one of: {constraint}")),
        (cerberus_errors.FORBIDDEN_VALUES, "forbidden-items", N_("must not hold: {constraint}")),
        (cerberus_errors.MISSING_MEMBERS, "missing-items", N_("must hold: {constraint}")),
        (cerberus_errors.COERCION_FAILED, "coercion", N_("cannot be read")),
        (cerberus_errors.RENAMING_FAILED, "renaming", N_("cannot be read")),
        (cerberus_errors.READONLY_FIELD, "read-only", N_("is filled in by the office and must not be given")),
        (cerberus_errors.SETTING_DEFAULT_FAILED, "default", N_("cannot be read")),
        (cerberus_errors.NONEOF, "none-of", N_("has a form that is not allowed here")),
        (cerberus_errors.ONEOF, "one-of", N_("must have exactly one of the forms allowed here")),
        (cerberus_errors.ANYOF, "any-of", N_("has none of the forms allowed here; the nearest form lacks what follows")),
        (cerberus_errors.ALLOF, "all-of", N_("does not meet all rules of the form")),
        (fields.NOT_BEFORE, "not-before", N_("must not be earlier than {constraint}")),
        (fields.NOT_UNIQUE, "not-unique", N_("must not hold the same item twice")),
        (fields.NOT_IN_CODE_LIST, "not-in-code-list", N_("must be a code of the code list {constraint}")),
    )
} | {fields.CHECKS[name].code: _kind("type", field_type.template) for name, field_type in fields.FIELD_TYPES.items()}
_UNKNOWN_ERROR = _kind("rule", N_("does not meet a rule of the form"))
_BY_TYPE: Mapping[str, FindingKind] = {
    "string": _kind("type", N_("must be text (put digits in quotes)")),
    "integer": _kind("type", N_("must be a whole number")),
    "float": _kind("type", N_("must be a number")),
    "boolean": _kind("type", N_("must be true or false")),
    "list": _kind("type", N_("must be a list")),
    "dict": _kind("type", N_("must be a group of named fields")),
    **{name: _kind("type", field_type.template) for name, field_type in fields.FIELD_TYPES.items()},
}


def document_kinds() -> tuple[str, ...]:
    """Return the kinds of documents there are schemas for, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load_schema(kind: str) -> Mapping[str, Any]:
    """Return the Cerberus schema of a kind of document.

    Raises
    ------
    InternalError
        There is no such kind.
    """
    if kind not in document_kinds():
        raise InternalError(N_("there is no form {kind}"), N_("report this to the maintainers"), kind=Name(kind))
    schema: dict[str, Any] = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    return schema


def check_document(kind: str, document: Mapping[str, Any], *, lines: Mapping[Path_, int] | None = None) -> tuple[Finding, ...]:
    """Return everything that is wrong with a document; empty when it is right.

    Parameters
    ----------
    kind : str
        Name of the schema in `schemas/documents/`.
    document : Mapping
        The document as plain values.
    lines : Mapping or None
        Path → line in the file it came from; a finding then carries the line as its row.

    Returns
    -------
    tuple[Finding, ...]
        In the order of the lines (or paths); `column` is the dotted path.
    """
    schema = load_schema(kind)
    if not isinstance(document, Mapping):
        return (Finding(kind=_BY_TYPE["dict"]),)
    validator = fields.DocumentValidator(schema)
    validator.validate(document, normalize=False)
    found = [_to_finding(error, lines or {}) for error in _flatten(validator._errors)]
    unique = [finding for index, finding in enumerate(found) if finding not in found[:index]]
    return tuple(sorted(unique, key=lambda finding: (finding.rows, finding.column or "")))


def load_document(kind: str, path: Path) -> dict[str, Any]:
    """Return a document from a YAML or JSON file, as plain values; dates stay texts.

    Raises
    ------
    FormRejected
        The file is not well-formed, or the document does not meet its schema; with all findings.
    """
    marked = read_marked(Path(path))
    findings = check_document(kind, marked.values, lines=marked.lines)
    if findings:
        raise FormRejected(
            N_("{file} does not meet the form {kind} in {count} places"),
            N_("correct the fields listed above and give the file again"),
            findings=findings,
            file=Name(Path(path).name),
            kind=Name(kind),
            count=len(findings),
        )
    return marked.values


def _flatten(found: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Yield the errors that say something: groups give way to what is in them, alternatives to the nearest one."""
    for error in found:
        if error.is_logic_error:
            yield error
            alternatives = [list(_flatten(children)) for children in error.definitions_errors.values()]
            if error.code == cerberus_errors.ANYOF.code and alternatives:
                yield from min(alternatives, key=len)
        elif error.is_group_error:
            yield from _flatten(error.child_errors)
        else:
            yield error


def _to_finding(error: ValidationError, lines: Mapping[Path_, int]) -> Finding:
    kind = _BY_ERROR.get(error.code, _UNKNOWN_ERROR)
    if error.code == cerberus_errors.BAD_TYPE.code and isinstance(error.constraint, str):
        kind = _BY_TYPE.get(error.constraint, kind)
    place = tuple(error.document_path)
    # A missing field stands nowhere: point to the group it is missing from.
    line = lines.get(place) or lines.get(place[:-1])
    return Finding(
        kind=kind,
        column=Name(".".join(str(part) for part in place)) if place else None,
        rows=(line,) if line else (),
        params={"constraint": _to_param(error)} if "{constraint}" in kind.template else {},
    )


def _to_param(error: ValidationError) -> Param:
    """Return the constraint of a rule (it comes from the schema, never from the document) as something to show."""
    constraint = error.constraint
    if error.code == cerberus_errors.ITEMS_LENGTH.code:
        return len(constraint)
    if isinstance(constraint, (int, float)):
        return constraint
    if isinstance(constraint, (list, tuple, set, frozenset, Mapping)):
        return Name(", ".join(str(item) for item in constraint))
    return Name(constraint)
