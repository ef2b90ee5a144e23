"""Runs for people: a list of them, and one with all that is known of it."""

from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import Clockface, utc
from aegis_batch.adapters.inbound.cli.periods import period_heading, period_in_full
from aegis_batch.adapters.inbound.cli.seal_words import origin, what_was_read
from aegis_batch.application.history import RunHistory
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run import Trigger
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.seal import Seal

__all__ = ["history_as_text", "problem_facts", "runs_as_text"]

_MEBIBYTE = 1024 * 1024


def runs_as_text(
    records: Sequence[RunRecord], calendar: Clockface, *, names_tenants: bool = False
) -> str:
    """Return runs one a line, as they come."""
    first = period_heading(record.key.period for record in records)
    whose = ("tenant",) if names_tenants else ()
    headings = (first, *whose, "job", "state", "result", "enqueued in UTC", calendar.heading, "run")
    return table(
        headings,
        (
            (
                str(record.key.period),
                *((record.key.tenant,) if names_tenants else ()),
                record.job.value,
                record.state.value,
                _result(record),
                f"{record.enqueued_at:%Y-%m-%d %H:%M}",
                calendar.short(record.enqueued_at),
                record.id,
            )
            for record in records
        ),
    )


def history_as_text(history: RunHistory, calendar: Clockface) -> str:
    """Return one run: what it is, how it went, its evidence, and its timeline."""
    record = history.record
    parts = [facts([*_identity(record), *_progress(record, calendar)])]
    if record.problem is not None:
        parts.append(facts(problem_facts(record.problem)))
    if record.seal is not None:
        parts.append(facts(_evidence(record.seal)))
    if history.timeline:
        parts.append(_timeline(history.timeline, calendar))
    letter = history.dead_letter
    if letter is not None:
        command = f"aegis-batch dead-letters show {letter.run_id}"
        parts.append(f"It is a dead letter ({letter.state}): {command}")
    return "\n\n".join(parts)


def problem_facts(problem: Problem) -> list[tuple[str, str | None]]:
    """Return what went wrong, and what to do, as facts."""
    return [("error", problem.code), ("", problem.message), ("remedy", problem.remedy)]


def _result(record: RunRecord) -> str:
    if record.problem is not None:
        return record.problem.code
    return "-" if record.outcome is None else record.outcome.value


def _identity(record: RunRecord) -> list[tuple[str, str | None]]:
    tenant = record.key.tenant
    return [
        ("run", record.id),
        ("job", f"{record.job} of {period_in_full(record.key.period)}"),
        ("tenant", None if tenant == "default" else tenant),
        ("state", record.state.value + (", to be cancelled" if record.cancel_requested else "")),
        ("outcome", None if record.outcome is None else record.outcome.value),
        ("attempts", str(record.attempt)),
        ("trigger", f"{record.trigger} by {record.requested_by}"),
        ("schedule", record.schedule),
        ("backfill" if record.trigger is Trigger.BACKFILL else "night", record.parent),
        ("replay of", record.replay_of),
    ]


def _progress(record: RunRecord, calendar: Clockface) -> list[tuple[str, str | None]]:
    duration, cpu, memory = record.duration_ms, record.cpu_seconds, record.peak_memory_bytes
    is_over = record.state.is_final
    return [
        ("nominal", calendar.nominal(record.nominal)),
        ("enqueued", calendar.both(record.enqueued_at)),
        ("due", None if is_over else calendar.both(record.due_at)),
        ("started", calendar.both(record.started_at)),
        ("ended", calendar.both(record.ended_at)),
        ("took", None if duration is None else f"{duration:,.0f} ms in its last attempt"),
        ("used", None if cpu is None else f"{cpu:.2f} s of a processor"),
        ("memory", None if memory is None else f"{memory / _MEBIBYTE:,.0f} MiB at its peak"),
        ("executor", record.executor),
        ("trace", record.trace_id),
        ("orders", None if record.orders is None else f"{record.orders:,}"),
    ]


def _evidence(seal: Seal) -> list[tuple[str, str | None]]:
    window, versions = seal.window, seal.versions
    program = f"aegis-batch {versions.program}"
    return [
        ("window", f"{utc(window.start)} to {utc(window.end)}"),
        ("read", what_was_read(seal)),
        ("totals", seal.totals_digest),
        ("body", seal.body_digest),
        ("from", f"{origin(seal)} at {utc(seal.read_at)}"),
        ("by", f"{program}, tzdata {versions.tzdata}, Unicode {versions.unicode}"),
    ]


def _timeline(entries: Sequence[TimelineEntry], calendar: Clockface) -> str:
    headings = ("UTC", calendar.heading, "event", "with")
    return table(
        headings,
        (
            (
                f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                calendar.short(entry.at),
                entry.name,
                entry.text,
            )
            for entry in entries
        ),
        may_fold=False,
    )
