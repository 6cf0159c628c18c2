"""The table of commands: name → where it lives and what it is for. Data only; nothing is imported from here."""

from dataclasses import dataclass

from schemas.messages import N_


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command lives (`module:attribute`) and one line about it."""

    target: str
    help: str


COMMANDS: dict[str, CommandEntry] = {
    "demo": CommandEntry("sample_data.cli:demo", N_("run all eight steps on synthetic municipalities")),
    "sample": CommandEntry("sample_data.cli:sample", N_("write synthetic files as they arrive from city halls")),
    "init": CommandEntry("casework.cli:init", N_("set up the workspace of an office")),
    "status": CommandEntry("casework.cli:status", N_("show cases and files and what they wait for")),
    "person": CommandEntry("casework.cli:person", N_("people of the office and their roles")),
    "audit": CommandEntry("casework.cli:audit", N_("show and verify the chain of events")),
    "vault": CommandEntry("casework.cli:vault", N_("list sealed files; erase one with a certificate")),
    "register": CommandEntry("intake.cli:register", N_("step 1: register entries of the municipalities")),
    "portal": CommandEntry("proposals.cli:portal", N_("step 1: public pages of registers and uses")),
    "proposal": CommandEntry("proposals.cli:proposal", N_("steps 2 and 3: proposals, screening, review, decision")),
    "request": CommandEntry("proposals.cli:request", N_("step 4: written requests to municipalities and their answers")),
    "fee": CommandEntry("proposals.cli:fee", N_("the fee of a case")),
    "contract": CommandEntry("proposals.cli:contract", N_("sign or cancel the contract of a case")),
    "intake": CommandEntry("intake.cli:intake", N_("steps 5 and 6: seal, receive, check, convert files")),
    "anonymize": CommandEntry("anonymize.cli:anonymize", N_("step 7: process a file and verify what was written")),
    "risk": CommandEntry("anonymize.risk.cli:risk", N_("step 7: measure how recognisable persons are")),
    "release": CommandEntry("release.cli:release", N_("step 8: build, verify, list, recall, trace releases")),
}
