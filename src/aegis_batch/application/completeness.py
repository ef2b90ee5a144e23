"""Completeness: hold the days that are closed against those that should be, tenant by tenant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from aegis_batch.application.day_standing import Standing
from aegis_batch.application.jobs import Ended, stands_for
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.tenants_days import TenantDay, TenantsDays
from aegis_batch.domain.job_events import DayOverdue, JobCompleted, JobStarted
from aegis_batch.domain.notice import NIGHT_COMPLETE, NIGHT_FAILED, NoticeKind
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import ID_CHARACTERS_MAX, Tenant
from aegis_batch.domain.tenant_events import TenantsCounted

__all__ = ["CompletenessJob"]

_NAMED_MAX = 100
# Room for so many, each with the longest id there is, on a day of its own.
_NO_ZONE = "its time zone is none"
_ZONE_CHARACTERS_MAX = 50
_TEXT_CHARACTERS_MAX = 500 + _NAMED_MAX * (ID_CHARACTERS_MAX + 100)


@dataclass(slots=True)
class _Count:
    """What was found: so many days, and of those that are not closed the first by name."""

    expected: int = 0
    missing: int = 0
    tenants_missing: int = 0
    named: list[TenantDay] = field(default_factory=list)
    # Those whose zone is none, with the day that can't be closed.
    zoneless: list[tuple[date, Tenant]] = field(default_factory=list)

    def add(self, page: Sequence[TenantDay]) -> None:
        self.expected += len(page)
        missing = [day for day in page if day.standing.standing is not Standing.CLOSED]
        self.missing += len(missing)
        self.tenants_missing += len({day.tenant.id for day in missing})
        self.named += missing[: self._room]

    def add_zoneless(self, day: date, tenants: Sequence[Tenant]) -> None:
        self.expected += len(tenants)
        self.missing += len(tenants)
        self.tenants_missing += len(tenants)
        self.zoneless += [(day, tenant) for tenant in tenants[: self._room]]

    @property
    def _room(self) -> int:
        return _NAMED_MAX - len(self.named) - len(self.zoneless)


class CompletenessJob:
    """Counts, and names, the tenants of a zone whose days are not closed.

    As the deadline it tells of each day that is overdue; after a night, how the night came out.
    The ledger alone is asked: what it doesn't know to be closed is missing.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, metrics: MetricsSink, tenants_days: TenantsDays
    ) -> None:
        """Take the ports, and the tenants with their days."""
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._tenants_days = tenants_days

    def do(self, record: RunRecord) -> Ended:
        """Count the days of all tenants; see ``Job``."""
        started = self._clock.monotonic_seconds()
        now = self._clock.now()
        self._metrics.emit(JobStarted(run=record.run, at=now, job=record.job))
        with self._ledger.look() as turn:
            nominal = stands_for(turn, record)
        count = _Count()
        for page in self._tenants_days.expected(record.zone_name, nominal, now):
            count.add(page)
        if record.zone_name is None:
            # They have no night of their own.
            for day, tenants in self._tenants_days.without_calendar(nominal, now):
                count.add_zoneless(day, tenants)

        def tell(turn: LedgerTurn) -> None:
            _tell(turn, record, count)
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=record.job,
                    told=f"{count.expected} days of tenants expected, {count.missing} not closed",
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=tell)


def _tell(turn: LedgerTurn, record: RunRecord, count: _Count) -> None:
    zone_name = record.zone_name
    turn.tell(
        TenantsCounted(
            at=turn.now,
            zone=zone_name,
            expected=count.expected,
            closed=count.expected - count.missing,
            missing=count.missing,
        )
    )
    of_zone = "" if zone_name is None else f" in {zone_name}"
    day = record.key.period.first_day
    if record.job is JobKind.DEADLINE:
        for each in count.named:
            turn.tell(
                DayOverdue(
                    run=record.run,
                    at=turn.now,
                    day=each.key.period.first_day,
                    why=f"{each.tenant.id}: {each.standing.why}",
                )
            )
        for overdue, tenant in count.zoneless:
            turn.tell(
                DayOverdue(
                    run=record.run,
                    at=turn.now,
                    day=overdue,
                    why=f"{tenant.id}: {_NO_ZONE} ({_shown(tenant.zone_name)})",
                )
            )
        if count.missing:
            turn.announce(
                NoticeKind.MESSAGE,
                key=f"overdue:{record.key.tenant}:{zone_name or ''}:{day}",
                event=DayOverdue.name,
                text=f"By the deadline of {day}{of_zone} {_missing_text(count)}",
                characters_max=_TEXT_CHARACTERS_MAX,
            )
        return
    if count.missing == 0:
        turn.announce(
            NoticeKind.NIGHT_COMPLETE,
            key=f"night:{record.parent}:complete",
            event=NIGHT_COMPLETE,
            text=f"The night of {day}{of_zone} is complete: {count.expected} days are closed.",
        )
        return
    text = f"After the night of {day}{of_zone} {_missing_text(count)}"
    for kind, key in ((NoticeKind.NIGHT_FAILED, "failed"), (NoticeKind.MESSAGE, "missing")):
        turn.announce(
            kind,
            key=f"night:{record.id}:{key}",
            event=NIGHT_FAILED,
            text=text,
            characters_max=_TEXT_CHARACTERS_MAX,
        )


def _missing_text(count: _Count) -> str:
    more = count.missing - len(count.named) - len(count.zoneless)
    named = "; ".join([*_named(count.named), *_zoneless(count.zoneless)])
    and_more = f"; and {more} more" if more else ""
    tenants = "1 tenant" if count.tenants_missing == 1 else f"{count.tenants_missing} tenants"
    return (
        f"{count.missing} of {count.expected} days are not closed, of {tenants}."
        f" See: aegis-batch runs --tenant TENANT. {named}{and_more}."
    )


def _named(days: Sequence[TenantDay]) -> Iterator[str]:
    """Return the tenants by name, those whose day is the same and stands the same together."""
    alike: dict[str, list[str]] = {}
    for day in days:
        how = f"{day.key.period.first_day} {day.standing.standing.words}"
        alike.setdefault(how, []).append(day.tenant.id)
    return (f"{how}: {', '.join(tenants)}" for how, tenants in alike.items())


def _zoneless(tenants: Sequence[tuple[date, Tenant]]) -> Iterator[str]:
    """Return those whose zone is none by name, those of the same zone together."""
    alike: dict[str, list[str]] = {}
    for day, tenant in tenants:
        how = f"{day} can't be closed, there is no time zone {_shown(tenant.zone_name)}"
        alike.setdefault(how, []).append(tenant.id)
    return (f"{how}: {', '.join(ids)}" for how, ids in alike.items())


def _shown(zone_name: str | None) -> str:
    return printable(zone_name or "")[:_ZONE_CHARACTERS_MAX]
