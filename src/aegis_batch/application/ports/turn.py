"""The port for one transaction on all that the program must remember."""

from typing import Protocol

from aegis_batch.application.ports.answered_requests import AnsweredRequests
from aegis_batch.application.ports.audit_trail import AuditTrail
from aegis_batch.application.ports.backfill_tenants import BackfillTenants
from aegis_batch.application.ports.backfills import Backfills
from aegis_batch.application.ports.breakers import Breakers
from aegis_batch.application.ports.dead_letters import DeadLetters
from aegis_batch.application.ports.executors import Executors
from aegis_batch.application.ports.job_definitions import JobDefinitions
from aegis_batch.application.ports.job_events import JobEvents
from aegis_batch.application.ports.job_results import JobResults
from aegis_batch.application.ports.job_totals import JobTotals
from aegis_batch.application.ports.known_tenants import KnownTenants
from aegis_batch.application.ports.leases import Leases
from aegis_batch.application.ports.many_runs import ManyRuns
from aegis_batch.application.ports.many_schedules import ManySchedules
from aegis_batch.application.ports.many_seals import ManySeals
from aegis_batch.application.ports.notices import Notices
from aegis_batch.application.ports.occurrences import Occurrences
from aegis_batch.application.ports.open_runs import OpenRuns
from aegis_batch.application.ports.rate_limits import RateLimits
from aegis_batch.application.ports.retention import Retention
from aegis_batch.application.ports.runs import Runs
from aegis_batch.application.ports.scheduler_pauses import SchedulerPauses
from aegis_batch.application.ports.schedules import Schedules
from aegis_batch.application.ports.seals import Seals
from aegis_batch.application.ports.timeline import Timeline
from aegis_batch.application.ports.verifications import Verifications
from aegis_batch.application.ports.work_intake import WorkIntake

__all__ = ["Turn"]


class Turn(Protocol):
    """One transaction on the state; all that is done in it is kept, or nothing is.

    What it reads is what it would write upon: turns that write come one after the other.
    """

    @property
    def schedules(self) -> Schedules:
        """The schedules and where they stand."""
        ...

    @property
    def occurrences(self) -> Occurrences:
        """The decisions about nominal times."""
        ...

    @property
    def runs(self) -> Runs:
        """The ledger of runs."""
        ...

    @property
    def many_runs(self) -> ManyRuns:
        """The same ledger, many runs at a time."""
        ...

    @property
    def timeline(self) -> Timeline:
        """What happened to each run."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """The runs that failed for good."""
        ...

    @property
    def seals(self) -> Seals:
        """The seals of confirmed closes, as chains."""
        ...

    @property
    def many_schedules(self) -> ManySchedules:
        """The same schedules as those of ``schedules``, many at a time."""
        ...

    @property
    def many_seals(self) -> ManySeals:
        """The same chains, many tenants at a time."""
        ...

    @property
    def retention(self) -> Retention:
        """What forgets old history."""
        ...

    @property
    def verifications(self) -> Verifications:
        """What came of verifying closed periods."""
        ...

    @property
    def backfills(self) -> Backfills:
        """The ranges that people had planned, and how far each has come."""
        ...

    @property
    def backfill_tenants(self) -> BackfillTenants:
        """The tenants of ranges that were planned for all of them."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """What people did by hand."""
        ...

    @property
    def notices(self) -> Notices:
        """What is to be told outside, once."""
        ...

    @property
    def executors(self) -> Executors:
        """Those that carry out work, on whatever machine."""
        ...

    @property
    def leases(self) -> Leases:
        """Who may work at what."""
        ...

    @property
    def breakers(self) -> Breakers:
        """Which providers are asked at all."""
        ...

    @property
    def rate_limits(self) -> RateLimits:
        """How much may be handed over, and when."""
        ...

    @property
    def known_tenants(self) -> KnownTenants:
        """When each tenant was seen first."""
        ...

    @property
    def answered_requests(self) -> AnsweredRequests:
        """Requests that were answered, by their key."""
        ...

    @property
    def job_definitions(self) -> JobDefinitions:
        """The jobs that people and other services defined."""
        ...

    @property
    def job_events(self) -> JobEvents:
        """Which events have come."""
        ...

    @property
    def job_results(self) -> JobResults:
        """What runs of defined jobs came to."""
        ...

    @property
    def job_totals(self) -> JobTotals:
        """How often jobs were started, and how they ended."""
        ...

    @property
    def open_runs(self) -> OpenRuns:
        """How many runs have not ended."""
        ...

    @property
    def scheduler_pauses(self) -> SchedulerPauses:
        """What is paused, beside single schedules."""
        ...

    @property
    def work(self) -> WorkIntake:
        """The work queue, as a part of this very transaction."""
        ...
