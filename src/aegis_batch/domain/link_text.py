"""The parts of a link of the chain of seals: how each is written into its text, and read back.

Reading raises ``LookupError``, ``TypeError``, ``ValueError``, ``ArithmeticError`` and
``AttributeError`` for what was never written.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.run import JobKind, Trigger
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.totals import Totals

__all__ = [
    "instant_text",
    "made_fields",
    "made_of",
    "seal_fields",
    "seal_of",
    "text",
    "totals_fields",
    "totals_of",
    "whole",
]


def instant_text(instant: datetime) -> str:
    """Return an instant in UTC, with its microseconds."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def seal_fields(seal: Seal) -> dict[str, Any]:
    """Return a seal as it stands in a link."""
    window = seal.window
    return {
        "day": window.day.isoformat(),
        "start": instant_text(window.start),
        "end": instant_text(window.end),
        "wallStart": window.wall_start.isoformat(),
        "wallEnd": window.wall_end.isoformat(),
        "orders": seal.orders_read,
        "lines": seal.lines_read,
        "itemsSold": exact.canonical(seal.items_sold),
        "distinctItems": seal.distinct_items,
        "totalsDigest": seal.totals_digest,
        "bodyDigest": seal.body_digest,
        "snapshot": seal.snapshot,
        "readAt": instant_text(seal.read_at),
        "program": seal.versions.program,
        "tzdata": seal.versions.tzdata,
        "unicode": seal.versions.unicode,
    }


def totals_fields(totals: Totals) -> dict[str, Any]:
    """Return totals as they stand in a link."""
    return {
        "orders": totals.orders,
        "lines": totals.lines,
        "revenue": exact.canonical(totals.revenue),
        "items": totals.items_written(),
        "findings": [
            [finding.value, tally.count, list(tally.order_ids)]
            for finding in Finding
            if (tally := totals.tallies.get(finding)) is not None
        ],
    }


def made_fields(made: RunFacts) -> dict[str, Any]:
    """Return how a run came about, as it stands in a link."""
    started_at = made.started_at
    fields = {
        "trigger": made.trigger.value,
        "requestedBy": made.requested_by,
        "schedule": made.schedule,
        "replayOf": made.replay_of,
        "attempt": made.attempt,
        "startedAt": None if started_at is None else instant_text(started_at),
        "executor": made.executor,
        "backend": made.backend,
    }
    return fields if made.job is None else {**fields, "job": made.job.value}


def made_of(fields: dict[str, Any]) -> RunFacts:
    """Return how a run came about, as it was written."""
    started_at = _text_or_none(fields["startedAt"])
    return RunFacts(
        trigger=Trigger(fields["trigger"]),
        requested_by=text(fields["requestedBy"]),
        schedule=_text_or_none(fields["schedule"]),
        replay_of=_text_or_none(fields["replayOf"]),
        attempt=whole(fields["attempt"]),
        started_at=None if started_at is None else datetime.fromisoformat(started_at),
        executor=_text_or_none(fields["executor"]),
        backend=_text_or_none(fields["backend"]),
        job=JobKind(fields["job"]) if "job" in fields else None,
    )


def text(value: object) -> str:
    """Return a text; ``TypeError`` or ``ValueError`` for what no text was written as."""
    if not isinstance(value, str):
        raise TypeError(value)
    # No text that can't be written as UTF-8 was ever written.
    value.encode()
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else text(value)


def whole(value: object) -> int:
    """Return a whole number; ``TypeError`` for anything else."""
    if type(value) is not int:
        raise TypeError(value)
    return value


def seal_of(fields: dict[str, Any]) -> Seal:
    """Return the seal that was written."""
    return Seal(
        window=Window(
            day=date.fromisoformat(fields["day"]),
            start=datetime.fromisoformat(fields["start"]),
            end=datetime.fromisoformat(fields["end"]),
            wall_start=datetime.fromisoformat(fields["wallStart"]),
            wall_end=datetime.fromisoformat(fields["wallEnd"]),
        ),
        orders_read=whole(fields["orders"]),
        lines_read=whole(fields["lines"]),
        items_sold=Decimal(text(fields["itemsSold"])),
        distinct_items=whole(fields["distinctItems"]),
        totals_digest=text(fields["totalsDigest"]),
        body_digest=text(fields["bodyDigest"]),
        snapshot=text(fields["snapshot"]),
        read_at=datetime.fromisoformat(fields["readAt"]),
        versions=Versions(*(text(fields[name]) for name in ("program", "tzdata", "unicode"))),
    )


def totals_of(fields: dict[str, Any]) -> Totals:
    """Return the totals that were written."""
    return Totals(
        orders=whole(fields["orders"]),
        lines=whole(fields["lines"]),
        revenue=Decimal(text(fields["revenue"])),
        items={text(name): Decimal(text(quantity)) for name, quantity in fields["items"]},
        tallies={
            Finding(finding): Tally(whole(count), tuple(map(text, order_ids)))
            for finding, count, order_ids in fields["findings"]
        },
    )
