"""Records as the state keeps them, with every field filled or none that can be left out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import Backfill, Deed, PeriodStanding, PlannedPeriod, Reprocess
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import (
    Decision,
    Occurrence,
    Schedule,
    ScheduleKind,
    ScheduleState,
    Timing,
)
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, SealedReport, SealLink
from aegis_batch.domain.task import Priority, Task
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Verdict, Verification

__all__ = [
    "DAY",
    "MICROSECOND",
    "NOON",
    "PROBLEM",
    "SEAL",
    "SECOND",
    "a_backfill",
    "a_dead_letter",
    "a_full_run",
    "a_key",
    "a_notice",
    "a_planned_period",
    "a_run",
    "a_schedule",
    "a_seal_link",
    "a_verification",
    "an_audit_entry",
    "an_occurrence",
]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
DAY = date(2026, 11, 21)

PROBLEM = Problem("a_code", 'What is wrong: "ação", <b>.', "What to do.", retryable=True)
SEAL = Seal(
    window=Calendar(ZoneInfo("America/Sao_Paulo"), "America/Sao_Paulo").window(DAY),
    orders_read=7,
    lines_read=9,
    items_sold=Decimal("12345678901234567890.000000000000000000001"),
    distinct_items=3,
    totals_digest="sha256:00ff",
    body_digest="sha256:ff00",
    snapshot="741:741:",
    read_at=NOON + MICROSECOND,
    versions=Versions(program="0.1.0", tzdata="2025.2", unicode="14.0.0"),
)


def a_key(day: date = DAY, tenant: str = "default") -> CloseKey:
    """Return the key of a day's close."""
    return CloseKey(tenant, Period(PeriodKind.DAY, day))


def a_run(run_id: str, enqueued_at: datetime = NOON, **changes: object) -> RunRecord:
    """Return a run with only what it must have."""
    fields: dict[str, object] = {
        "trace_id": "0" * 31 + "1",
        "job": JobKind.CLOSE,
        "key": a_key(),
        "trigger": Trigger.HAND,
        "requested_by": "ana",
        "state": RunState.QUEUED,
        "work_id": f"{run_id}#1",
        "due_at": enqueued_at,
    }
    return RunRecord(id=run_id, enqueued_at=enqueued_at, **{**fields, **changes})  # type: ignore[arg-type]


def a_full_run(run_id: str) -> RunRecord:
    """Return a run with all that it can have, and instants that differ by a microsecond."""
    return a_run(
        run_id,
        due_at=NOON + MICROSECOND,
        attempt=3,
        requeues=2,
        nominal=NOON - MICROSECOND,
        schedule="daily-close",
        parent="a-night",
        replay_of="another",
        cancel_requested=True,
        started_at=NOON + 2 * MICROSECOND,
        ended_at=NOON + 3 * MICROSECOND,
        executor="machine-1",
        outcome=Outcome.CREATED,
        orders=2**40,
        seal=SEAL,
        problem=PROBLEM,
        duration_ms=0.1 + 0.2,
        cpu_seconds=1e-9,
        peak_memory_bytes=2**50,
        requests=4,
        backend="00ff00ff00ff00ff",
        zone_name="America/Manaus",
        fence=2**40 + 1,
        task=Task(
            job_name="rankings",
            priority=Priority.HIGH,
            attempts_max=2,
            timeout_seconds=60,
            immediate_retry=True,
            arguments='{"ação":1}',
        ),
    )


def a_schedule(name: str, next_at: datetime | None = NOON, **changes: object) -> ScheduleState:
    """Return a schedule and where it stands."""
    timing = Timing(ScheduleKind.FIXED_RATE, every=timedelta(hours=1, microseconds=1))
    schedule = Schedule(name, JobKind.NIGHT, timing)
    return ScheduleState(schedule, next_at, **changes)  # type: ignore[arg-type]


def an_occurrence(
    nominal: datetime = NOON, schedule: str = "daily-close", run_id: str | None = None
) -> Occurrence:
    """Return a decision."""
    decided_at = nominal + SECOND
    return Occurrence(schedule, nominal, decided_at, Decision.RAN, "it was due", run_id)


def a_dead_letter(run_id: str, died_at: datetime = NOON, **changes: object) -> DeadLetter:
    """Return a dead letter that is open."""
    fields: dict[str, object] = {
        "job": JobKind.CLOSE,
        "key": a_key(),
        "outcome": Outcome.REJECTED,
        "problem": PROBLEM,
        "attempts": 3,
    }
    return DeadLetter(run_id=run_id, died_at=died_at, **{**fields, **changes})  # type: ignore[arg-type]


def a_notice(key: str, due_at: datetime = NOON, **changes: object) -> Notice:
    """Return a notice that is pending."""
    fields: dict[str, object] = {
        "kind": NoticeKind.MESSAGE,
        "event": "day.overdue",
        "text": "2026-11-21 is not closed.",
        "created_at": NOON,
    }
    return Notice(key=key, due_at=due_at, **{**fields, **changes})  # type: ignore[arg-type]


def an_audit_entry(subject: str) -> AuditEntry:
    """Return an entry of the audit trail."""
    return AuditEntry(NOON, "ana", "dead_letter.replay", subject, "the Backend is back", "10.0.0.7")


def a_seal_link(number: int, key: CloseKey | None = None) -> SealLink:
    """Return a link of a chain of seals."""
    return SealLink(
        number=number,
        key=key or a_key(),
        run_id=f"run-{number}",
        outcome=Outcome.CREATED,
        sealed_at=NOON,
        previous=FIRST_PREVIOUS,
        sealed=SealedReport(SEAL, Totals(orders=number, items={"Chá": Decimal(2)}), "{}"),
    )


def a_verification(key: CloseKey | None = None, **changes: object) -> Verification:
    """Return a verification of a period that is as it was sealed."""
    fields: dict[str, object] = {
        "verdict": Verdict.EQUAL,
        "seal_digest": a_seal_link(1).kept().digest,
        "verified_at": NOON,
    }
    return Verification(key=key or a_key(), **{**fields, **changes})  # type: ignore[arg-type]


def a_backfill(backfill_id: str) -> Backfill:
    """Return a backfill that was planned, with only what it must have."""
    return Backfill(
        id=backfill_id,
        tenant="default",
        kind=PeriodKind.DAY,
        first_day=DAY - timedelta(days=9),
        last_day=DAY,
        reprocess=Reprocess.FAILED,
        newest_first=False,
        max_active=2,
        planned_by="ana",
        planned_at=NOON + MICROSECOND,
        backend="00ff00ff00ff00ff",
        to_do=10,
        next_day=DAY - timedelta(days=9),
    )


def a_planned_period(day: date) -> PlannedPeriod:
    """Return a day of a plan that is open, and to be closed."""
    return PlannedPeriod(Period(PeriodKind.DAY, day), PeriodStanding.OPEN, Deed.CLOSE)
