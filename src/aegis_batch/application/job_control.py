"""Defined jobs in people's and services' hands: make, change and remove them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_drafts import JobDraft, JobRules
from aegis_batch.application.job_refusals import (
    in_order,
    name_taken,
    needed_by,
    refuse_circle,
    refuse_foreign,
    refuse_hidden,
    refuse_leaving,
    refuse_version,
    unknown_dependency,
)
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.repeating import Once, answered, keep_answer, once
from aegis_batch.application.schedule_sync import ScheduleSync
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import ScheduleKind
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["Applied", "JobControl"]

_SAME_NAME_MAX = 10
_NAME_CHARACTERS_MAX = 63
# Fields that say how a job came about, and not what it is.
_OF_HISTORY = ("id", "created_by", "created_at", "updated_at", "version")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a job of a file: ``created``, ``changed`` or ``unchanged``.

    ``fields`` names those that differed.
    """

    name: str
    tenant: str
    deed: str
    fields: tuple[str, ...] = ()


class JobControl:
    """Changes jobs and their schedules together, each change with an entry in the audit."""

    def __init__(
        self, ledger: Ledger, sync: ScheduleSync, rules: JobRules, identifiers: Identifiers
    ) -> None:
        """Take the ledger, what makes schedules, what jobs may be, and the source of ids."""
        self._ledger = ledger
        self._sync = sync
        self._rules = rules
        self._identifiers = identifiers

    def create(
        self, draft: JobDraft, actor: Actor, request: Once | None = None
    ) -> tuple[JobDefinition, bool]:
        """Make a job, and return it, and whether it is new.

        Raises ``InvalidRequest`` where it is unfit, where its name is taken, and where what it
        depends on is unknown or leads back to it.
        """
        zone_name = self._rules.zone_name(draft)
        with self._ledger.turn() as turn:

            def deed() -> str:
                job_id = self._identifiers.new_run_id()
                definition = self._drafted(turn, draft, job_id, actor, zone_name)
                self._make_room(turn, definition)
                self._keep(turn, definition)
                _note(turn, actor, "job.create", definition.id, definition.name)
                return definition.id

            job_id, is_new = once(turn, request, deed)
            return _known(turn.state, job_id), is_new

    def update(
        self,
        job_id: str,
        draft: JobDraft,
        actor: Actor,
        version: int | None = None,
        request: Once | None = None,
    ) -> JobDefinition:
        """Put a draft in the place of a job, where it still has a version, if one is named.

        Raises ``InvalidRequest`` as ``create`` does; with the code ``version_differs`` where it was
        changed meanwhile.
        """
        zone_name = self._rules.zone_name(draft)

        def deed(turn: LedgerTurn) -> JobDefinition | None:
            if answered(turn, request) is not None:
                return _known(turn.state, job_id)
            before = _visible(turn.state, job_id, actor)
            refuse_foreign(before, actor)
            refuse_version(before, version)
            wanted = self._drafted(turn, draft, job_id, actor, zone_name)
            changed = self._update(turn, before, wanted)
            if changed is not None:
                _note(turn, actor, "job.update", job_id, changed.name)
                keep_answer(turn, request, job_id)
            return changed

        return self._in_turns(deed)

    def remove(
        self,
        job_id: str,
        actor: Actor,
        version: int | None = None,
        request: Once | None = None,
    ) -> None:
        """Remove a job; its runs stay. Raises ``InvalidRequest`` where others depend on it."""

        def deed(turn: LedgerTurn) -> JobDefinition | None:
            if answered(turn, request) is not None:
                return _known(turn.state, job_id)
            definition = _visible(turn.state, job_id, actor)
            refuse_foreign(definition, actor)
            refuse_version(definition, version)
            dependents = turn.state.job_definitions.search(JobFilter(depends_on=job_id), 1)
            if dependents:
                raise needed_by(dependents[0], definition)
            if not self._sync.retire(turn, definition.schedule_name):
                return None
            removed = _next_version(replace(definition, is_removed=True), definition, turn)
            turn.state.job_definitions.save(removed)
            turn.state.scheduler_pauses.remove(definition.schedule_name)
            _note(turn, actor, "job.remove", job_id, definition.name)
            keep_answer(turn, request, job_id)
            return removed

        self._in_turns(deed)

    def apply(
        self, drafts: Sequence[JobDraft], actor: Actor, *, dry_run: bool = False
    ) -> list[Applied]:
        """Make the jobs of a file as it says, those first that others depend on.

        Those that it doesn't name stay as they are.

        With ``dry_run`` nothing is kept. Raises as ``create`` and ``update`` do, for the first job
        that is unfit, which they name, before anything is kept.
        """
        ordered = in_order(drafts, self._rules.tenant)
        rehearsed = self._rehearse(ordered, actor)
        if dry_run:
            return rehearsed
        applied = []
        for draft in ordered.values():
            with _telling_of(draft):
                applied.append(self._apply(draft, actor))
        return applied

    def _apply(self, draft: JobDraft, actor: Actor) -> Applied:
        tenant = self._rules.tenant(draft)
        zone_name = self._rules.zone_name(draft)
        with self._ledger.look() as turn:
            before, difference = self._difference(turn, draft, zone_name, actor)
        if before is None:
            self.create(draft, actor)
            return Applied(draft.name, tenant, "created")
        if not difference:
            return Applied(draft.name, tenant, "unchanged")
        self.update(before.id, draft, actor)
        return Applied(draft.name, tenant, "changed", difference)

    def _rehearse(self, drafts: Mapping[tuple[str, str], JobDraft], actor: Actor) -> list[Applied]:
        applied = []
        zones = {}
        for place, draft in drafts.items():
            with _telling_of(draft):
                zones[place] = self._rules.zone_name(draft)
        with self._ledger.look() as turn:
            for (tenant, name), draft in drafts.items():
                zone_name = zones[tenant, name]
                with _telling_of(draft):
                    before, difference = self._difference(
                        turn, draft, zone_name, actor, drafts.keys()
                    )
                deed = "changed" if difference else "unchanged"
                if before is None:
                    deed = "created"
                applied.append(Applied(name, tenant, deed, difference))
        return applied

    def _difference(
        self,
        turn: Turn,
        draft: JobDraft,
        zone_name: str | None,
        actor: Actor,
        coming: Collection[tuple[str, str]] = (),
    ) -> tuple[JobDefinition | None, tuple[str, ...]]:
        """Return the job that a draft stands for, and which of its fields differ.

        ``coming`` are the tenants and names of jobs that may not be there yet.
        """
        now = self._ledger.now()
        ids = self._dependencies(turn, draft, actor, coming)
        wanted = self._rules.definition(draft, "", ids, actor.name, now, zone_name)
        before = next(iter(self._named(turn, wanted)), None)
        if before is None:
            return None, ()
        alike = replace(wanted, **{name: getattr(before, name) for name in _OF_HISTORY})
        fields = (name for name in JobDefinition.__dataclass_fields__)
        return before, tuple(n for n in fields if getattr(alike, n) != getattr(before, n))

    def _update(
        self, turn: LedgerTurn, before: JobDefinition, wanted: JobDefinition
    ) -> JobDefinition | None:
        changed = replace(wanted, **{name: getattr(before, name) for name in _OF_HISTORY})
        changed = _next_version(changed, before, turn)
        if any(each.id != before.id for each in self._named(turn.state, changed)):
            raise name_taken(changed)
        refuse_leaving(turn.state, before, changed)
        if not self._keep(turn, changed):
            return None
        return changed

    def _drafted(
        self,
        turn: LedgerTurn,
        draft: JobDraft,
        job_id: str,
        actor: Actor,
        zone_name: str | None,
    ) -> JobDefinition:
        ids = self._dependencies(turn.state, draft, actor)
        definition = self._rules.definition(draft, job_id, ids, actor.name, turn.now, zone_name)
        refuse_foreign(definition, actor)
        refuse_circle(turn.state, definition)
        return definition

    def _dependencies(
        self,
        turn: Turn,
        draft: JobDraft,
        actor: Actor,
        coming: Collection[tuple[str, str]] = (),
    ) -> list[str]:
        """Return the ids of what a draft depends on: jobs of its tenant, and then of all.

        Those that come with it are known by their names. Raises ``InvalidRequest``
        (``unknown_dependency``) for others, and for those that somebody doesn't see.
        """
        tenant = self._rules.tenant(draft)
        seen = [each for each in dict.fromkeys((tenant, EVERYONE)) if actor.may_see(each)]
        return [_dependency(turn, name, seen, coming) for name in draft.depends_on]

    def _named(self, turn: Turn, like: JobDefinition) -> Sequence[JobDefinition]:
        wanted = JobFilter(name=like.name, tenants=(like.tenant,))
        return turn.job_definitions.search(wanted, _SAME_NAME_MAX)

    def _make_room(self, turn: LedgerTurn, definition: JobDefinition) -> None:
        """Remove jobs of the same name that were for one time, which has been; refuse others."""
        for other in self._named(turn.state, definition):
            state = turn.state.schedules.get(other.schedule_name)
            is_once = other.timing is not None and other.timing.kind is ScheduleKind.ONE_TIME
            if not is_once or state is None or state.next_at is not None:
                raise name_taken(definition)
            turn.state.job_definitions.save(
                _next_version(replace(other, is_removed=True), other, turn)
            )

    def _keep(self, turn: LedgerTurn, definition: JobDefinition) -> bool:
        """Keep a job with its schedule; ``False``: more has come, so go on in another turn."""
        schedule = definition.schedule()
        if schedule is None:
            _keep_pause(turn, definition.schedule_name)
            is_settled = self._sync.retire(turn, definition.schedule_name)
        else:
            is_settled = self._sync.make(turn, schedule)
        if is_settled:
            turn.state.job_definitions.save(definition)
        return is_settled

    def _in_turns(self, deed: Callable[[LedgerTurn], JobDefinition | None]) -> JobDefinition:
        while True:
            with self._ledger.turn() as turn:
                done = deed(turn)
            if done is not None:
                return done


@contextmanager
def _telling_of(draft: JobDraft) -> Iterator[None]:
    """Have an error say which job of a file it is about."""
    try:
        yield
    except InvalidRequest as error:
        name = printable(draft.name)[:_NAME_CHARACTERS_MAX]
        told = f"Job {name}: {error.message}"
        raise InvalidRequest(error.code, told, error.remedy) from None


def _dependency(
    turn: Turn, name: str, tenants: Sequence[str], coming: Collection[tuple[str, str]]
) -> str:
    """Return the id of a job that an id or a name stands for, of the first tenant that has one."""
    found = turn.job_definitions.get(name)
    if found is not None and not found.is_removed and found.tenant in tenants:
        return found.id
    for tenant in tenants:
        named = turn.job_definitions.search(JobFilter(name=name, tenants=(tenant,)), 1)
        if named:
            return named[0].id
        if (tenant, name) in coming:
            return name
    raise unknown_dependency(name)


def _visible(turn: Turn, job_id: str, actor: Actor) -> JobDefinition:
    return refuse_hidden(turn.job_definitions.get(job_id), job_id, actor)


def _known(turn: Turn, job_id: str) -> JobDefinition:
    found = turn.job_definitions.get(job_id)
    assert found is not None  # noqa: S101 - jobs are never taken away
    return found


def _keep_pause(turn: LedgerTurn, schedule_name: str) -> None:
    """Keep the pause of a schedule that goes: a job that loses its times stays paused."""
    state = turn.state.schedules.get(schedule_name)
    if state is not None and state.pause is not None and not state.retired:
        turn.state.scheduler_pauses.save(schedule_name, state.pause)


def _next_version(changed: JobDefinition, before: JobDefinition, turn: LedgerTurn) -> JobDefinition:
    return replace(changed, version=before.version + 1, updated_at=turn.now)


def _note(turn: LedgerTurn, actor: Actor, action: str, subject: str, reason: str) -> None:
    turn.state.audit.add(AuditEntry(turn.now, actor.name, action, subject, reason, actor.origin))
