"""Texts of documents: YAML or JSON → plain values, and the line each field stands on.

Decided here: what YAML may hold. Documents come from outside, so there are no tags, no anchors (a few lines could grow to gigabytes), no
key twice; and only what JSON knows is more than text: `012025` and `2026-04-01` and `no` stay as they are written (YAML 1.1 would make an
octal number, a date and a false of them). Errors of the parsers quote the text, so they are not chained to ours.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from schemas.errors import FormRejected
from schemas.messages import N_, Name

Path_: TypeAlias = tuple[str | int, ...]
SIZE_LIMIT_BYTES = 4 * 1024 * 1024
DEPTH_LIMIT = 60

_TAG = "tag:yaml.org,2002:"
_SCALARS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)$"), "~nN"),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    ("int", re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})$"), "-+0123456789"),
    ("float", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$"), "-+0123456789"),
)
_TAGS = frozenset({"map", "seq", "str", *(name for name, _, _ in _SCALARS)})


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Knows null, true and false, and decimal numbers; everything else is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the library wants this attribute


for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, [*_first, *([""] if _name == "null" else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedDocument:
    """A document and where its fields stand.

    Parameters
    ----------
    values : dict
        Plain values: texts, numbers, true, false, null, lists, mappings with text keys.
    lines : Mapping[tuple, int]
        Path of a field → line in the file, 1-based; empty for JSON.
    """

    values: dict[str, Any]
    lines: Mapping[Path_, int]


def read_marked(path: Path) -> MarkedDocument:
    """Return what a YAML or JSON file holds.

    Parameters
    ----------
    path : Path
        `.json` is read as JSON, everything else as YAML. UTF-8, with or without a byte order mark.

    Raises
    ------
    FormRejected
        The file is missing, too large (4 MiB), not UTF-8, not well-formed, or not a mapping at the top.
    """
    text = _read_text(path)
    values, lines = _parse_json(text, path) if path.suffix.lower() == ".json" else _parse_yaml(text, path)
    if not isinstance(values, dict):
        raise FormRejected(
            N_("{file} does not hold a document of named fields"),
            N_("write one `field: value` per line (YAML), or an object (JSON)"),
            file=Name(path.name),
        )
    return MarkedDocument(values=values, lines=lines)


def _read_text(path: Path) -> str:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > SIZE_LIMIT_BYTES:
            raise FormRejected(
                N_("{file} is larger than a document may be ({limit} bytes)"),
                N_("give the document itself; data files go through intake"),
                file=Name(path.name),
                limit=SIZE_LIMIT_BYTES,
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormRejected(
            N_("{file} is not UTF-8 text (byte {position})"),
            N_("save the file as UTF-8"),
            file=Name(path.name),
            position=error.start + 1,
        ) from None
    except OSError as error:
        raise FormRejected(N_("{file} cannot be read"), N_("check the path and the permission to read it"), file=Name(path.name)) from error


def _parse_json(text: str, path: Path) -> tuple[Any, dict[Path_, int]]:
    try:
        values = json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant)
        _check_depth(values, 0)
    except json.JSONDecodeError as error:
        raise _malformed(path, error.lineno) from None
    except (RecursionError, ValueError):
        raise _malformed(path, 1) from None
    return values, {}


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def _refuse_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _check_depth(values: Any, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise ValueError("nested too deeply")
    for below in values.values() if isinstance(values, dict) else values if isinstance(values, list) else ():
        _check_depth(below, depth + 1)


def _parse_yaml(text: str, path: Path) -> tuple[Any, dict[Path_, int]]:
    try:
        _check_shape(text, path)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _malformed(path, error.problem_mark.line + 1 if error.problem_mark else 1) from None
    except yaml.YAMLError:
        raise _malformed(path, 1) from None
    lines: dict[Path_, int] = {}
    return (None if node is None else _Builder(path, lines).build(node, ())), lines


def _check_shape(text: str, path: Path) -> None:
    """Refuse anchors and deep nesting before the tree is built: building it recurses, in C without a limit."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT or getattr(event, "anchor", None) is not None:
            raise FormRejected(
                N_("{file} uses an anchor, or is nested too deeply (line {line})"),
                N_("write the values out where they are used"),
                file=Name(path.name),
                line=(event.start_mark.line if event.start_mark else 0) + 1,
            )


class _Builder:
    """Turns the tree of a YAML text into plain values and notes lines."""

    def __init__(self, path: Path, lines: dict[Path_, int]) -> None:
        self._path = path
        self._lines = lines

    def build(self, node: yaml.Node, place: Path_) -> Any:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if node.tag.removeprefix(_TAG) not in _TAGS:
            raise FormRejected(
                N_("{file} uses a YAML tag (line {line})"),
                N_("write plain values"),
                file=Name(self._path.name),
                line=node.start_mark.line + 1,
            )
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._build_scalar(node)

    def _build_mapping(self, node: yaml.MappingNode, place: Path_) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.value in values:
                raise FormRejected(
                    N_("{file} has a field twice, or a field without a plain name (line {line})"),
                    N_("give each field once, by its name"),
                    file=Name(self._path.name),
                    line=line,
                )
            self._lines[(*place, key.value)] = line
            values[key.value] = self.build(value, (*place, key.value))
        return values

    @staticmethod
    def _build_scalar(node: yaml.Node) -> Any:
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in {"int", "float"}:
            return int(text) if kind == "int" else float(text)
        return text


def _malformed(path: Path, line: int) -> FormRejected:
    return FormRejected(
        N_("{file} is not well-formed (line {line})"),
        N_("check indentation, quotes, brackets and fields given twice near this line"),
        file=Name(path.name),
        line=line,
    )
