"""Overrides (例外承認) in a release: whether one covers what the gate of the assessment found, and what the package says of it.

Pure: the record of the gate comes in as a value. Who may override was decided by the store. The package names grounds, reasons and days,
never persons of the office nor their note.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from casework.clock import day_of
from schemas.findings import Reason
from schemas.regimes import Regime


def find_uncovered(gate: Mapping[str, Any] | None, regime: Regime) -> tuple[str, ...]:
    """Return the codes of the gate's reasons that stand: no override names them for this very file, or none ever can."""
    if gate is None:
        return ()
    codes = tuple(dict.fromkeys(str(reason.get("code")) for reason in gate.get("reasons", ())))
    override = gate.get("override") or {}
    same_file = bool(override) and override["released_sha256"] == gate.get("released_sha256")
    covered = set(override["reasons"]) - set(regime.override.find_standing(codes)) if same_file else set()
    return tuple(code for code in codes if code not in covered)


def describe_override(gate: Mapping[str, Any] | None, regime: Regime, translate: Callable[[str], str]) -> dict[str, Any] | None:
    """Return what users of a package are told of an override: ground, reasons, days, roles; None where there was none."""
    override = (gate or {}).get("override")
    if gate is None or not override:
        return None
    reasons = {reason["code"]: Reason.from_json(reason).message.render(translate) for reason in gate["reasons"]}
    return {
        "ground": override["ground"],
        "ground_ja": regime.override.grounds.get(override["ground"], override["ground"]),
        "reasons": [{"code": code, "text_ja": text} for code, text in reasons.items()],
        "proposal": override["proposal"],
        "proposed_on": _day(override["proposed_at"]),
        "confirmed_on": _day(override["confirmed_at"]),
        "decided_by": ["reviewer", "approver"],
    }


def _day(moment: str) -> str:
    return day_of(datetime.fromisoformat(moment)).isoformat()
