"""Books whose days are closed, sealed and verified, and whose weeks and months can be closed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.sealing import ToSeal, add_seals
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import SealedReport
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["SealedBooks"]


@dataclass
class SealedBooks:
    """A shop's books, long after its days have ended; each close by ``read`` has a new Backend."""

    reader: OrderReader
    policy: ReportPolicy
    state: InMemoryState = field(default_factory=lambda: InMemoryState(InMemoryWorkQueue()))
    sink: InMemoryMetricsSink = field(default_factory=InMemoryMetricsSink)
    clock: InMemoryClock = field(
        default_factory=lambda: InMemoryClock(datetime(2039, 1, 1, tzinfo=UTC))
    )

    def read(self, period: Period) -> CloseResult:
        """Close a period from its orders."""
        return self._close(period, self.policy, None)

    def merge(
        self, period: Period, policy: ReportPolicy | None = None, *, rebuild: bool = False
    ) -> CloseResult:
        """Close a period from the seals of its days, where that can be done."""
        policy = policy or self.policy
        sealed_days = SealedDays(self.state.look, policy)
        return self._close(period, policy, sealed_days, rebuild=rebuild)

    def seal(self, day: Period, verdict: Verdict | None = Verdict.EQUAL) -> CloseResult:
        """Close a day, keep its seal where it was closed, and what came of verifying it."""
        result = self.read(day)
        sealed = SealedReport.of(result)
        if sealed is not None:
            with self.state.turn() as turn:
                add_seals(
                    turn, [ToSeal(self._record(result), result.outcome, sealed)], self.clock.now()
                )
            if verdict is not None:
                self.verify(day, verdict)
        return result

    def verify(
        self, day: Period, verdict: Verdict = Verdict.EQUAL, seal_digest: str | None = None
    ) -> None:
        """Keep what came of verifying a day, against its newest seal unless told otherwise."""
        key = CloseKey("default", day)
        with self.state.turn() as turn:
            (kept,) = turn.seals.of(key, 1)
            turn.verifications.save(
                Verification(
                    key=key,
                    verdict=verdict,
                    seal_digest=seal_digest or kept.digest,
                    verified_at=self.clock.now(),
                )
            )

    def _record(self, result: CloseResult) -> RunRecord:
        now = self.clock.now()
        return RunRecord(
            id=result.run.id,
            trace_id=result.run.trace_id,
            job=JobKind.CLOSE,
            key=result.run.key,
            trigger=Trigger.HAND,
            requested_by="ana",
            state=RunState.SUCCEEDED,
            work_id=f"{result.run.id}#1",
            enqueued_at=now,
            due_at=now,
        )

    def _close(
        self,
        period: Period,
        policy: ReportPolicy,
        sealed_days: SealedDays | None,
        *,
        rebuild: bool = False,
    ) -> CloseResult:
        use_case = DailyCloseUseCase(
            self.reader, InMemoryReportGateway(), self.clock, self.sink, policy, sealed_days
        )
        return use_case.close(
            CloseRequest(
                run_id=f"{period.kind} {period.first_day}",
                trace_id="1" * 32,
                day=period.first_day,
                kind=period.kind,
                rebuild=rebuild,
            )
        )
