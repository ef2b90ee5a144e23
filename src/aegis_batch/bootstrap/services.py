"""What the command line asks for, built from the settings."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.identifiers import new_run_id, new_trace_id
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.bootstrap.garbage import garbage_left_alone
from aegis_batch.bootstrap.version import program_version

if TYPE_CHECKING:
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
    from aegis_batch.application.suggest_views import SuggestViewsUseCase
    from aegis_batch.application.tenant_choice import TenantChoice
    from aegis_batch.application.verify import VerifyUseCase
    from aegis_batch.bootstrap.container import Container
    from aegis_batch.domain.events import RunEvent
    from aegis_batch.domain.outcome import CloseResult, Outcome

__all__ = ["ProgramServices"]

_CLOSE_NEEDS = ("database_url", "backend_base_url", "x_service_token")
_REHEARSAL_NEEDS = ("database_url",)


class ProgramServices:
    """The command line's services; see the Protocol. Settings are read when one is asked for."""

    def __init__(self) -> None:
        """Start with nothing built."""
        self._clock = SystemClock()

    @property
    def clock(self) -> Clock:
        """The machine's clock."""
        return self._clock

    def version(self) -> str:
        """Return the version of the program."""
        return program_version()

    def new_run_id(self) -> str:
        """Return the id of a new run."""
        return new_run_id()

    def new_trace_id(self) -> str:
        """Return a new trace id."""
        return new_trace_id()

    @contextmanager
    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,
        listener: MetricsSink | None = None,
    ) -> "Iterator[DailyCloseUseCase]":
        """Yield the use case, wired by the settings; its connections end with the context."""
        required = _REHEARSAL_NEEDS if dry_run else _CLOSE_NEEDS
        with ExitStack() as stack:
            with garbage_left_alone():
                container = _container(
                    os.environ if environ is None else environ,
                    required,
                    listener,
                    closes=not dry_run,
                )
                stack.callback(container.shutdown_resources)
                use_case = container.daily_close()
            yield use_case

    def record_close(
        self,
        result: "CloseResult",
        events: "Sequence[RunEvent]",
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Keep in the ledger how a close by hand ended, and what happened in it."""
        from aegis_batch.application.recording import HeardClose  # noqa: PLC0415
        from aegis_batch.bootstrap.recording import record_closes  # noqa: PLC0415

        heard = [HeardClose(result, events)]
        record_closes(os.environ if environ is None else environ, self._clock, heard)

    def tenants(self) -> "TenantChoice":
        """Return what settles whose days a command acts on."""
        from aegis_batch.bootstrap.tenants import tenant_choice  # noqa: PLC0415

        return tenant_choice(None)

    @contextmanager
    def close_everyone(self, rehearsal: "Rehearsal | None") -> "Iterator[CloseEveryoneUseCase]":
        """Yield what closes all tenants, wired by the settings."""
        required = _CLOSE_NEEDS if rehearsal is None else _REHEARSAL_NEEDS
        with ExitStack() as stack:
            with garbage_left_alone():
                from aegis_batch.application.listening import AttemptListener  # noqa: PLC0415
                from aegis_batch.bootstrap.close_everyone import (  # noqa: PLC0415
                    close_everyone_of,
                )

                container = _container(
                    os.environ, required, AttemptListener(), closes=rehearsal is None
                )
                stack.callback(container.shutdown_resources)
                use_case = close_everyone_of(container, rehearsal)
            yield use_case

    @contextmanager
    def verification(
        self, *, environ: Mapping[str, str] | None = None
    ) -> "Iterator[VerifyUseCase]":
        """Yield what verifies ranges, wired by the settings."""
        from aegis_batch.bootstrap.verification import verification_of  # noqa: PLC0415

        with ExitStack() as stack:
            with garbage_left_alone():
                container = _container(os.environ if environ is None else environ, _CLOSE_NEEDS)
                stack.callback(container.shutdown_resources)
                use_case = stack.enter_context(verification_of(container))
            yield use_case

    def proving(self) -> "AbstractContextManager[ProvingDesk]":
        """Open the state for proving; its connections end with the context."""
        from aegis_batch.bootstrap.proving import open_proving  # noqa: PLC0415

        return open_proving(None, self._clock, self, self.verification)

    def ledger_desk(self) -> "AbstractContextManager[LedgerDesk]":
        """Open the state; its connections end with the context."""
        from aegis_batch.bootstrap.ledger_desk import open_ledger_desk  # noqa: PLC0415

        return open_ledger_desk(None, self._clock, self)

    def state_schema(self) -> "StateSchema":
        """Return where the schema of the state database stands."""
        from aegis_batch.bootstrap.ledger_desk import read_schema  # noqa: PLC0415

        return read_schema(None)

    def migrate_state(self) -> "StateSchema":
        """Make the state database, or bring its schema up to date."""
        from aegis_batch.bootstrap.ledger_desk import migrate_state  # noqa: PLC0415

        return migrate_state(None)

    def reports_schema(self) -> "ReportsSchema":
        """Return where the schema of the reports' database stands."""
        from aegis_batch.bootstrap.reports import read_reports_schema  # noqa: PLC0415

        return read_reports_schema(None)

    def migrate_reports(self) -> "ReportsSchema":
        """Make the tables of reports, or bring their schema up to date."""
        from aegis_batch.bootstrap.reports import migrate_reports  # noqa: PLC0415

        return migrate_reports(None)

    def back_up_state(self, target: Path) -> None:
        """Copy the state database as it is at one moment, while it is in use."""
        from aegis_batch.bootstrap.ledger_desk import back_up_state  # noqa: PLC0415

        back_up_state(None, target)

    @contextmanager
    def serving(self, staffing: "Staffing") -> "Iterator[ServingDesk]":
        """Yield what serves."""
        with ExitStack() as stack:
            with garbage_left_alone():
                from aegis_batch.bootstrap.serving import open_serving  # noqa: PLC0415

                desk = stack.enter_context(open_serving(os.environ, self._clock, staffing))
            yield desk

    def listening(self) -> "AbstractContextManager[None]":
        """Listen for the control plane until the end of the context."""
        from aegis_batch.bootstrap.control import open_control  # noqa: PLC0415

        return open_control(os.environ)

    @contextmanager
    def backfill_planning(self) -> "Iterator[PlanningDesk]":
        """Open the state and the Backend for planning."""
        with ExitStack() as stack:
            with garbage_left_alone():
                from aegis_batch.bootstrap import backfills  # noqa: PLC0415

                desk = stack.enter_context(backfills.open_backfill_planning(os.environ))
            yield desk

    @contextmanager
    def backfill_carrying(
        self, backfill_id: str, tell: "Callable[[BackfillProgress], None]"
    ) -> "Iterator[ServingDesk]":
        """Yield what carries out backfills, as the only process on its state."""
        from aegis_batch.bootstrap import backfills  # noqa: PLC0415

        with backfills.open_backfill_carrying(os.environ, self._clock, backfill_id, tell) as desk:
            yield desk

    @contextmanager
    def backfill_rehearsal(self) -> "Iterator[RehearseUseCase]":
        """Yield what rehearses a range."""
        with ExitStack() as stack:
            with garbage_left_alone():
                from aegis_batch.bootstrap import backfills  # noqa: PLC0415

                use_case = stack.enter_context(
                    backfills.open_backfill_rehearsal(os.environ, self._clock)
                )
            yield use_case

    @contextmanager
    def backfill_rehearsal_of_all(self) -> "Iterator[RehearseEveryoneUseCase]":
        """Yield what rehearses a range of all tenants."""
        with ExitStack() as stack:
            with garbage_left_alone():
                from aegis_batch.bootstrap import backfills  # noqa: PLC0415

                use_case = stack.enter_context(
                    backfills.open_backfill_rehearsal_of_all(os.environ, self._clock)
                )
            yield use_case

    def health(self) -> "AbstractContextManager[HealthCheck]":
        """Open what tells whether a process serves the state of the settings."""
        from aegis_batch.bootstrap.health import open_health  # noqa: PLC0415

        return open_health(os.environ, self._clock)

    def tell_unbegun(
        self,
        request: "CloseRequest",
        outcome: "Outcome",
        code: str,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Tell of a close that had to end before there was a use case."""
        from aegis_batch.bootstrap.unbegun import tell_unbegun  # noqa: PLC0415

        tell_unbegun(os.environ if environ is None else environ, request, outcome, code)

    def doctor(self, *, environ: Mapping[str, str] | None = None) -> "DoctorUseCase":
        """Return the checkup of the settings, right or wrong."""
        from aegis_batch.bootstrap.checkup import build_doctor  # noqa: PLC0415
        from aegis_batch.bootstrap.loading import examine_settings  # noqa: PLC0415
        from aegis_batch.bootstrap.telemetry import set_up_logs  # noqa: PLC0415

        examined = examine_settings(environ)
        set_up_logs(examined.settings.log_level, examined.settings.log_format)
        return build_doctor(examined, os.environ if environ is None else environ, self._clock)

    def suggest_views(self, *, environ: Mapping[str, str] | None = None) -> "SuggestViewsUseCase":
        """Return what suggests views for the database of the settings."""
        from aegis_batch.bootstrap.checkup import build_view_suggestion  # noqa: PLC0415
        from aegis_batch.bootstrap.loading import load_settings  # noqa: PLC0415
        from aegis_batch.bootstrap.telemetry import set_up_logs  # noqa: PLC0415

        settings = load_settings(environ, required=_REHEARSAL_NEEDS)
        set_up_logs(settings.log_level, settings.log_format)
        return build_view_suggestion(settings)

    def sandbox_token(self, beside: Path) -> "ServiceToken":
        """Return the token of the settings, or one that is kept in a file beside another file."""
        from aegis_batch.bootstrap.sandbox_token import sandbox_token  # noqa: PLC0415

        return sandbox_token(beside)

    def demo_ground(self) -> "AbstractContextManager[DemoGround]":
        """Start the demo's servers; they end with the context, unless they are to be kept."""
        _require_demo_packages()
        from aegis_batch.bootstrap.demo import demo_ground  # noqa: PLC0415

        return demo_ground()

    def stop_demo(self, folder: Path) -> None:
        """Stop the servers of a demo that were kept, and take their folder away."""
        _require_demo_packages()
        from aegis_batch.bootstrap.demo import stop_demo  # noqa: PLC0415

        stop_demo(folder)


def _container(
    environ: Mapping[str, str],
    required: Iterable[str],
    listener: MetricsSink | None = None,
    *,
    closes: bool = False,
) -> "Container":
    # Imported here, since --help and completion need none of it.
    from aegis_batch.bootstrap.container import Container  # noqa: PLC0415
    from aegis_batch.bootstrap.loading import load_settings, unknown_variables  # noqa: PLC0415
    from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown  # noqa: PLC0415

    settings = load_settings(environ, required=required)
    set_up_logs(settings.log_level, settings.log_format)
    warn_of_unknown(unknown_variables(environ))
    return Container(settings=settings, listener=listener, environ=environ, closes_by_hand=closes)


def _require_demo_packages() -> None:
    """Raise ``InvalidRequest`` before anything is imported that only the demo needs."""
    from aegis_batch.adapters.outbound.embedded.postgres_programs import (  # noqa: PLC0415
        find_programs,
    )

    find_programs()
