"""Attacks: every positive control fires on an unprotected copy, and the protected release passes; nothing depends on chance."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymize.risk.assessment import Assessment, Subject, assess
from anonymize.risk.attacks import classification, inference, linkability, neighbours, singling_out
from anonymize.risk.attacks.result import AttackResult, Score, score_against_control
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.thresholds import find_thresholds
from schemas.messages import Message
from schemas.plan import load_plan


def run(made: Any, work: Path, *, trials: int = 200, seed: int = 3, released: Path | None = None) -> Assessment:
    plan = load_plan(made.plan_path)
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    settings = AttackSettings(limits=thresholds.limit_attacks(), trials=trials, persons=1500, seed=seed)
    subject = Subject(original=made.original, released=released or made.released, plan=plan)
    return assess(subject, thresholds, settings=settings, work=work)


@pytest.fixture(scope="module", params=["local", "global"])
def assessed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    made = request.getfixturevalue(f"made_{request.param}")
    return run(made, tmp_path_factory.mktemp(f"work-{request.param}"))


def by_code(assessment: Assessment) -> dict[str, AttackResult]:
    return {attack.code: attack for attack in assessment.attacks}


@pytest.mark.parametrize(
    "code", ["linkage", "neighbours", "singling_out", "linkability", "inference", "classification", "membership", "storage"]
)
def test_positive_control_fires_and_release_passes(assessed: Assessment, code: str) -> None:
    attack = by_code(assessed)[code]
    assert attack.has_power, attack.unprotected
    assert not attack.exceeds, attack.released
    assert attack.unprotected.excess > attack.released.excess + 0.1


def test_every_attack_says_what_it_assumed(assessed: Assessment) -> None:
    for attack in assessed.attacks:
        told = attack.to_json()
        assert told["assumption"]
        assert told["population"]
        assert "doi:" in str(told["source"])
        assert told["trials"] == {"downcoding": attack.persons, "storage": attack.persons}.get(attack.code, 200)
        low, high = attack.released.interval
        assert 0 <= low <= attack.released.excess <= high <= 1
    assert by_code(assessed)["singling_out"].max_attempts == singling_out.MAX_ATTEMPTS


def test_baseline_of_inference_is_the_most_frequent_value(assessed: Assessment) -> None:
    # Seven illnesses, drawn almost evenly: always guessing the most frequent one is right in about a seventh of cases.
    assert by_code(assessed)["inference"].released.baseline == pytest.approx(1 / 7, abs=0.08)


def test_record_linkage_cannot_beat_one_in_k(assessed: Assessment) -> None:
    # Every released class has at least ten persons, so picking one that fits finds at most a tenth.
    assert by_code(assessed)["linkage"].released.excess <= 0.1


def test_same_seed_same_result(made_local: Any, tmp_path: Path) -> None:
    first, second = (run(made_local, tmp_path, trials=60, seed=5) for _ in range(2))
    assert [a.released for a in first.attacks] == [a.released for a in second.attacks]
    assert [a.unprotected for a in first.attacks] == [a.unprotected for a in second.attacks]


def test_no_private_folder_is_left(made_local: Any, tmp_path: Path) -> None:
    run(made_local, tmp_path, trials=60)
    assert list(tmp_path.iterdir()) == []


def test_gate_lets_the_protected_release_pass(assessed: Assessment) -> None:
    reasons = reasons_not_to_release(assessed, assessed.thresholds)
    assert {reason.code for reason in reasons} <= {"homogeneous"}


def test_score_by_hand() -> None:
    # 150 of 200 members, 50 of 200 strangers. Wilson centres with z² = 3.8415: (150 + 1.9207)/203.8415 = 0.74529 and
    # (50 + 1.9207)/203.8415 = 0.25471; excess (0.74529 − 0.25471)/(1 − 0.25471) = 0.65824.
    score = score_against_control(trials=200, members=150, strangers=50, baseline=0.3)
    assert score.members == 0.75
    assert score.strangers == 0.25
    assert score.excess == pytest.approx(0.65824, abs=1e-4)


@pytest.mark.parametrize(("low", "power"), [(0.089, False), (0.09, False), (0.091, True)])
def test_power_triple(low: float, power: bool) -> None:
    score = Score(members=0.5, strangers=None, baseline=0.0, excess=0.5, interval=(low, 0.9))
    result = AttackResult(
        code="x", title="x", attacker=Message("x"), population=Message("x"), source="x", released=score, unprotected=score, limit=0.09,
        trials=1, persons=1,
    )  # fmt: skip
    assert result.has_power is power


def test_attack_modules_state_their_sources() -> None:
    for module in (singling_out, linkability, inference, neighbours, classification):
        assert "doi:" in module.SOURCE


def test_independent_rows_score_nothing(tmp_path: Path) -> None:
    # The measured fault of anonymeter: controls of another size scored 0.20–0.25 on independent data. With equal sizes it must not.
    from anonymize.risk.attacks.encoding import Rows
    from anonymize.risk.attacks.scene import Scene

    rng = np.random.default_rng(7)

    def rows(count: int) -> Rows:
        return Rows(known={}, numbers={f"n{i}": rng.normal(size=count) for i in range(4)}, categories={})

    scene = Scene(quasi_identifiers={}, released=rows(3000), members=rows(1000), strangers=rows(1000), secrets=())
    assert singling_out.attack(scene, trials=200, seed=1).excess < 0.09


def test_repeated_rows_are_not_taken_for_unique(tmp_path: Path) -> None:
    # The measured fault of anonymeter: with every row five times it scored 0.98, since it removes equal rows first.
    from anonymize.risk.attacks.encoding import Rows
    from anonymize.risk.attacks.scene import Scene

    rng = np.random.default_rng(7)

    def rows(count: int) -> Rows:
        return Rows(known={}, numbers={f"n{i}": np.repeat(rng.normal(size=count // 5), 5) for i in range(3)}, categories={})

    members = rows(1000)
    scene = Scene(quasi_identifiers={}, released=members, members=members, strangers=rows(1000), secrets=())
    assert singling_out.attack(scene, trials=100, seed=1).members == 0.0
