"""The one tree of errors: what went wrong, what to do next, and the exit code.

An error means "cannot go on". What can be collected (a rejected row, an unmet criterion) is a value: see `schemas.findings`.
"""

from collections.abc import Callable
from typing import ClassVar

from schemas.findings import Finding, Reason
from schemas.messages import Message, Param


class SakuseiError(Exception):
    """A stop with a message, a hint and an exit code.

    Parameters
    ----------
    message : str
        English template: what and where, lower case, without a value.
    hint : str
        English template: what to do next.
    findings, reasons : tuple
        Everything that led here, all at once.
    **params : Param
        What fills both templates: numbers and names only.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        hint: str,
        *,
        findings: tuple[Finding, ...] = (),
        reasons: tuple[Reason, ...] = (),
        **params: Param,
    ) -> None:
        self.message = Message(message, params)
        self.hint = Message(hint, params)
        self.findings = findings
        self.reasons = reasons
        super().__init__(self.message.render())

    def lines(self, translate: Callable[[str], str] = str) -> list[str]:
        """Return the lines that come between error and hint: one per finding and reason."""
        return [f.render(translate) for f in self.findings] + [r.render(translate) for r in self.reasons]


class SettingsError(SakuseiError):
    """The workspace or its settings cannot be used."""

    code, exit_code = "settings", 10


class FormRejected(SakuseiError):
    """A document (proposal, register entry, layout, request) does not meet its schema."""

    code, exit_code = "form-rejected", 11


class FileRejected(SakuseiError):
    """A data file cannot be taken in."""

    code, exit_code = "file-rejected", 12


class PlanError(SakuseiError):
    """A plan is incomplete or contradicts the file."""

    code, exit_code = "plan", 13


class TargetNotReached(SakuseiError):
    """No recoding meets the privacy models within the limits of the plan."""

    code, exit_code = "target-not-reached", 14


class ReleaseRefused(SakuseiError):
    """The gate found reasons not to release."""

    code, exit_code = "release-refused", 15


class VerificationFailed(SakuseiError):
    """What was written does not hold what was promised."""

    code, exit_code = "verification-failed", 16


class TransitionRefused(SakuseiError):
    """The state, the role or the two-person rule forbids this step."""

    code, exit_code = "transition-refused", 17


class EngineUnavailable(SakuseiError):
    """An engine, or what it needs, is not installed."""

    code, exit_code = "engine-unavailable", 18


class AnswerNotPrinted(SakuseiError):
    """The step is done, but its answer could not be printed (standard output is full or closed)."""

    code, exit_code = "answer-not-printed", 19


class EngineFailed(SakuseiError):
    """An engine stopped in the middle of its work."""

    code, exit_code = "engine-failed", 20


class InternalError(SakuseiError):
    """A defect of this software."""

    code, exit_code = "internal", 70
