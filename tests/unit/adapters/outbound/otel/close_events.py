"""The events of a close."""

from datetime import UTC, date, datetime, timedelta

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Action, Rule
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseStarted,
    Event,
    OrdersRead,
    ReportSought,
    ReportSubmitted,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    Step,
    StepStarted,
)
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, Run

AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def a_run(run_id: str = "run 1", tenant: str = "default", trace_id: str = TRACE_ID) -> Run:
    return Run(run_id, trace_id, CloseKey(tenant, Period(PeriodKind.DAY, date(2026, 11, 21))))


def after(milliseconds: float) -> datetime:
    return AT + timedelta(milliseconds=milliseconds)


def closed(run: Run, *, dry_run: bool = False) -> list[Event]:
    """Return a close that finds nothing at the second try, reads and hands over."""
    return [
        CloseStarted(run=run, at=AT, dry_run=dry_run),
        StepStarted(run=run, at=after(1), step=Step.FIND),
        RequestFailed(
            run=run,
            at=after(3),
            operation="find",
            attempt=1,
            reason="timed_out",
            status=None,
            wait_seconds=0.25,
        ),
        RequestAnswered(run=run, at=after(6), operation="find", attempt=2, status=404),
        ReportSought(run=run, at=after(7), found=False, duration_ms=6),
        StepStarted(run=run, at=after(8), step=Step.READ),
        OrdersRead(run=run, at=after(20), orders=128, lines=311, violations=2, duration_ms=12),
        RuleBroken(run=run, at=after(20), rule=Rule.EMPTY_ORDER, action=Action.WARN, count=2),
        StepStarted(run=run, at=after(21), step=Step.SUBMIT),
        RequestAnswered(run=run, at=after(29), operation="submit", attempt=1, status=201),
        ReportSubmitted(run=run, at=after(30), status=201, attempts=1, duration_ms=9),
        CloseCompleted(
            run=run,
            at=after(31),
            dry_run=dry_run,
            outcome=Outcome.DRY_RUN if dry_run else Outcome.CREATED,
            orders=128,
            duration_ms=31,
        ),
    ]


def of_closes() -> list[Event]:
    """Return the events of a close of which all is counted that there is."""
    return closed(a_run())
