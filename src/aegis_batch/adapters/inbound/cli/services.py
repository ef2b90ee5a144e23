"""What the command line needs from the place that wires everything."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from aegis_batch.adapters.inbound.cli.grounds import DemoGround, ServiceToken
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.schemas import ReportsSchema, StateSchema
from aegis_batch.application.backfill_control import BackfillControl, BackfillProgress
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfill_rehearsal import RehearseEveryoneUseCase, RehearseUseCase
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.close_everyone import CloseEveryoneUseCase
from aegis_batch.application.close_job import Rehearsal
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.doctor import DoctorUseCase
from aegis_batch.application.health import HealthCheck
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.job_control import JobControl
from aegis_batch.application.job_pauses import JobPauses
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.job_views import JobViews
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.work_queue import Lane
from aegis_batch.application.proving import ProveUseCase
from aegis_batch.application.roles import Role
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.stats import StatsUseCase
from aegis_batch.application.suggest_views import SuggestViewsUseCase
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.verify import VerifyUseCase
from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.report_keeper import ReportKeeper

if TYPE_CHECKING:
    from aegis_batch.adapters.inbound.serving.server import Served
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals

__all__ = [
    "DemoGround",
    "LedgerDesk",
    "PlanningDesk",
    "ProvingDesk",
    "ReportsSchema",
    "ServiceToken",
    "Services",
    "ServingDesk",
    "Staffing",
    "StateSchema",
]


@dataclass(frozen=True, slots=True)
class LedgerDesk:
    """What the commands about runs, schedules and dead letters work with.

    ``operator`` is the person whose deeds they are. ``calendar`` shows times in the calendar's
    zone, and ``clockface_of`` in any other, by its IANA name.
    """

    history: HistoryUseCase
    schedules: ScheduleControl
    dead_letters: DeadLetterDecisions
    stats: StatsUseCase
    chains: ChainCheckUseCase
    backfills: BackfillControl
    jobs: JobControl
    job_pauses: JobPauses
    job_starts: JobStarts
    job_views: JobViews
    operator: str
    calendar: Clockface
    clockface_of: Callable[[str], Clockface]


@dataclass(frozen=True, slots=True)
class ProvingDesk:
    """What ``prove`` works with; ``calendar`` shows times in the calendar's zone.

    ``keeper`` is who takes the reports by the settings of now.
    """

    use_case: ProveUseCase
    calendar: Clockface
    keeper: ReportKeeper = ReportKeeper.BACKEND


@dataclass(frozen=True, slots=True)
class PlanningDesk:
    """What plans and starts backfills; ``max_active`` is how many periods go at once by default.

    ``operator`` is the person who does so.
    """

    plan_backfill: PlanBackfillUseCase
    operator: str
    max_active: int


@dataclass(frozen=True, slots=True)
class Staffing:
    """What a process that stays is there for.

    ``concurrency`` is how many periods it closes at once, in place of what the settings say, and
    ``lanes`` are the queues that it works at: all of them, where none is named.
    """

    role: Role = Role.SERVE
    concurrency: int | None = None
    lanes: Sequence[Lane] = ()


@dataclass(frozen=True, slots=True)
class ServingDesk:
    """What serves until it is told to stop, and what ends the process whatever threads are left.

    ``begin_anew`` puts this program with other arguments in the place of the process, threads and
    all; where there is none, that can't be done.
    """

    serve: "Callable[[StopSignals], Served]"
    leave: Callable[[int], NoReturn]
    begin_anew: Callable[[Sequence[str]], NoReturn] | None = None


class Services(Protocol):
    """Builds use cases when a command asks for them, so that ``--help`` costs nothing."""

    @property
    def clock(self) -> Clock:
        """The machine's clock."""
        ...

    def version(self) -> str:
        """Return the version of the program."""
        ...

    def new_run_id(self) -> str:
        """Return the id of a new run."""
        ...

    def new_trace_id(self) -> str:
        """Return a new trace id of 32 hexadecimal digits."""
        ...

    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,
        listener: MetricsSink | None = None,
    ) -> AbstractContextManager[DailyCloseUseCase]:
        """Validate the settings and return the use case, whose connections end with the context.

        ``environ`` stands in for the process's environment; ``listener`` hears every event too.
        Raises ``InvalidRequest``.
        """
        ...

    def record_close(self, result: CloseResult, events: Sequence[RunEvent]) -> None:
        """Keep in the ledger how a close by hand ended, and what happened in it.

        Bounded in time, and never raises: what goes wrong is worth a warning in the log.
        """
        ...

    def tenants(self) -> TenantChoice:
        """Return what settles whose days a command acts on; raises ``InvalidRequest``."""
        ...

    def close_everyone(
        self, rehearsal: Rehearsal | None
    ) -> AbstractContextManager[CloseEveryoneUseCase]:
        """Return what closes all tenants, or rehearses that; connections end with the context.

        What it closes is kept in the ledger, as ``record_close`` does. Raises ``InvalidRequest``.
        """
        ...

    def verification(self) -> AbstractContextManager[VerifyUseCase]:
        """Return what verifies ranges; its connections end with the context.

        What is wrong with the state shows when it is used. Raises ``InvalidRequest``.
        """
        ...

    def proving(self) -> AbstractContextManager[ProvingDesk]:
        """Open the state for proving; its connections end with the context.

        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def ledger_desk(self) -> AbstractContextManager[LedgerDesk]:
        """Open the state; its connections end with the context.

        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def state_schema(self) -> StateSchema:
        """Return where the schema of the state database stands.

        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def migrate_state(self) -> StateSchema:
        """Make the state database, or bring its schema up to date; return how it was before.

        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def reports_schema(self) -> ReportsSchema:
        """Return where the schema of the reports' database stands.

        Raises ``InvalidRequest``, ``BackendRefused`` and ``BackendUnavailable``.
        """
        ...

    def migrate_reports(self) -> ReportsSchema:
        """Make the tables of reports, or bring them up to date; return how they were before.

        Raises ``InvalidRequest``, ``BackendRefused`` and ``BackendUnavailable``.
        """
        ...

    def back_up_state(self, target: Path) -> None:
        """Copy the state database as it is at one moment, while it is in use.

        Raises ``InvalidRequest`` where the target exists or can't be made, ``StateUnavailable``
        and ``StateMisfit``.
        """
        ...

    def serving(self, staffing: Staffing) -> AbstractContextManager[ServingDesk]:
        """Make ready to serve, with the schema of the state up to date.

        On a state in a file it is the only process.
        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def listening(self) -> AbstractContextManager[None]:
        """Listen for the control plane until the end of the context.

        Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def backfill_planning(self) -> AbstractContextManager[PlanningDesk]:
        """Open the state and the Backend for planning; both end with the context.

        The state is made where it isn't there. Raises ``InvalidRequest``, ``StateUnavailable`` and
        ``StateMisfit``.
        """
        ...

    def backfill_carrying(
        self, backfill_id: str, tell: Callable[[BackfillProgress], None]
    ) -> AbstractContextManager[ServingDesk]:
        """Make ready to carry out backfills, and nothing else, until one of them has ended.

        ``tell`` is given its progress again and again. Raises ``InvalidRequest``,
        ``StateUnavailable``, with the code ``state_in_use`` where another process serves the state,
        and ``StateMisfit``.
        """
        ...

    def backfill_rehearsal(self) -> AbstractContextManager[RehearseUseCase]:
        """Return what rehearses a range; its connections end with the context.

        Raises ``InvalidRequest``.
        """
        ...

    def backfill_rehearsal_of_all(self) -> AbstractContextManager[RehearseEveryoneUseCase]:
        """Return what rehearses a range of all tenants; its connections end with the context.

        Raises ``InvalidRequest``.
        """
        ...

    def health(self) -> AbstractContextManager[HealthCheck]:
        """Return what tells whether a process serves the state; raises ``InvalidRequest``."""

    def tell_unbegun(self, request: CloseRequest, outcome: Outcome, code: str) -> None:
        """Tell logs and telemetry of a close that ended before there was a use case."""
        ...

    def doctor(self) -> DoctorUseCase:
        """Return the checkup of the settings, whatever is wrong with them."""
        ...

    def suggest_views(self) -> SuggestViewsUseCase:
        """Return what suggests views for the orders' database; raises ``InvalidRequest``."""
        ...

    def sandbox_token(self, beside: Path) -> ServiceToken:
        """Return the token of the settings, or one that is kept in a file beside another file.

        Raises ``InvalidRequest``.
        """
        ...

    def demo_ground(self) -> AbstractContextManager[DemoGround]:
        """Start the demo's servers; they end with the context, unless they are to be kept.

        Raises ``InvalidRequest`` where something is missing, ``OrdersUnreachable`` and
        ``BackendUnavailable`` where a server fails to start.
        """
        ...

    def stop_demo(self, folder: Path) -> None:
        """Stop the servers of a demo that were kept, and take their folder away.

        Raises ``InvalidRequest`` where the folder is none of an own demo.
        """
        ...
