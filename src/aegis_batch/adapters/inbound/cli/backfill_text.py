"""Backfills and their plans for people."""

import shlex
from collections.abc import Iterable, Sequence

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.application.backfill_control import BackfillView
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
from aegis_batch.domain.tenant import SINGLE

__all__ = [
    "DOUBT",
    "backfills_as_text",
    "count_of",
    "ended_as_text",
    "how_to_start",
    "planned_as_text",
    "range_of",
    "view_as_text",
]

_STRETCHES_MAX = 6
_NOT_DONE_MAX = 20
DOUBT = (
    f"{PeriodStanding.DOUBTED.words.capitalize()}: the report is there, but the orders no"
    " longer give it, or can't be read; --reprocess failed derives it again."
)
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
                rows.append((standing.words, f"{len(found):,}", will, _stretches(found)))
    parts = [
        f"{range_of(backfill)}: {count_of(backfill, len(planned.periods))}",
        table((f"{backfill.kind}s that are", "count", "what is done", "which"), rows),
    ]
    if any(each.standing is PeriodStanding.DOUBTED for each in planned.periods):
        parts[-1] += f"\n{DOUBT}"
    if planned.why_unasked is not None:
        parts.append(f"Nobody could be asked about all of them: {printable(planned.why_unasked)}")
    parts.append(how_to_start(backfill))
    return "\n\n".join(parts)


def how_to_start(backfill: Backfill) -> str:
    """Return how a plan is carried out, where there is anything to do."""
    if backfill.to_do == 0:
        return "There is nothing to do."
    order = "newest" if backfill.newest_first else "oldest"
    shards = " shards" if backfill.is_of_everyone else ""
    return (
        f"Nothing has been started. To have {count_of(backfill, backfill.to_do)} done,"
        f" {backfill.max_active}{shards} at a time, the {order} first:\n"
        f"  aegis-batch backfill --yes {backfill.id}"
    )


def backfills_as_text(
    found: Sequence[Backfill], calendar: Clockface, left_alone: Sequence[Backfill]
) -> str:
    """Return backfills one a line, as they come, and how those go on that nobody carries out."""
    names_tenants = any(backfill.tenant != SINGLE for backfill in found)
    whose = ("tenant",) if names_tenants else ()
    headings = (*whose, "from", "to", "state", "to do", "done", "failed", "planned", "by", "plan")
    listed = table(
        headings,
        (
            (
                *((backfill.tenant,) if names_tenants else ()),
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
    return "\n\n".join([listed, *(_go_on_left_alone(backfill) for backfill in left_alone)])


def view_as_text(view: BackfillView, calendar: Clockface, *, is_left_alone: bool) -> str:
    """Return one backfill: what it is, how far it has come, and what went wrong in it.

    It is left alone where it is to go on, and no live process carries it out.
    """
    backfill, in_flight = view.backfill, view.progress.in_flight
    started = calendar.both(backfill.started_at)
    if started is not None:
        started += f" by {backfill.started_by}"
    waiting = f"{in_flight.waiting:,} to be tried again" if in_flight.waiting else None
    parts = [
        facts(
            [
                ("backfill", backfill.id),
                ("tenant", None if backfill.tenant == SINGLE else printable(backfill.tenant)),
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
        parts.append(_not_done(view))
    parts.append(_go_on_left_alone(backfill) if is_left_alone else _how_to_go_on(backfill))
    return "\n\n".join(part for part in parts if part)


def ended_as_text(view: BackfillView) -> str:
    """Return how a backfill came out, in a few lines."""
    backfill = view.backfill
    told = f"{backfill.done:,} of {count_of(backfill, backfill.to_do)} done"
    if backfill.failed:
        told += f", {backfill.failed:,} failed"
    if backfill.skipped:
        told += f", {backfill.skipped:,} left to others"
    what = {
        BackfillState.ENDED: "has ended",
        BackfillState.CANCELLED: "was cancelled",
    }.get(backfill.state, "goes on")
    parts = [f"{range_of(backfill)} {what}: {told}."]
    if view.not_done:
        parts.append(_not_done(view))
    parts.append(_how_to_go_on(backfill))
    return "\n\n".join(part for part in parts if part)


def _go_on_left_alone(backfill: Backfill) -> str:
    return (
        f"{range_of(backfill)} was stopped, and no process carries it out. To go on, start"
        f" aegis-batch serve, or:\n  aegis-batch backfill resume {backfill.id}"
    )


def _how_to_go_on(backfill: Backfill) -> str:
    if backfill.state is BackfillState.PLANNED:
        return f"To start it: aegis-batch backfill --yes {backfill.id}"
    if backfill.state is BackfillState.CANCELLED and backfill.started_at is not None:
        return f"To go on: aegis-batch backfill resume {backfill.id}"
    if backfill.state is BackfillState.ENDED and backfill.failed:
        options = "" if backfill.kind is PeriodKind.DAY else f" --period {backfill.kind}"
        if backfill.is_of_everyone:
            options += " --all"
        elif backfill.tenant != SINGLE:
            options += f" --tenant {shlex.quote(backfill.tenant)}"
        return (
            "To try again what failed: aegis-batch backfill"
            f" --from {backfill.first_day} --to {backfill.last_day}{options} --reprocess failed"
        )
    return ""


def _not_done(view: BackfillView) -> str:
    backfill, found = view.backfill, view.not_done
    names_tenants = backfill.is_of_everyone
    count = backfill.failed if names_tenants else len(found)
    whose = ("tenant",) if names_tenants else ()
    rows = (
        (
            str(each.key.period),
            *((printable(each.key.tenant),) if names_tenants else ()),
            "failed" if each.fate is Fate.FAILED else "left to others",
            "-" if each.problem is None else each.problem.code,
            each.run_id or "-",
        )
        for each in found[:_NOT_DONE_MAX]
    )
    text = table(("not done", *whose, "it", "because of", "run"), rows)
    more = count - min(len(found), _NOT_DONE_MAX)
    return text if more <= 0 else f"{text}\nand {more:,} more: see --output json"


def range_of(backfill: Backfill) -> str:
    """Return which backfill it is, as a subject of a sentence."""
    kind = "" if backfill.kind is PeriodKind.DAY else f", by {backfill.kind}"
    whose = " of all tenants" if backfill.is_of_everyone else ""
    return f"The backfill{whose} from {backfill.first_day} to {backfill.last_day}{kind}"


def count_of(backfill: Backfill, count: int) -> str:
    """Return a number of its periods in words; where it is of all tenants, of their periods."""
    kind = backfill.kind if count == 1 else f"{backfill.kind}s"
    return f"{count:,} {kind} of tenants" if backfill.is_of_everyone else f"{count:,} {kind}"


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
