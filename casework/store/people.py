"""People of the office, their roles, and the two-person rule, enforced where things are written."""

import re
from collections.abc import Iterable

from sqlalchemy import insert, select, update

from casework.labels import name_labels
from casework.records import Person, office_table, person_table
from casework.states import RULES, Role, Rule, find_label
from casework.store.chain import Chain, plain_facts
from casework.store.transactions import GENESIS
from schemas.errors import InternalError, SettingsError, TransitionRefused
from schemas.messages import N_, Name, Param, Term

# The opening itself, and the first person.
OPENING_EVENTS = 2
PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def check_person_id(person_id: str) -> str:
    """Return the id of a person, in lower case.

    Raises
    ------
    SettingsError
        It holds anything but letters, digits, dot, dash and underscore, or more than 32 characters.
    """
    folded = person_id.lower()
    if not PERSON_ID.fullmatch(folded):
        raise SettingsError(
            N_("an id of a person has 1 to 32 characters: a-z, 0-9, dot, dash, underscore"),
            N_("choose another id; with --as or SAKUSEI_ACTOR say who acts"),
        )
    return folded


class People(Chain):
    """People and rules of the store."""

    def open_books(self, *, synthetic: bool, actor: str, regime: str, key_sha256: str) -> None:
        """Write the first event and the first person, who has all roles; nothing when just that was written before.

        Parameters
        ----------
        synthetic : bool
            The office works on synthetic data only; can never be changed.
        actor : str
            Id of the first person.
        regime : str
            Name of the regime in force.
        key_sha256 : str
            SHA-256 of the public key that signs for the office: binds the chain to the workspace.

        Raises
        ------
        SettingsError
            The books are open already, by another office or with other decisions.
        """
        first = check_person_id(actor)
        facts: dict[str, Param] = {"synthetic": int(synthetic), "regime": Name(regime), "key_sha256": Name(key_sha256)}
        with self.transaction():
            if self._first(select(office_table.c.id)) is not None:
                if self.opening().facts == plain_facts(facts) and self.chain_head().sequence == OPENING_EVENTS:
                    return
                raise SettingsError(N_("the case store belongs to an office already"), N_("use another folder or database"))
            self._writing().execute(insert(office_table).values(id=1, sequence=0, head=GENESIS))
            self._append("office.opened", first, facts=facts)
            self._write_person(first, frozenset(Role), "person.added", first)

    def add_person(self, person_id: str, roles: Iterable[Role], *, actor: str) -> Person:
        """Add a person, or give a known person other roles (none: may do nothing any more).

        Raises
        ------
        TransitionRefused
            The actor is not an approver, would change their own roles, or nobody could add people any more.
        """
        known = check_person_id(person_id)
        with self.transaction():
            event = "person.changed" if self.find_person(known) else "person.added"
            self._check_rule(RULES[event], actor)
            if known == actor:
                raise TransitionRefused(N_("nobody changes their own roles"), N_("another approver has to do it"))
            self._write_person(known, frozenset(roles), event, actor)
        return self.get_person(known)

    def _write_person(self, person_id: str, roles: frozenset[Role], event: str, actor: str) -> None:
        text = ",".join(sorted(roles))
        statement = (
            insert(person_table).values(id=person_id, roles=text)
            if event == "person.added"
            else update(person_table).where(person_table.c.id == person_id).values(roles=text)
        )
        self._writing().execute(statement)
        self._append(event, actor, subject=person_id, facts={"roles": len(roles), **{role.value: 1 for role in sorted(roles)}})

    def list_people(self) -> tuple[Person, ...]:
        """Return everybody of the office, by id."""
        return tuple(_to_person(row["id"], row["roles"]) for row in self._all(select(person_table).order_by(person_table.c.id)))

    def find_person(self, person_id: str) -> Person | None:
        """Return a person, or None."""
        row = self._first(select(person_table).where(person_table.c.id == person_id))
        return _to_person(row["id"], row["roles"]) if row else None

    def get_person(self, person_id: str) -> Person:
        """Return a person.

        Raises
        ------
        TransitionRefused
            The office does not know them.
        """
        person = self.find_person(person_id)
        if person is None:
            raise TransitionRefused(
                N_("{person} is not a person of this office"),
                N_("an approver adds people: sakusei person add ID --role ROLE; or say who acts with --as"),
                person=Name(person_id),
            )
        return person

    def who_may(self, rule: Rule, *, case_id: str | None = None, file_id: str | None = None) -> tuple[str, ...]:
        """Return the ids of those who may do this now: by role, and not excluded by their earlier work."""
        excluded = self._actors(rule.excludes, case_id, file_id)
        return tuple(person.id for person in self.list_people() if person.roles & rule.roles and person.id not in excluded)

    def find_missing(self, rule: Rule, *, case_id: str | None = None, file_id: str | None = None) -> tuple[str, ...]:
        """Return the events a rule requires that have not happened, or not since what makes them stale."""
        if not rule.requires:
            return ()
        stale = self._last(rule.since, case_id, file_id)
        return tuple(event for event in sorted(rule.requires) if self._last(frozenset({event}), case_id, file_id) <= stale)

    def _check_rule(self, rule: Rule, actor: str, *, case_id: str | None = None, file_id: str | None = None) -> None:
        """Raise unless this person may do this now."""
        if not rule.roles:
            raise InternalError(N_("a rule without roles"), N_("report this line to the maintainers"))
        person = self.get_person(actor)
        step = Term(rule.label)
        if not person.roles & rule.roles:
            raise TransitionRefused(
                N_("{person} may not take this step ({step}): the role {roles} is needed"),
                N_("let someone with the role do it, or see: sakusei person list"),
                person=Name(actor),
                step=step,
                roles=name_labels(rule.roles),
            )
        if missing := self.find_missing(rule, case_id=case_id, file_id=file_id):
            raise TransitionRefused(
                N_("this step ({step}) needs another before it: {missing}"),
                N_("see what is waited for: sakusei status"),
                step=step,
                missing=Term(find_label(missing[0])),
            )
        if actor in self._actors(rule.excludes, case_id, file_id):
            raise TransitionRefused(
                N_("{person} may not take this step ({step}): nobody approves their own work"),
                N_("let another person with the role {roles} do it"),
                person=Name(actor),
                step=step,
                roles=name_labels(rule.roles),
            )


def _to_person(person_id: str, roles: str) -> Person:
    return Person(id=person_id, roles=frozenset(Role(role) for role in roles.split(",") if role))
