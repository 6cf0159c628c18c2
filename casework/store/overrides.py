"""Overriding a refusal (例外承認): one person proposes, another confirms, for exactly the reasons of one verdict on one written file.

Decided here: what a proposal covers, when it is dead, and that its note can hardly carry a value. Roles and the two-person rule are data of
`casework.states`; which reasons and grounds there are is data of the regime's policy.
"""

import re
import unicodedata
from typing import Any

from casework.records import FileRecord, Record
from casework.states import FILE_DOCUMENTS, FileState, Transition
from casework.store.cases import refused
from casework.store.sealed import Sealed
from schemas.errors import FormRejected, ReleaseRefused, TransitionRefused
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.policies import OverridePolicy
from schemas.regimes import load_regime

# The kind under which the vault keeps the written file that was assessed.
PROCESSED = "processed"
# What stands inside a number that people write with breaks: 03-1234-5678, 1990/01/31.
BREAKS = re.compile(r"(?<=\d)[\s./,・‐‑–—ー−-]+(?=\d)")


class Overrides(Sealed):
    """Overrides of the store."""

    def propose_override(self, file_id: str, *, ground: str, note: str, actor: str) -> str:
        """Propose that the refusal of a file be overridden, and return the id of the proposal.

        Parameters
        ----------
        ground : str
            A code of the policy's list.
        note : str
            One line for those who decide; stays in the record, and never leaves the office.

        Raises
        ------
        TransitionRefused
            The file was not refused, was written anew since, or the actor may not.
        ReleaseRefused
            Some reasons of the refusal can never be overridden; they are named.
        FormRejected
            The ground is not in the list, or the note is no note.
        """
        with self.transaction():
            file, step = self._check_override_step(file_id, FileState.REFUSED, actor)
            gate = self._get_refusal(file)
            policy = load_regime(self.get_case(file.case_id).regime).override
            document = {
                "ground": check_ground(ground, policy),
                "note": check_note(note, policy),
                "gate": gate.id,
                "reasons": list_codes(gate.document),
                "released_sha256": gate.document["released_sha256"],
            }
            return self._write_step(file, step, document, actor, facts={"ground": Name(ground), "reasons": len(document["reasons"])})

    def confirm_override(self, file_id: str, proposal_id: str, *, actor: str) -> str:
        """Confirm a proposal: the file becomes assessed, and a new verdict names the override. Return the id of that verdict.

        Raises
        ------
        TransitionRefused
            The proposal is not the last one, or is of an earlier assessment; or the actor may not, or who proposed it no longer may.
        ReleaseRefused
            Some reasons of the refusal can never be overridden; they are named.
        """
        with self.transaction():
            file, step = self._check_override_step(file_id, FileState.ASSESSED, actor)
            gate = self._get_refusal(file)
            proposal = self.find_override(file_id)
            if proposal is None or proposal.id != proposal_id:
                raise TransitionRefused(
                    N_("{proposal} is not the proposal that waits for {file}"),
                    N_("read what waits: sakusei risk override {file}"),
                    proposal=Name(proposal_id),
                    file=Name(file_id),
                )
            self._check_override_step(file_id, FileState.REFUSED, proposal.actor)  # who proposed still may
            override = {
                "proposal": proposal.id,
                **{key: proposal.document[key] for key in ("ground", "gate", "reasons", "released_sha256")},
                "proposed_by": proposal.actor,
                "proposed_at": proposal.created_at,
                "confirmed_by": actor,
                "confirmed_at": self._clock(),
            }
            facts = {"proposal": Name(proposal.id), "ground": Name(override["ground"]), "reasons": len(override["reasons"])}
            return self._write_step(file, step, {**gate.document, "override": override}, actor, facts=facts)

    def find_override(self, file_id: str) -> Record | None:
        """Return the proposal that waits: the last one, when the file is refused by the verdict it covers; None otherwise."""
        if self.get_file(file_id).state is not FileState.REFUSED:
            return None
        gate, proposals = self.find_verdict(file_id), self.list_records("override", file_id=file_id)
        return proposals[-1] if gate and proposals and proposals[-1].document["gate"] == gate.id else None

    def find_verdict(self, file_id: str) -> Record | None:
        """Return the last verdict of the gate on a file, or None."""
        return next(reversed(self.list_records("gate", file_id=file_id)), None)

    def _check_override_step(self, file_id: str, target: FileState, actor: str) -> tuple[FileRecord, Transition]:
        """Return the file and the step, when the file is refused and this person may take it."""
        file = self.get_file(file_id)
        if file.state is not FileState.REFUSED:
            raise refused(file_id, file.state, target)
        return file, self._check_step(file_id, target, actor)

    def _get_refusal(self, file: FileRecord) -> Record:
        """Return the verdict that may be overridden: on the file as it lies in the vault, with no reason that stands for ever."""
        gate, sealed = self.find_verdict(file.id), self.find_sealed(file.id, PROCESSED)
        if gate is None or not gate.document.get("reasons"):
            raise TransitionRefused(
                N_("there is no verdict on {file} to override"), N_("process and assess it again: sakusei status"), file=Name(file.id)
            )
        if sealed is None or sealed.sha256 != gate.document.get("released_sha256"):
            raise TransitionRefused(
                N_("{file} is not the file that was assessed"), N_("process and assess it again: sakusei status"), file=Name(file.id)
            )
        standing = load_regime(self.get_case(file.case_id).regime).override.find_standing(list_codes(gate.document))
        if standing:
            raise ReleaseRefused(
                N_("{count} reasons against {file} can never be overridden"),
                N_("process it by a new plan: sakusei anonymize process {file} --plan P.yaml"),
                reasons=tuple(Reason.from_json(item) for item in gate.document["reasons"] if item["code"] in standing),
                count=len(standing),
                file=Name(file.id),
            )
        return gate

    def _write_step(self, file: FileRecord, step: Transition, document: dict[str, Any], actor: str, *, facts: dict[str, Any]) -> str:
        """Write document, state and event of a step in one, and return the id of the document."""
        record_id = self._next_id("D")
        self._set_file(file.id, state=step.target.value)
        where = {"case_id": file.case_id, "file_id": file.id, "state": step.target.value}
        kind = FILE_DOCUMENTS[step.event]
        self._write_document(kind, document, step.event, actor, record_id=record_id, subject=record_id, facts=facts, **where)
        return record_id


def list_codes(verdict: dict[str, Any]) -> list[str]:
    """Return the codes of a verdict's reasons, each once, in their order."""
    return list(dict.fromkeys(reason["code"] for reason in verdict["reasons"]))


def check_ground(ground: str, policy: OverridePolicy) -> str:
    """Return the code of a ground.

    Raises
    ------
    FormRejected
        It is not in the policy's list.
    """
    if ground not in policy.grounds:
        raise FormRejected(N_("the ground is not in the list of the policy"), N_("the list is shown by: sakusei risk override F-ID"))
    return ground


def check_note(note: str, policy: OverridePolicy) -> str:
    """Return a note as it is kept: one line, trimmed.

    Raises
    ------
    FormRejected
        It is empty, too long, of several lines, or holds a long number, which might be one of a person.
    """
    text = note.strip()
    lines = len(text.splitlines()) == 1 and not any(unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"} for character in text)
    if not lines or len(text) > policy.note_characters:
        raise FormRejected(
            N_("the note must be one line of 1 to {limit} characters"),
            N_("shorten it; details stand in the minutes"),
            limit=policy.note_characters,
        )
    folded = BREAKS.sub("", unicodedata.normalize("NFKC", text))
    if re.search(rf"\d{{{policy.note_digits + 1}}}", folded) or "@" in folded:
        raise FormRejected(
            N_("the note holds a number of more than {digits} digits or an address, which might tell of a person"),
            N_("write the consideration in words, without anything from the file; write a date as 2026年12月1日"),
            digits=policy.note_digits,
        )
    return text
