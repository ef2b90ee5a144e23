"""The services of the command line, none of which can be built."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from aegis_batch.adapters.inbound.cli.services import (
    DemoGround,
    LedgerDesk,
    PlanningDesk,
    ProvingDesk,
    ReportsSchema,
    ServiceToken,
    ServingDesk,
    Staffing,
    StateSchema,
)
from aegis_batch.application.backfill_control import BackfillProgress
from aegis_batch.application.backfill_rehearsal import RehearseEveryoneUseCase, RehearseUseCase
from aegis_batch.application.close_everyone import CloseEveryoneUseCase
from aegis_batch.application.close_job import Rehearsal
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.doctor import DoctorUseCase
from aegis_batch.application.health import HealthCheck
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.suggest_views import SuggestViewsUseCase
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.verify import VerifyUseCase
from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.outcome import CloseResult, Outcome


class UnbuiltServices:
    """Raises ``NotImplementedError`` for whatever a test doesn't stand in for; it has no clock."""

    def version(self) -> str:
        return "1.2.3"

    def new_run_id(self) -> str:
        return "run-1"

    def new_trace_id(self) -> str:
        return "ab" * 16

    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,
        listener: MetricsSink | None = None,
    ) -> AbstractContextManager[DailyCloseUseCase]:
        raise NotImplementedError

    def record_close(self, result: CloseResult, events: Sequence[RunEvent]) -> None:
        raise NotImplementedError

    def tell_unbegun(self, request: CloseRequest, outcome: Outcome, code: str) -> None:
        raise NotImplementedError

    def tenants(self) -> TenantChoice:
        return TenantChoice(None)

    def close_everyone(
        self, rehearsal: Rehearsal | None
    ) -> AbstractContextManager[CloseEveryoneUseCase]:
        raise NotImplementedError

    def proving(self) -> AbstractContextManager[ProvingDesk]:
        raise NotImplementedError

    def verification(self) -> AbstractContextManager[VerifyUseCase]:
        raise NotImplementedError

    def ledger_desk(self) -> AbstractContextManager[LedgerDesk]:
        raise NotImplementedError

    def state_schema(self) -> StateSchema:
        raise NotImplementedError

    def migrate_state(self) -> StateSchema:
        raise NotImplementedError

    def reports_schema(self) -> ReportsSchema:
        raise NotImplementedError

    def migrate_reports(self) -> ReportsSchema:
        raise NotImplementedError

    def back_up_state(self, target: Path) -> None:
        raise NotImplementedError

    def listening(self) -> AbstractContextManager[None]:
        raise NotImplementedError

    def serving(self, staffing: Staffing) -> AbstractContextManager[ServingDesk]:
        raise NotImplementedError(staffing)

    def backfill_planning(self) -> AbstractContextManager[PlanningDesk]:
        raise NotImplementedError

    def backfill_carrying(
        self, backfill_id: str, tell: Callable[[BackfillProgress], None]
    ) -> AbstractContextManager[ServingDesk]:
        raise NotImplementedError

    def backfill_rehearsal(self) -> AbstractContextManager[RehearseUseCase]:
        raise NotImplementedError

    def backfill_rehearsal_of_all(self) -> AbstractContextManager[RehearseEveryoneUseCase]:
        raise NotImplementedError

    def health(self) -> AbstractContextManager[HealthCheck]:
        raise NotImplementedError

    def doctor(self) -> DoctorUseCase:
        raise NotImplementedError

    def suggest_views(self) -> SuggestViewsUseCase:
        raise NotImplementedError

    def sandbox_token(self, beside: Path) -> ServiceToken:
        raise NotImplementedError

    def demo_ground(self) -> AbstractContextManager[DemoGround]:
        raise NotImplementedError

    def stop_demo(self, folder: Path) -> None:
        raise NotImplementedError
