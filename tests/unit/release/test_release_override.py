"""What an override covers of a gate's reasons, and what users of a package are told of it."""

import dataclasses
import json

import pytest

from casework.i18n import find_translator
from release.override import describe_override, find_uncovered
from release.package import describe_processing, describe_release
from release.summary import render_summary
from schemas.findings import Reason
from schemas.messages import Message, Name
from schemas.regimes import load_regime

REGIME = load_regime("tokumei-2023")
DIGEST = "a" * 64


def reason(code):
    message = Message("the average risk is above {limit}", {"limit": 0.09})
    return Reason(code=code, message=message, article=Name("規則第62条第5号")).to_json()


def make_gate(*codes, covered=(), digest=DIGEST):
    override = {
        "proposal": "D-0012",
        "gate": "D-0011",
        "ground": "no_harm",
        "reasons": list(covered),
        "released_sha256": digest,
        "proposed_by": "hanako",
        "proposed_at": "2026-11-30T15:30:00Z",
        "confirmed_by": "taro",
        "confirmed_at": "2026-12-01T14:59:59Z",
    }
    gate = {"reasons": [reason(code) for code in codes], "released_sha256": DIGEST}
    return {**gate, "override": override} if covered else gate


@pytest.mark.parametrize(
    ("gate", "uncovered"),
    [
        (None, ()),
        (make_gate(), ()),
        (make_gate("homogeneous"), ("homogeneous",)),
        (make_gate("homogeneous", covered=["homogeneous"]), ()),
        (make_gate("homogeneous", "prosecutor-average", covered=["homogeneous"]), ("prosecutor-average",)),
        (make_gate("homogeneous", "homogeneous", covered=["homogeneous"]), ()),
        (make_gate("homogeneous", covered=["homogeneous"], digest="b" * 64), ("homogeneous",)),
        # Whatever a record says: what can never be overridden stands.
        (make_gate("below-k", covered=["below-k"]), ("below-k",)),
        (make_gate("unheard-of", covered=["unheard-of"]), ("unheard-of",)),
    ],
)
def test_only_the_named_reasons_of_this_file_are_covered(gate, uncovered):
    assert find_uncovered(gate, REGIME) == uncovered


def test_ground_reasons_and_days_in_japan_are_told_without_names():
    told = describe_override(make_gate("homogeneous", covered=["homogeneous"]), REGIME, find_translator("ja"))
    assert told == {
        "ground": "no_harm",
        "ground_ja": REGIME.override.grounds["no_harm"],
        "reasons": [{"code": "homogeneous", "text_ja": find_translator("ja")("the average risk is above {limit}").format(limit=0.09)}],
        "proposal": "D-0012",
        # 15:30 in UTC is past midnight in Japan; 14:59:59 is not yet.
        "proposed_on": "2026-12-01",
        "confirmed_on": "2026-12-01",
        "decided_by": ["reviewer", "approver"],
    }
    assert "taro" not in json.dumps(told)
    assert describe_override(make_gate("homogeneous"), REGIME, str) is None
    assert describe_override(None, REGIME, str) is None


def test_a_package_tells_of_an_override_and_is_silent_where_there_is_none(spec):
    (table,) = spec.tables
    (plain,) = describe_processing(spec)["tables"].values()
    assert "override" not in plain
    assert "例外承認" not in render_summary(spec, "題")
    told = describe_override(make_gate("homogeneous", covered=["homogeneous"]), REGIME, find_translator("ja"))
    overridden = dataclasses.replace(spec, tables=(dataclasses.replace(table, override=told),))
    for description in (describe_processing(overridden), describe_release(overridden)):
        (entry,) = description["tables"].values()
        assert entry["override"] == told
    page = render_summary(overridden, "題")
    assert told["ground_ja"] in page
    assert told["reasons"][0]["text_ja"] in page
    assert "提供の条件を満たすことを確認しました" not in page
