"""Backfills and their plans as JSON, for programs."""

from collections.abc import Iterable

from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_problem,
    json_value,
)
from aegis_batch.application.backfill_control import BackfillView, NotDone
from aegis_batch.application.backfill_planning import Planned
from aegis_batch.domain.backfill import Backfill, PlannedPeriod

__all__ = ["backfill_as_json", "backfills_as_json", "planned_as_json", "view_as_json"]


def planned_as_json(planned: Planned) -> str:
    """Return a plan with all its periods, oldest first."""
    return json_object(
        {
            "backfill": backfill_as_json(planned.backfill),
            "periods": json_list(map(_period, planned.periods)),
            "whyUnasked": json_value(planned.why_unasked),
        }
    )


def backfills_as_json(found: Iterable[Backfill], limit: int) -> str:
    """Return a list of backfills."""
    return json_object(
        {"backfills": json_list(map(backfill_as_json, found)), "limit": json_value(limit)}
    )


def view_as_json(view: BackfillView) -> str:
    """Return a backfill with what is in flight, and what came to an end without being done."""
    in_flight = view.progress.in_flight
    return json_object(
        {
            "backfill": backfill_as_json(view.backfill),
            "inFlight": json_value({"active": in_flight.active, "waiting": in_flight.waiting}),
            "notDone": json_list(map(_not_done, view.not_done)),
        }
    )


def backfill_as_json(backfill: Backfill) -> str:
    """Return a backfill and how far it has come."""
    return json_object(
        {
            "id": json_value(backfill.id),
            "tenant": json_value(backfill.tenant),
            "period": json_value(backfill.kind.value),
            "from": json_value(backfill.first_day.isoformat()),
            "to": json_value(backfill.last_day.isoformat()),
            "reprocess": json_value(backfill.reprocess.value),
            "newestFirst": json_value(backfill.newest_first),
            "maxActive": json_value(backfill.max_active),
            "state": json_value(backfill.state.value),
            "plannedBy": json_value(backfill.planned_by),
            "plannedAt": json_instant(backfill.planned_at),
            "startedBy": json_value(backfill.started_by),
            "startedAt": json_instant(backfill.started_at),
            "endedAt": json_instant(backfill.ended_at),
            "toDo": json_value(backfill.to_do),
            "done": json_value(backfill.done),
            "failed": json_value(backfill.failed),
            "skipped": json_value(backfill.skipped),
            "remaining": json_value(backfill.remaining),
        }
    )


def _period(planned: PlannedPeriod) -> str:
    return json_object(
        {
            "date": json_value(planned.period.first_day.isoformat()),
            "standing": json_value(planned.standing.value),
            "deed": json_value(planned.deed.value),
        }
    )


def _not_done(each: NotDone) -> str:
    return json_object(
        {
            "date": json_value(each.key.period.first_day.isoformat()),
            "tenant": json_value(each.key.tenant),
            "fate": json_value(each.fate.value),
            "runId": json_value(each.run_id),
            "outcome": json_value(each.outcome and each.outcome.value),
            "error": json_problem(each.problem),
        }
    )
