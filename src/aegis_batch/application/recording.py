"""Records closes made by hand, which go without the work queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aegis_batch.application.ledger import first_work_id
from aegis_batch.application.listening import requests_in
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.ports.state import State
from aegis_batch.application.sealing import ToSeal, add_seals
from aegis_batch.application.timeline_text import timeline_text
from aegis_batch.domain.events import Event, RunEvent
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["HeardClose", "RecordCloseUseCase", "RunListener"]

_EVENTS_MAX = 200


@dataclass(frozen=True, slots=True)
class HeardClose:
    """How a close ended, and what happened in it."""

    result: CloseResult
    events: Sequence[RunEvent]


class RunListener:
    """Remembers what happened in a run, to be recorded at its end; the last 200 events."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._heard: list[RunEvent] = []

    @property
    def events(self) -> Sequence[RunEvent]:
        """What was heard, in the order in which it happened."""
        return tuple(self._heard)

    def emit(self, event: Event) -> None:
        """Take one event; see ``MetricsSink``."""
        if isinstance(event, RunEvent):
            self._heard.append(event)
            del self._heard[:-_EVENTS_MAX]


class RecordCloseUseCase:
    """Keeps in the ledger how closes by hand ended."""

    def __init__(self, state: State, clock: Clock, meter: ResourceMeter, executor: str) -> None:
        """Take the ports, and the name of the machine that it ran on."""
        self._state = state
        self._clock = clock
        self._meter = meter
        self._executor = executor

    def record(self, result: CloseResult, events: Sequence[RunEvent], operator: str) -> None:
        """Keep a result and what happened; a failed close by hand is no dead letter.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        self.record_each([HeardClose(result, events)], operator)

    def record_each(self, closes: Sequence[HeardClose], operator: str) -> None:
        """Keep results as ``record`` does, all in one turn; each is of another tenant."""
        now = self._clock.now()
        cpu_seconds = self._meter.thread_cpu_seconds() / len(closes)
        records = [self._record(close, operator, now, cpu_seconds) for close in closes]
        entries = [
            TimelineEntry(event.run.id, event.at, event.name, timeline_text(event))
            for close in closes
            for event in close.events
        ]
        to_seal = [
            ToSeal(record, close.result.outcome, sealed)
            for record, close in zip(records, closes, strict=True)
            if (sealed := SealedReport.of(close.result)) is not None
        ]
        with self._state.turn() as turn:
            turn.many_runs.add(records)
            turn.timeline.add(entries)
            add_seals(turn, to_seal, now)

    def _record(
        self, close: HeardClose, operator: str, now: datetime, cpu_seconds: float
    ) -> RunRecord:
        result = close.result
        started_at = now - timedelta(milliseconds=result.duration_ms)
        return RunRecord(
            id=result.run.id,
            trace_id=result.run.trace_id,
            job=JobKind.CLOSE,
            key=result.run.key,
            trigger=Trigger.HAND,
            requested_by=operator,
            state=RunState.SUCCEEDED if result.outcome.is_success else RunState.FAILED,
            work_id=first_work_id(result.run.id),
            enqueued_at=started_at,
            due_at=started_at,
            attempt=1,
            started_at=started_at,
            ended_at=now,
            executor=self._executor,
            outcome=result.outcome,
            orders=None if result.seal is None else result.seal.orders_read,
            seal=result.seal,
            backend=result.backend,
            problem=result.problem,
            duration_ms=result.duration_ms,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=self._meter.peak_memory_bytes(),
            requests=requests_in(close.events),
            zone_name=result.zone_name,
        )
