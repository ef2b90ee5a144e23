"""Builds what defined jobs are made, started and looked at with."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import Firing
from aegis_batch.application.job_control import JobControl
from aegis_batch.application.job_drafts import JobRules
from aegis_batch.application.job_pauses import JobPauses
from aegis_batch.application.job_starting import JobStarting
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.job_views import JobViews
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.state import State
from aegis_batch.application.schedule_sync import ScheduleSync
from aegis_batch.application.timings import Timings

__all__ = ["JobParts", "build_job_parts"]


@dataclass(frozen=True, slots=True)
class JobParts:
    """What defined jobs are made, started and looked at with."""

    control: JobControl
    pauses: JobPauses
    starts: JobStarts
    views: JobViews


def build_job_parts(  # noqa: PLR0913 - what they are made of
    *,
    ledger: Ledger,
    state: State,
    timings: Timings,
    firing: Firing,
    starting: JobStarting,
    identifiers: Identifiers,
    expectations: Expectations,
    services: Collection[str],
    zone_of: Callable[[str], str | None],
    several_tenants: bool,
) -> JobParts:
    """Return them; ``services`` are the names of those that there are."""
    rules = JobRules(
        timings, expectations.calendars, services, zone_of, several_tenants=several_tenants
    )
    return JobParts(
        control=JobControl(ledger, ScheduleSync(ledger, timings, firing), rules, identifiers),
        pauses=JobPauses(ledger),
        starts=JobStarts(
            ledger=ledger,
            starting=starting,
            letters=DeadLetterDecisions(ledger, identifiers),
            expectations=expectations,
            identifiers=identifiers,
            zone_of=zone_of,
        ),
        views=JobViews(state),
    )
