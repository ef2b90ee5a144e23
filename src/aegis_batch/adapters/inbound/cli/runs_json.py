"""Runs, dead letters and what happened to them as JSON, for programs."""

from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_last_day,
    json_list,
    json_object,
    json_problem,
    json_seal,
    json_value,
    json_window,
)
from aegis_batch.application.history import RunHistory
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.run_record import RunRecord, TimelineEntry

__all__ = ["dead_letter_as_json", "history_as_json", "run_as_json"]


def history_as_json(history: RunHistory) -> str:
    """Return a run with its timeline and its dead letter, if it is one."""
    return json_object(
        {
            "run": run_as_json(history.record),
            "timeline": json_list(map(_entry, history.timeline)),
            "deadLetter": "null"
            if history.dead_letter is None
            else dead_letter_as_json(history.dead_letter),
        }
    )


def run_as_json(record: RunRecord) -> str:
    """Return everything that the ledger knows of a run."""
    return json_object(
        {
            "id": json_value(record.id),
            "job": json_value(record.job.value),
            "tenant": json_value(record.key.tenant),
            "period": json_value(record.key.period.kind.value),
            "date": json_value(record.key.period.first_day.isoformat()),
            "lastDate": json_last_day(record.key.period),
            "state": json_value(record.state.value),
            "outcome": json_value(record.outcome and record.outcome.value),
            "error": json_problem(record.problem),
            "attempt": json_value(record.attempt),
            "trigger": json_value(record.trigger.value),
            "requestedBy": json_value(record.requested_by),
            "schedule": json_value(record.schedule),
            "nominal": json_instant(record.nominal),
            "parent": json_value(record.parent),
            "replayOf": json_value(record.replay_of),
            "cancelRequested": json_value(record.cancel_requested),
            "enqueuedAt": json_instant(record.enqueued_at),
            "dueAt": json_instant(record.due_at),
            "startedAt": json_instant(record.started_at),
            "endedAt": json_instant(record.ended_at),
            "durationMs": json_value(record.duration_ms and round(record.duration_ms, 1)),
            "executor": json_value(record.executor),
            "orders": json_value(record.orders),
            "window": json_window(None if record.seal is None else record.seal.window),
            "seal": json_seal(record.seal),
            "cpuSeconds": json_value(record.cpu_seconds and round(record.cpu_seconds, 3)),
            "peakMemoryBytes": json_value(record.peak_memory_bytes),
            "traceId": json_value(record.trace_id),
            "correlationId": json_value(record.run.correlation_id),
        }
    )


def dead_letter_as_json(letter: DeadLetter) -> str:
    """Return a dead letter, and what was decided about it."""
    return json_object(
        {
            "runId": json_value(letter.run_id),
            "job": json_value(letter.job.value),
            "tenant": json_value(letter.key.tenant),
            "period": json_value(letter.key.period.kind.value),
            "date": json_value(letter.key.period.first_day.isoformat()),
            "lastDate": json_last_day(letter.key.period),
            "state": json_value(letter.state.value),
            "outcome": json_value(letter.outcome.value),
            "error": json_problem(letter.problem),
            "attempts": json_value(letter.attempts),
            "diedAt": json_instant(letter.died_at),
            "decidedBy": json_value(letter.decided_by),
            "decidedAt": json_instant(letter.decided_at),
            "reason": json_value(letter.reason),
            "replayedAs": json_value(letter.replayed_as),
        }
    )


def _entry(entry: TimelineEntry) -> str:
    return json_object(
        {
            "at": json_instant(entry.at),
            "event": json_value(entry.name),
            "text": json_value(entry.text),
        }
    )
