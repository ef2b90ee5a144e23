"""Proving: the wiring, with what looks at a period again left until it is asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.services import ProvingDesk
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.proving import ProveUseCase
from aegis_batch.application.verify import VerifyRequest, VerifyUseCase
from aegis_batch.bootstrap.calendars import calendar_of
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.setting_types import ReportGatewayKind
from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import Verification

__all__ = ["open_proving"]

_database = contextmanager(open_database)
_work_engine = contextmanager(open_work_engine)


class _VerifiesNow:
    """Opens what verifies when it is asked, since settings for it may be missing."""

    def __init__(
        self,
        opens: Callable[[], AbstractContextManager[VerifyUseCase]],
        identifiers: Identifiers,
    ) -> None:
        self._opens = opens
        self._identifiers = identifiers

    def verify(self, key: CloseKey, zone_name: str | None) -> Verification:
        """Verify one period in a zone; raises ``AegisError`` where that can't be done."""
        day = key.period.first_day
        request = VerifyRequest(
            run_id=self._identifiers.new_run_id(),
            trace_id=self._identifiers.new_trace_id(),
            first=day,
            last=day,
            kind=key.period.kind,
            tenant=key.tenant,
            zone_name=zone_name,
        )
        with self._opens() as use_case:
            (verified,) = use_case.verify(request, _fail)
        return verified.verification


def _fail(problem: Problem) -> None:
    # Without its seal a period would be compared with less than is asked for.
    raise StateUnavailable(problem.code, problem.message, problem.remedy)


@contextmanager
def open_proving(
    environ: Mapping[str, str] | None,
    clock: Clock,
    identifiers: Identifiers,
    opens_verification: Callable[[], AbstractContextManager[VerifyUseCase]],
) -> Iterator[ProvingDesk]:
    """Yield what proves periods; its connections end with the context."""
    settings = load_settings(environ)
    set_up_logs(settings.log_level, settings.log_format)
    calendar = calendar_of(settings)
    with _database(settings) as database, _work_engine(settings) as engine:
        state = build_state(database, engine)
        verifier = _VerifiesNow(opens_verification, identifiers)
        yield ProvingDesk(
            use_case=ProveUseCase(state, ChainCheckUseCase(state), verifier, clock),
            calendar=Clockface(calendar.zone, calendar.zone_name),
            keeper=ReportKeeper.of(can_replace=settings.report_gateway is ReportGatewayKind.SQL),
        )
