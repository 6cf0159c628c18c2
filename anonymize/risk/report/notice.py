"""The notice of an override on the page of an assessment: the page as it was read by those who decided, with the decision set above it.

Decided here: where the notice stands and its words. The verdict and every figure of the page stay as they were assessed, to the byte.
"""

from collections.abc import Callable, Sequence

from anonymize.risk.report.page import fill_template
from schemas.findings import Reason
from schemas.messages import N_

TITLE = N_("Released by an override of this assessment")
TEXT = N_("Two persons, neither of whom processed the file, decided that the release may go out although the assessment below refused it.")
REASONS = N_("Overridden are these reasons alone, for this written file alone:")
GROUND = N_("Ground: {ground}")
DECIDED = N_("Proposed by the reviewer on {proposed_on}, confirmed by the approver on {confirmed_on}; record {proposal}.")
# The notice follows the heading of the page, before the verdict.
HEADING_END = "</header>"


def add_notice(
    page: str,
    reasons: Sequence[Reason],
    ground: str,
    translate: Callable[[str], str],
    *,
    proposal: str,
    proposed_on: str,
    confirmed_on: str,
) -> str:
    """Return a page with the notice of an override.

    Parameters
    ----------
    page : str
        The report of the assessment, as HTML.
    reasons : sequence of Reason
        What is overridden.
    ground : str
        Text of the ground, from the policy.
    translate : Callable[[str], str]
        From English templates into the language of the page.
    proposal, proposed_on, confirmed_on : str
        Id of the record, and days (ISO 8601).

    Raises
    ------
    ValueError
        The page is no report of an assessment.
    """
    before, found, after = page.partition(HEADING_END)
    if not found:
        raise ValueError("the page has no heading")
    notice = {
        "title": translate(TITLE),
        "text": translate(TEXT),
        "overridden": translate(REASONS),
        "reasons": [{"text": reason.message.render(translate), "article": reason.article or ""} for reason in reasons],
        "ground": translate(GROUND).format(ground=ground),
        "decided": translate(DECIDED).format(proposed_on=proposed_on, confirmed_on=confirmed_on, proposal=proposal),
    }
    return f"{before}{found}\n\n{fill_template('override.html.j2', notice)}{after}"
