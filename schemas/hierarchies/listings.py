"""Where listed hierarchies come from: ARX files, trees in YAML, code lists with groups."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.codes import CodeList
from schemas.errors import FormRejected, PlanError
from schemas.hierarchies.trees import Listing
from schemas.markup import read_marked
from schemas.messages import N_, Name

SIZE_LIMIT_BYTES = 256 * 1024 * 1024


def read_arx_file(path: Path) -> Listing:
    """Return a hierarchy from a CSV file in the ARX form: `leaf;level 1;…;*`, one line per leaf, no heading.

    The separator is the semicolon, or the comma where the first line has none. A last column with one text for all leaves is "all";
    without one, "all" is added on top.

    Raises
    ------
    PlanError
        The file cannot be read, is not UTF-8, is empty, or its lines have different numbers of columns.
    """
    text = _read_text(path)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    if not rows:
        raise PlanError(N_("the hierarchy file {file} is empty"), N_("give one line per leaf: leaf;level 1;…;*"), file=Name(path.name))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise PlanError(
                N_("line {line} of the hierarchy file {file} has {count} columns, the first line has {expected}"),
                N_("give every leaf the same number of levels"),
                file=Name(path.name),
                line=number,
                count=len(row),
                expected=len(rows[0]),
            )
    return _to_listing(rows)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > SIZE_LIMIT_BYTES:
            raise PlanError(N_("the hierarchy file {file} is too large"), N_("group the values before listing them"), file=Name(path.name))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise PlanError(N_("the hierarchy file {file} is not UTF-8 text"), N_("save the file as UTF-8"), file=Name(path.name)) from None
    except OSError as error:
        raise PlanError(
            N_("the hierarchy file {file} cannot be read"),
            N_("check the path; it starts from the folder of the plan"),
            file=Name(path.name),
        ) from error


def _to_listing(rows: Sequence[Sequence[str]]) -> Listing:
    columns = list(zip(*rows, strict=True))
    if len(columns) > 1 and len(set(columns[-1])) == 1:
        columns.pop()
    steps = {f"level_{number}": f"第{number}階層" for number in range(1, len(columns))}
    return Listing(leaves=columns[0], groups=columns[1:], steps=steps)


def read_tree(tree: Mapping[str, Any], name: str) -> Listing:
    """Return a hierarchy from nested groups: `{東部: [A, B], 西部: [C]}`; the innermost lists hold the leaves.

    Raises
    ------
    PlanError
        Leaves lie at different depths, or something is neither a group nor a list of leaves.
    """
    paths = list(_walk(tree, (), name))
    depths = {len(path) for path in paths}
    if len(depths) != 1:
        raise PlanError(
            N_("the leaves of the tree {hierarchy} lie at different depths"),
            N_("give every leaf the same number of groups above it"),
            hierarchy=Name(name),
        )
    return _to_listing([(*reversed(path),) for path in paths])


def _walk(node: object, above: tuple[str, ...], name: str) -> Iterator[tuple[str, ...]]:
    """Yield the path from the top to each leaf."""
    if isinstance(node, Mapping):
        for key, below in node.items():
            yield from _walk(below, (*above, str(key)), name)
    elif isinstance(node, (list, tuple)) and all(isinstance(leaf, (str, int, float)) for leaf in node):
        yield from ((*above, str(leaf)) for leaf in node)
    else:
        raise PlanError(
            N_("the tree {hierarchy} holds something that is neither a group nor a list of leaves"),
            N_("write groups as names with lists of leaves"),
            hierarchy=Name(name),
        )


def read_tree_file(path: Path) -> Listing:
    """Return a hierarchy from a YAML or JSON file of nested groups.

    Raises
    ------
    PlanError
        The file cannot be read or does not hold a tree.
    """
    try:
        marked = read_marked(path)
    except FormRejected as error:
        raise PlanError(
            N_("the tree file {file} cannot be read as nested groups"),
            N_("write groups as names with lists of leaves, in YAML or JSON, UTF-8"),
            file=Name(path.name),
        ) from error
    return read_tree(marked.values.get("tree", marked.values), path.stem)


def list_codes(codes: CodeList, groups: Sequence[Mapping[str, Any]]) -> Listing:
    """Return a hierarchy from a code list: the codes, levels of groups of codes, all.

    Parameters
    ----------
    codes : CodeList
        Every code is a leaf.
    groups : Sequence[Mapping]
        Per level `{level: name, title_ja: title, groups: {label: [code, …]}}`; a level names every code once.

    Raises
    ------
    PlanError
        A level leaves out a code, names one twice, or names one that is not in the list.
    """
    levels = []
    for level in groups:
        named = [(code, label) for label, members in level["groups"].items() for code in members]
        if sorted(code for code, _ in named) != sorted(codes.entries):
            raise PlanError(
                N_("the level {level} does not name every code of the code list {code_list} exactly once"),
                N_("put each code of the list into one group"),
                level=Name(level["level"]),
                code_list=Name(codes.name),
            )
        of = dict(named)
        levels.append([of[code] for code in codes.entries])
    steps = {str(level["level"]): str(level.get("title_ja", f"第{number}階層")) for number, level in enumerate(groups, start=1)}
    return Listing(leaves=list(codes.entries), groups=levels, steps=steps, labels=codes.entries, ordered=codes.ordered)
