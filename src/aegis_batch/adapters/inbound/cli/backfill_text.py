"""Backfills and their plans for people."""

from collections.abc import Iterable, Sequence

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.application.backfill_control import BackfillView, NotDone
from aegis_batch.application.backfill_planning import Planned
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    PlannedPeriod,
)
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.printable import printable

__all__ = ["backfills_as_text", "ended_as_text", "planned_as_text", "view_as_text"]

_STRETCHES_MAX = 6
_NOT_DONE_MAX = 20
_STANDINGS = {
    PeriodStanding.OPEN: "open",
    PeriodStanding.UNASKED: "open, as far as is known",
    PeriodStanding.CLOSED: "closed",
    PeriodStanding.IN_FLIGHT: "in flight",
    PeriodStanding.DEAD: "failed for good",
}
_DEEDS = {
    Deed.CLOSE: "closed",
    Deed.REPLAY: "tried again",
    Deed.REBUILD: "derived again, and compared",
    Deed.LEAVE: "left alone",
}


def planned_as_text(planned: Planned) -> str:
    """Return what stands how, what would be done with it, and how to have it done."""
    backfill = planned.backfill
    rows: list[tuple[str, str, str, str]] = []
    for standing in PeriodStanding:
        for deed in Deed:
            found = [p for p in planned.periods if p.standing is standing and p.deed is deed]
            if found:
                will = f"is {_DEEDS[deed]}"
                rows.append((_STANDINGS[standing], f"{len(found):,}", will, _stretches(found)))
    order = "newest" if backfill.newest_first else "oldest"
    parts = [
        f"{_range(backfill)}: {_count(len(planned.periods), backfill.kind)}",
        table((f"{backfill.kind}s that are", "count", "what is done", "which"), rows),
    ]
    if planned.why_unasked is not None:
        parts.append(
            f"The Backend was not asked about all of them: {printable(planned.why_unasked)}"
        )
    if backfill.to_do == 0:
        parts.append("There is nothing to do.")
    else:
        parts.append(
            f"Nothing has been started. To have {_count(backfill.to_do, backfill.kind)} done,"
            f" {backfill.max_active} at a time, the {order} first:\n"
            f"  aegis-batch backfill --yes {backfill.id}"
        )
    return "\n\n".join(parts)


def backfills_as_text(found: Sequence[Backfill], calendar: Clockface) -> str:
    """Return backfills one a line, as they come."""
    headings = ("from", "to", "state", "to do", "done", "failed", "planned", "by", "plan")
    return table(
        headings,
        (
            (
                backfill.first_day.isoformat(),
                backfill.last_day.isoformat(),
                backfill.state.value,
                f"{backfill.to_do:,}",
                f"{backfill.done:,}",
                f"{backfill.failed:,}",
                calendar.short(backfill.planned_at),
                backfill.planned_by,
                backfill.id,
            )
            for backfill in found
        ),
    )


def view_as_text(view: BackfillView, calendar: Clockface) -> str:
    """Return one backfill: what it is, how far it has come, and what went wrong in it."""
    backfill, in_flight = view.backfill, view.progress.in_flight
    started = calendar.both(backfill.started_at)
    if started is not None:
        started += f" by {backfill.started_by}"
    waiting = f"{in_flight.waiting:,} to be tried again" if in_flight.waiting else None
    parts = [
        facts(
            [
                ("backfill", backfill.id),
                ("range", f"{backfill.first_day} to {backfill.last_day}, by {backfill.kind}"),
                ("state", backfill.state.value),
                ("reprocess", backfill.reprocess.value),
                ("at a time", str(backfill.max_active)),
                ("planned", f"{calendar.both(backfill.planned_at)} by {backfill.planned_by}"),
                ("started", started),
                ("ended", calendar.both(backfill.ended_at)),
                ("to do", f"{backfill.to_do:,}"),
                ("done", f"{backfill.done:,}"),
                ("failed", f"{backfill.failed:,}"),
                ("skipped", f"{backfill.skipped:,} left to others" if backfill.skipped else None),
                ("in flight", f"{in_flight.active:,}" if in_flight.active else None),
                ("waiting", waiting),
                ("remaining", f"{backfill.remaining:,}"),
            ]
        )
    ]
    if view.not_done:
        parts.append(_not_done(view.not_done))
    parts.append(_how_to_go_on(backfill))
    return "\n\n".join(part for part in parts if part)


def ended_as_text(view: BackfillView) -> str:
    """Return how a backfill came out, in a few lines."""
    backfill = view.backfill
    told = f"{backfill.done:,} of {_count(backfill.to_do, backfill.kind)} done"
    if backfill.failed:
        told += f", {backfill.failed:,} failed"
    if backfill.skipped:
        told += f", {backfill.skipped:,} left to others"
    what = {
        BackfillState.ENDED: "has ended",
        BackfillState.CANCELLED: "was cancelled",
    }.get(backfill.state, "goes on")
    parts = [f"{_range(backfill)} {what}: {told}."]
    if view.not_done:
        parts.append(_not_done(view.not_done))
    parts.append(_how_to_go_on(backfill))
    return "\n\n".join(part for part in parts if part)


def _how_to_go_on(backfill: Backfill) -> str:
    if backfill.state is BackfillState.PLANNED:
        return f"To start it: aegis-batch backfill --yes {backfill.id}"
    if backfill.state is BackfillState.CANCELLED and backfill.started_at is not None:
        return f"To go on: aegis-batch backfill resume {backfill.id}"
    if backfill.state is BackfillState.ENDED and backfill.failed:
        period = "" if backfill.kind is PeriodKind.DAY else f" --period {backfill.kind}"
        return (
            "To try again what failed: aegis-batch backfill"
            f" --from {backfill.first_day} --to {backfill.last_day}{period} --reprocess failed"
        )
    return ""


def _not_done(found: Sequence[NotDone]) -> str:
    rows = (
        (
            str(each.planned.period),
            "failed" if each.planned.fate is Fate.FAILED else "left to others",
            "-" if each.problem is None else each.problem.code,
            each.planned.run_id or "-",
        )
        for each in found[:_NOT_DONE_MAX]
    )
    text = table(("not done", "it", "because of", "run"), rows)
    more = len(found) - _NOT_DONE_MAX
    return text if more <= 0 else f"{text}\nand {more:,} more: see --output json"


def _range(backfill: Backfill) -> str:
    kind = "" if backfill.kind is PeriodKind.DAY else f", by {backfill.kind}"
    return f"The backfill from {backfill.first_day} to {backfill.last_day}{kind}"


def _count(count: int, kind: PeriodKind) -> str:
    return f"{count:,} {kind}" if count == 1 else f"{count:,} {kind}s"


def _stretches(found: Iterable[PlannedPeriod]) -> str:
    """Return which periods these are, those next to one another as one stretch."""
    stretches: list[list[PlannedPeriod]] = []
    for planned in found:
        before = stretches[-1][-1] if stretches else None
        if before is not None and before.period.end_day == planned.period.first_day:
            stretches[-1].append(planned)
        else:
            stretches.append([planned])
    told = [
        str(stretch[0].period)
        if len(stretch) == 1
        else f"{stretch[0].period} to {stretch[-1].period}"
        for stretch in stretches[:_STRETCHES_MAX]
    ]
    more = len(stretches) - _STRETCHES_MAX
    return ", ".join(told) + (f", and {more} more stretches" if more > 0 else "")
