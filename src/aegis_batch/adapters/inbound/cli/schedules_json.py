"""Schedules and their nominal times as JSON, for programs."""

from collections.abc import Iterable
from datetime import datetime

from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_value,
)
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.application.schedule_control import ScheduleView
from aegis_batch.domain.schedule import Occurrence, Pause, ScheduleState

__all__ = ["nominal_as_json", "pause_as_json", "schedule_as_json", "view_as_json"]


def schedule_as_json(state: ScheduleState) -> str:
    """Return a schedule and where it stands."""
    schedule, timing = state.schedule, state.schedule.timing
    return json_object(
        {
            "name": json_value(schedule.name),
            "job": json_value(schedule.job.value),
            "kind": json_value(timing.kind.value),
            "cron": json_value(timing.cron),
            "zone": json_value(timing.zone),
            "everySeconds": json_value(timing.every and timing.every.total_seconds()),
            "at": json_instant(timing.at),
            "overlap": json_value(schedule.overlap.value),
            "catchUpSeconds": json_value(schedule.catch_up.total_seconds()),
            "jitterMaxSeconds": json_value(schedule.jitter_max_seconds),
            "newestOnly": json_value(schedule.newest_only),
            "nextAt": json_instant(state.next_at),
            "decidedUntil": json_instant(state.decided_until),
            "pause": pause_as_json(state.pause),
            "isRetired": json_value(state.retired),
        }
    )


def view_as_json(view: ScheduleView) -> str:
    """Return a schedule with its last decisions, newest first."""
    return json_object(
        {
            "schedule": schedule_as_json(view.state),
            "occurrences": json_list(map(_occurrence, view.occurrences)),
        }
    )


def nominal_as_json(
    state: ScheduleState, nominals: Iterable[datetime], clockface: Clockface
) -> str:
    """Return nominal times to come, in UTC and with their offset in the schedule's zone."""
    return json_object(
        {
            "schedule": json_value(state.schedule.name),
            "zone": json_value(clockface.name),
            "next": json_list(
                json_object(
                    {
                        "nominal": json_instant(nominal),
                        "local": json_value(nominal.astimezone(clockface.zone).isoformat()),
                    }
                )
                for nominal in nominals
            ),
            "pause": pause_as_json(state.pause),
        }
    )


def pause_as_json(pause: Pause | None) -> str:
    """Return who paused a schedule, when and why; ``null`` where nobody did."""
    if pause is None:
        return "null"
    return json_object(
        {
            "by": json_value(pause.by),
            "at": json_instant(pause.at),
            "note": json_value(pause.note),
        }
    )


def _occurrence(occurrence: Occurrence) -> str:
    return json_object(
        {
            "nominal": json_instant(occurrence.nominal),
            "decision": json_value(occurrence.decision.value),
            "reason": json_value(occurrence.reason),
            "decidedAt": json_instant(occurrence.decided_at),
            "runId": json_value(occurrence.run_id),
        }
    )
