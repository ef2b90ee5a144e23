"""Close the same day of all tenants at once, by hand: a page of the directory at a time."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from aegis_batch.application.close_request import last_ended
from aegis_batch.application.hand_leases import HandLeases
from aegis_batch.application.jobs import Done, Ended
from aegis_batch.application.ledger import first_work_id
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.recording import HeardClose
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.application.tenant_choice import pages_of
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import Tenant

__all__ = ["CloseEveryoneRequest", "CloseEveryoneUseCase", "HeardResults", "TenantClosed"]


@dataclass(frozen=True, slots=True)
class CloseEveryoneRequest:
    """The wish to close the period of a kind that holds ``day``: the last one unless given.

    That is the last one in each tenant's own zone. A tenant is left out whose first day by the
    directory comes after the period.
    """

    day: date | None = None
    kind: PeriodKind = PeriodKind.DAY


@dataclass(frozen=True, slots=True)
class TenantClosed:
    """How the close of one tenant ended.

    ``result`` is all that is known of it, ``None`` where it could not begin; ``ended`` says why.
    """

    record: RunRecord
    ended: Ended
    result: CloseResult | None


class HeardResults:
    """Remembers what came of each close until it is asked for; any thread may tell."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._heard: dict[str, CloseResult] = {}

    def tell(self, result: CloseResult) -> None:
        """Take what came of a close."""
        self._heard[result.run.id] = result

    def pop(self, run_id: str) -> CloseResult | None:
        """Return what came of a close, once; ``None`` where it could not begin."""
        return self._heard.pop(run_id, None)


class CloseEveryoneUseCase:
    """Closes the tenants of the directory as a night does: one scan a page, one submission each.

    Killed at any point and started again, it loses and doubles nothing.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what it closes with
        self,
        *,
        directory: TenantDirectory,
        shard_close: ShardClose,
        calendars: Calendars,
        clock: Clock,
        identifiers: Identifiers,
        listener: AttemptListener,
        results: HeardResults,
        keep: Callable[[Sequence[HeardClose]], None] | None,
        leases: HandLeases | None,
    ) -> None:
        """Take the ports, and what closes a shard.

        ``listener`` hears the events of the closes, and ``results`` what comes of each. ``keep`` is
        given a page of them to be recorded, and never raises; ``None`` where nothing is to be kept.
        ``leases`` are taken a page at a time, and asked for by each close when it begins.
        """
        self._directory = directory
        self._shard_close = shard_close
        self._calendars = calendars
        self._clock = clock
        self._identifiers = identifiers
        self._listener = listener
        self._results = results
        self._keep = keep
        self._leases = leases
        self._beginning_later = 0

    @property
    def beginning_later(self) -> int:
        """How many tenants were left out so far, since their first day comes later."""
        return self._beginning_later

    def close(self, request: CloseEveryoneRequest) -> Generator[TenantClosed, None, None]:
        """Close all tenants, and yield how each ended as it ends.

        Whatever goes wrong with one of them is that one's alone. What had ended is kept when it is
        stopped, by a ``KeyboardInterrupt`` too. Raises as the directory does.
        """

        def window_of(zone_name: str | None) -> Window:
            calendar = self._calendar_of(zone_name)
            return calendar.window_of(self._period(request, calendar))

        for page in pages_of(self._directory, window_of):
            yield from self._close_page(request, page)

    def _close_page(
        self, request: CloseEveryoneRequest, page: Sequence[Tenant]
    ) -> Generator[TenantClosed, None, None]:
        records = []
        for tenant in page:
            record = self._record(request, tenant)
            if tenant.closes_from is not None and record.key.period.last_day < tenant.closes_from:
                self._beginning_later += 1
            else:
                records.append(record)
        for record in records:
            self._listener.begin(record.id)
        heard: list[HeardClose] = []
        if self._leases is not None:
            self._leases.take([record.key for record in records])
        try:
            # Closed before what it left is kept: what is under way is waited for.
            with closing(self._shard_close.do(records)) as ends:
                for done in ends:
                    closed = self._closed(done)
                    if closed.result is not None:
                        heard.append(self._heard(closed.result))
                    yield closed
        finally:
            # What ended while others were waited for was confirmed all the same.
            late = (self._results.pop(record.id) for record in records)
            heard += [self._heard(result) for result in late if result is not None]
            if self._keep is not None and heard:
                self._keep(heard)
            if self._leases is not None:
                self._leases.give_back()

    def _closed(self, done: Done) -> TenantClosed:
        return TenantClosed(done.record, done.ended, self._results.pop(done.record.id))

    def _heard(self, result: CloseResult) -> HeardClose:
        return HeardClose(result, self._listener.end(result.run.id))

    def _record(self, request: CloseEveryoneRequest, tenant: Tenant) -> RunRecord:
        period = self._period(request, self._calendar_of(tenant.zone_name))
        run_id, now = self._identifiers.new_run_id(), self._clock.now()
        return RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=JobKind.CLOSE,
            key=CloseKey(tenant.id, period),
            trigger=Trigger.HAND,
            requested_by="",
            state=RunState.RUNNING,
            work_id=first_work_id(run_id),
            enqueued_at=now,
            due_at=now,
            zone_name=tenant.zone_name,
        )

    def _period(self, request: CloseEveryoneRequest, calendar: Calendar) -> Period:
        if request.day is not None:
            return Period.holding(request.kind, request.day)
        return last_ended(request.kind, calendar.business_date(self._clock.now()))

    def _calendar_of(self, zone_name: str | None) -> Calendar:
        try:
            return self._calendars.of(zone_name)
        except InvalidRequest:
            # Its tenants are told so, each by itself, when their closes begin.
            return self._calendars.of(None)
