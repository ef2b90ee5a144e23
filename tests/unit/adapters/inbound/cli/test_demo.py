"""The ``demo`` command over the in-memory adapters: what it shows, keeps, and says on failure."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.services import DemoGround
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import AegisError, BackendUnavailable, InvalidRequest
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.seal import Versions
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices

PLACED_AT = datetime(2015, 11, 27, 15, tzinfo=UTC)
SOUP = (OrderLine("Soup [bold]", Decimal(2), Decimal("2.25")),)
EXPORTS = {"BACKEND_BASE_URL": "http://127.0.0.1:1", "DATABASE_URL_FILE": "/demo/a b/url"}


class InMemoryServices(UnbuiltServices):
    """The services of the command line, with a ground on which nothing needs to be started."""

    def __init__(self) -> None:
        self.clock = InMemoryClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.gateway = InMemoryReportGateway()
        self.orders = [PlacedOrder(PLACED_AT, Order("1", Decimal("4.50"), SOUP))]
        self.fault: AegisError | None = None
        self.in_the_way: tuple[str, ...] = ()
        self.environs: list[Mapping[str, str] | None] = []
        self.stopped: list[Path] = []
        self.is_kept = False

    @contextmanager
    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,
        listener: MetricsSink | None = None,
    ) -> Iterator[DailyCloseUseCase]:
        assert not dry_run
        self.environs.append(environ)
        zone = "America/Sao_Paulo"
        yield DailyCloseUseCase(
            InMemoryOrderReader(self.orders),
            self.gateway,
            self.clock,
            listener or InMemoryMetricsSink(),
            ReportPolicy(
                InMemoryCalendars(Calendar(load_zone(zone), zone)), Rules(), Versions("1", "2", "3")
            ),
        )

    @contextmanager
    def demo_ground(self) -> Iterator[DemoGround]:
        if self.fault is not None:
            raise self.fault
        yield DemoGround(
            folder=Path("/demo/aegis-demo-1"),
            environ={"AEGIS_LOG_LEVEL": "WARNING"},
            exports=EXPORTS,
            in_the_way=self.in_the_way,
            database="PostgreSQL 18.6",
            orders=491,
            keep=self._keep,
        )

    def stop_demo(self, folder: Path) -> None:
        self.stopped.append(folder)

    def _keep(self) -> None:
        self.is_kept = True


@pytest.fixture
def services() -> InMemoryServices:
    return InMemoryServices()


def test_both_closes_run_in_the_demos_own_environment(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo"], services) == 0
    assert services.environs == [{"AEGIS_LOG_LEVEL": "WARNING"}] * 2
    assert not services.is_kept
    told = capfd.readouterr()
    assert told.err == ""
    assert "4.50" in told.out
    assert "export " not in told.out


def test_a_name_is_shown_as_it_is_and_not_as_markup(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    run(["demo"], services)
    assert "Soup [bold]" in capfd.readouterr().out


def test_a_kept_ground_is_kept_and_its_environment_printed_ready_to_paste(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.in_the_way = ("DATABASE_URL", "AEGIS_TIMEZONE")
    assert run(["demo", "--keep"], services) == 0
    assert services.is_kept
    lines = capfd.readouterr().out.splitlines()
    start = lines.index("  unset DATABASE_URL AEGIS_TIMEZONE")
    assert lines[start + 1 : start + 3] == [
        "  export BACKEND_BASE_URL=http://127.0.0.1:1",
        "  export DATABASE_URL_FILE='/demo/a b/url'",
    ]
    assert lines[-1].endswith("demo --stop /demo/aegis-demo-1")


def test_for_a_shell_standard_output_has_the_environment_alone(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--keep", "--output", "shell"], services) == 0
    told = capfd.readouterr()
    assert told.out.splitlines() == [
        "export BACKEND_BASE_URL=http://127.0.0.1:1",
        "export DATABASE_URL_FILE='/demo/a b/url'",
    ]
    assert "demo --stop /demo/aegis-demo-1" in told.err


def test_a_close_that_fails_is_told_and_nothing_is_kept(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.orders.append(PlacedOrder(PLACED_AT, Order("2", Decimal(-1), SOUP)))
    assert run(["demo", "--keep"], services) == 3
    told = capfd.readouterr()
    assert (told.out, services.is_kept) == ("", False)
    assert "negative_total" in told.err


def test_a_day_that_is_closed_before_the_demo_closes_it_is_a_defect(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo"], services) == 0
    capfd.readouterr()
    assert run(["demo", "--keep"], services) == 70
    assert "already_closed" in capfd.readouterr().err
    assert not services.is_kept


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (InvalidRequest("demo_not_installed", "Missing.", "Install it."), 2),
        (BackendUnavailable("demo_backend_failed", "It ended.", "Look."), 5),
    ],
)
def test_a_ground_that_can_not_be_prepared_is_told(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    fault: AegisError,
    status: int,
) -> None:
    services.fault = fault
    assert run(["demo"], services) == status
    told = capfd.readouterr()
    assert told.out == ""
    assert f"aegis-batch: {fault.message}\n  -> {fault.remedy}" in told.err


def test_stopping_names_the_folder_that_is_gone(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--stop", "/demo/aegis-demo-1"], services) == 0
    assert services.stopped == [Path("/demo/aegis-demo-1")]
    assert "/demo/aegis-demo-1 is gone" in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--output", "shell"], ["--output", "json"], ["--keep", "--stop", "x"], ["--stop"]],
)
def test_options_that_do_not_go_together_are_refused(
    services: InMemoryServices, arguments: list[str]
) -> None:
    assert run(["demo", *arguments], services) == 2
    assert services.environs == []


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("./some bin/aegis-batch", "'./some bin/aegis-batch' close"),
        ("/lib/aegis_batch/__main__.py", f"{sys.executable} -m aegis_batch close"),
    ],
)
def test_commands_to_try_are_written_as_this_program_was_called(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    called: str,
    shown: str,
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    assert run(["demo"], services) == 0
    assert f"  {shown} --date 2015-11-28" in capfd.readouterr().out.splitlines()
