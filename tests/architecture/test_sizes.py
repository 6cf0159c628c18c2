"""Sizes and manners that a linter does not count: modules, functions, parameters, guards, stubs."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("schemas", "casework", "intake", "proposals", "anonymize", "release", "sample_data")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULE_LINES = 300
FUNCTION_LINES = 60
FUNCTION_LINES_WANTED = 40
LONG_FUNCTIONS_ALLOWED = 0.02
CLI_FUNCTION_LINES = 30
POSITIONAL_PARAMETERS = 5
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "base"}


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def length(node):
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno - (body[0].lineno if body else node.lineno)) + 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_the_manners(path):
    text = path.read_text(encoding="utf-8")
    tree = parse(path)
    assert text.count("\n") <= MODULE_LINES, "too long: it decides more than one thing"
    assert ast.get_docstring(tree), "no first line that says what is decided here"
    assert path.stem not in FORBIDDEN_NAMES
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: assert as a guard"
        assert "NotImplementedError" not in (ast.dump(node) if isinstance(node, ast.Raise) else ""), f"line {node.lineno}: a stub"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_keep_the_manners(path):
    for node in functions(parse(path)):
        assert length(node) <= FUNCTION_LINES, f"{node.name} has {length(node)} lines"
        positional = [a for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in {"self", "cls"}]
        decorated = any("option" in ast.dump(d) or "argument" in ast.dump(d) or "jit" in ast.dump(d) for d in node.decorator_list)
        assert decorated or len(positional) <= POSITIONAL_PARAMETERS, f"{node.name} has {len(positional)} positional parameters"


def test_functions_are_short_as_a_rule():
    lengths = [length(node) for path in SOURCES for node in functions(parse(path))]
    assert sum(n > FUNCTION_LINES_WANTED for n in lengths) <= LONG_FUNCTIONS_ALLOWED * len(lengths)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "cli.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_command_functions_only_parse_call_and_print(path):
    for node in functions(parse(path)):
        assert length(node) <= CLI_FUNCTION_LINES, f"{node.name} has {length(node)} lines"
