"""The notice of an override stands above the verdict of the report as it was assessed, and changes nothing else of it."""

import ast
from pathlib import Path

import pytest

import anonymize.risk.gate as gate_module
from anonymize.risk.gate import ATTACKS, SHARES, TOGETHER, TOLD
from anonymize.risk.report.notice import add_notice
from casework.i18n import find_translator
from schemas.findings import Reason
from schemas.messages import Message, Name
from schemas.regimes import load_regime, regime_names

PAGE = '<html><body><main><header><h1>x</h1></header>\n\n<section class="verdict stop">×</section></main></body></html>'
REASON = Reason(code="homogeneous", message=Message("the average risk is above {limit}", {"limit": 0.09}), article=Name("規則第62条第5号"))
DAYS = {"proposal": "D-0012", "proposed_on": "2026-11-30", "confirmed_on": "2026-12-01"}


def test_the_notice_comes_before_the_verdict_and_leaves_the_rest_as_it_was():
    page = add_notice(PAGE, [REASON], "議決した", find_translator("ja"), **DAYS)
    start, end = page.index("<section"), page.index("</section>") + len("</section>")
    notice = page[start:end]
    assert page.index("例外承認による提供") < page.index("×")
    assert page[:start].rstrip() + page[end:] == PAGE
    for text in ("議決した", "規則第62条第5号", "2026-11-30", "2026-12-01", "D-0012"):
        assert text in notice


def test_texts_are_escaped():
    page = add_notice(PAGE, [REASON], "<script>", str, **DAYS)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_page_without_a_heading_is_no_report():
    with pytest.raises(ValueError, match="no heading"):
        add_notice("<p>x</p>", [REASON], "x", str, **DAYS)


def find_codes():
    """Every code the gate can give: those of its tables, and those its rules name."""
    tree = ast.parse(Path(gate_module.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_reason"]
    named = {call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)}
    tables = {code.replace("_", "-") for code in SHARES} | {f"attack-{code.replace('_', '-')}" for code in ATTACKS}
    return named | tables | {told[0] for told in (TOGETHER | TOLD).values()}


@pytest.mark.parametrize("regime", regime_names())
def test_the_policy_says_of_every_reason_of_the_gate_whether_it_may_be_overridden(regime):
    policy = load_regime(regime).override
    assert len(find_codes()) > 20
    assert find_codes() - policy.may - policy.never == set()
    assert (policy.may | policy.never) - find_codes() == set(), "the policy speaks of reasons that the gate never gives"
