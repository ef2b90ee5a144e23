"""The laws of many tenants on many machines, held against each call and each commit."""

from collections.abc import Callable
from datetime import date

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.events import Event, RunEvent
from aegis_batch.domain.run import CloseKey, JobKind, Run, RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import EVERYONE
from tests.simulation.fleet.lease_laws import LeaseLaws
from tests.simulation.fleet.mall import Mall, strangers_in
from tests.simulation.fleet.night_laws import NightLaws
from tests.simulation.fleet.stage import Life
from tests.simulation.law import BrokenLawError
from tests.simulation.oracle import Facts
from tests.simulation.watched_state import Changes

__all__ = ["FleetLaws"]

_UNDER_WAY = ("queued", "running", "waiting", "held")
# What is the engine's, not the tenant's: it says nothing of what happened to the attempt itself.
_LOST = "work_lost"
_CLOSED = ("created", "already_closed")


class FleetLaws:
    """Knows what each process was shown and told about each tenant, and what it may make of it."""

    def __init__(
        self,
        mall: Mall,
        backend: InMemoryReportGateway,
        leases: LeaseLaws,
        nights: NightLaws,
        reached: Callable[[str], None],
    ) -> None:
        """Take the world as it is behind the faults, and the laws of other things."""
        self._mall = mall
        self._backend = backend
        self.leases = leases
        self.nights = nights
        self._reached = reached
        self._bodies: dict[CloseKey, set[bytes]] = {}
        self._first: dict[CloseKey, bytes] = {}
        # By process and period: what it read last, and whether it met trouble since it began.
        self._shown: dict[tuple[str, CloseKey], tuple[Facts, bytes]] = {}
        self._troubled: set[tuple[str, CloseKey]] = set()
        self._going: dict[CloseKey, str] = {}
        self.unfinished: dict[str, RunRecord] = {}
        self._tenant_of_run: dict[str, str] = {}
        self._sealed: dict[str, int] = {}

    # What goes outside

    def saw(self, life: Life, tenant: str, day: date, orders: list) -> None:  # type: ignore[type-arg]
        """Take what a process was shown of a tenant's orders of a day."""
        oracle, key = self._mall.oracle_of(tenant), _key(tenant, day)
        facts = oracle.facts(day, day, orders)
        body = oracle.body(day, facts)
        self._shown[life.name, key] = facts, body
        if not facts.broken:
            self._bodies.setdefault(key, set()).add(body)

    def of_trouble(self, life: Life, tenant: str, day: date) -> None:
        """Take note that an attempt of a process met trouble that is its tenant's."""
        self._troubled.add((life.name, _key(tenant, day)))

    def of_a_submission(self, life: Life, run: Run, body: bytes) -> None:
        """Only the orders of a tenant are in its report, as they were in one snapshot."""
        strangers = strangers_in(body.decode(), run.key.tenant)
        if strangers:
            raise BrokenLawError(f"what is sent for {run.key.tenant} holds orders of {strangers}")
        if body not in self._bodies.get(run.key, ()):
            raise BrokenLawError(f"sent for {run.key} what no snapshot holds: {body!r}")
        self.leases.of_a_submission(life, run)

    def was_submitted(self, run: Run, body: bytes) -> None:
        """A day is closed once in effect: with the first report."""
        first = self._first.setdefault(run.key, body)
        stored = self._backend.stored[run.key]
        if f'"totalOrders":{stored.total_orders},'.encode() not in first:
            raise BrokenLawError(f"the report of {run.key} was replaced")

    def of_an_event(self, life: Life, event: Event, text: str) -> None:
        """Nothing of one tenant is in what is told about another."""
        if not isinstance(event, RunEvent):
            self.nights.of_an_event(life, event)
            return
        tenant = event.run.key.tenant
        if tenant == EVERYONE:
            self._of_words(text, "an event of all")
        elif strangers := strangers_in(text, tenant):
            raise BrokenLawError(f"an event of {tenant} tells of {strangers}: {text}")

    # What is committed

    def committed(self, life: Life, changes: Changes) -> None:
        """Hold a commit against all laws that speak of commits."""
        for before, after in changes.runs:
            self._tenant_of_run[after.id] = after.key.tenant
            self.leases.of_a_run(life, before, after)
            self._of_a_run(life, before, after)
        self.leases.of_commit(life, changes)
        self._of_seals(changes)
        self._of_words_kept(changes)
        self.nights.of_commit(life, changes)

    def _of_a_run(self, life: Life, before: RunRecord | None, after: RunRecord) -> None:
        if before is None or before.state is not after.state:
            self._reached(f"run: {after.job} {after.state}")
        if after.state in _UNDER_WAY:
            self.unfinished[after.id] = after
        else:
            self.unfinished.pop(after.id, None)
        if after.job is not JobKind.CLOSE:
            return
        zone = self._mall.members[after.key.tenant].tenant.zone_name
        if after.zone_name != zone:
            raise BrokenLawError(f"{after.key} goes by {after.zone_name}, and is in {zone}")
        self._of_one_at_a_time(after)
        if after.state is RunState.RUNNING:
            if before is not None and (
                before.state is not RunState.RUNNING or before.fence != after.fence
            ):
                self._troubled.discard((life.name, after.key))
        elif before is not None and before.state is RunState.RUNNING:
            self._of_an_end(life, before, after)

    def _of_one_at_a_time(self, after: RunRecord) -> None:
        if after.state in _UNDER_WAY:
            if after.key in self.nights.closed:
                raise BrokenLawError(f"{after.key} is closed, and dispatched again")
            if self._going.setdefault(after.key, after.id) != after.id:
                raise BrokenLawError(f"{after.key} is closed twice at once")
        elif self._going.get(after.key) == after.id:
            del self._going[after.key]

    def _of_an_end(self, life: Life, before: RunRecord, after: RunRecord) -> None:
        """How an attempt ends is what happened to its own tenant, and to no other."""
        code = None if after.problem is None else after.problem.code
        self._reached(f"problem: {code}")
        if after.state is RunState.SUCCEEDED:
            if after.key not in self._backend.stored or str(after.outcome) not in _CLOSED:
                raise BrokenLawError(f"{after.key} succeeded ({after.outcome}) without a report")
            return
        if after.state not in (RunState.WAITING, RunState.FAILED) or code == _LOST:
            return
        facts, body = self._shown.get((life.name, after.key), (Facts(), b""))
        if code == "orders_rejected":
            is_true = bool(facts.broken)
        elif code == "lease_lost":
            is_true = self.leases.was_silent(life)
        elif code == "state_locked":
            # Permits are asked for there.
            is_true = self.leases.permit_seconds > 0
        elif code == "conflict":
            is_true = body != self._first.get(after.key)
        else:
            is_true = (life.name, after.key) in self._troubled
        if not is_true:
            raise BrokenLawError(f"{after.key} fails, and nothing has befallen it: {after.problem}")
        del before

    def _of_seals(self, changes: Changes) -> None:
        for link in changes.seals:
            body = link.sealed.body.encode()
            if body not in self._bodies.get(link.key, ()):
                raise BrokenLawError(f"{link.key} is sealed with what is not its own: {body!r}")
            number = self._sealed.get(link.key.tenant, 0) + 1
            if link.number != number:
                raise BrokenLawError(f"the chain of {link.key.tenant} goes on with {link.number}")
            self._sealed[link.key.tenant] = number

    def _of_words_kept(self, changes: Changes) -> None:
        for entry in changes.timeline:
            tenant = self._tenant_of_run.get(entry.run_id, EVERYONE)
            if tenant == EVERYONE:
                self._of_words(entry.text, "a timeline of all")
            elif strangers := strangers_in(entry.text, tenant):
                raise BrokenLawError(f"the timeline of {tenant} tells of {strangers}")
        for _, run in changes.runs:
            if run.key.tenant != EVERYONE and run.problem is not None:
                strangers = strangers_in(repr(run.problem), run.key.tenant)
                if strangers:
                    raise BrokenLawError(f"a run of {run.key.tenant} tells of {strangers}")
        for notice in changes.notices:
            self._reached(f"notice: {notice.event}")
            if notice.key.startswith("dead_letter:"):
                tenant = self._tenant_of_run[notice.key.removeprefix("dead_letter:")]
                if strangers := strangers_in(notice.text, tenant):
                    raise BrokenLawError(f"a notice about {tenant} tells of {strangers}")
            else:
                self._of_words(notice.text, "a notice of all")

    def _of_words(self, text: str, what: str) -> None:
        if "kx" in text:
            raise BrokenLawError(f"{what} holds names of what a tenant sells: {text}")


def _key(tenant: str, day: date) -> CloseKey:
    return CloseKey(tenant, Period(PeriodKind.DAY, day))
