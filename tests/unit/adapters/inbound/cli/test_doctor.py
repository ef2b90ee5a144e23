"""The ``doctor`` command over in-memory instruments: output and exit status."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.outbound.memory.backend_probe import InMemoryBackendProbe
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.collector_probe import InMemoryCollectorProbe
from aegis_batch.adapters.outbound.memory.orders_inspector import InMemoryOrdersInspector
from aegis_batch.adapters.outbound.memory.schema_catalogue import InMemorySchemaCatalogue
from aegis_batch.adapters.outbound.memory.tracked_files import InMemoryTrackedFiles
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.checks.settings import SettingFault, SettingsFacts
from aegis_batch.application.doctor import CheckupSetup, DoctorUseCase, Instruments
from aegis_batch.application.suggest_views import SuggestViewsUseCase
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import OrdersUnreachable
from tests.unit.adapters.inbound.cli.test_close import InMemoryServices
from tests.unit.domain.views.shop_tables import PLAIN_ITEMS, PLAIN_ORDERS, table

if TYPE_CHECKING:
    from aegis_batch.domain.views.shapes import TableShape

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ZONE = "America/Sao_Paulo"
FAULT = SettingFault("A\x1b[2J", "is wrong", "Mend it:\nSELECT 1;\nSELECT 2;")


class DoctorServices(InMemoryServices):
    """Services whose checkup has instruments in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = SettingsFacts(3)
        self.tables: tuple[TableShape, ...] = ()
        self.away: OrdersUnreachable | None = None

    def doctor(self) -> DoctorUseCase:
        clock = InMemoryClock(NOW)
        setup = CheckupSetup(self.settings, Calendar(load_zone(ZONE), ZONE), Rules())
        instruments = Instruments(
            clock,
            InMemoryTrackedFiles(),
            InMemoryCollectorProbe(),
            InMemoryOrdersInspector(clock),
            None,
            InMemoryBackendProbe(clock),
        )
        return DoctorUseCase(setup, instruments)

    def suggest_views(self) -> SuggestViewsUseCase:
        if self.away is not None:
            raise self.away
        return SuggestViewsUseCase(InMemorySchemaCatalogue(self.tables))


@pytest.fixture
def services() -> DoctorServices:
    return DoctorServices()


Captured = pytest.CaptureFixture[bytes]


def test_every_check_has_a_line_and_the_last_line_counts_them(
    services: DoctorServices, capfdbinary: Captured
) -> None:
    status = run(["doctor"], services)

    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert status == 0
    assert lines[0] == (
        "ok    settings              3 variables are set, and what a close needs is there."
    )
    assert lines[-1] == "14 ok: a close can run."


def test_a_failure_shows_its_remedy_with_sql_to_copy_and_no_tricks(
    services: DoctorServices, capfdbinary: Captured
) -> None:
    services.settings = SettingsFacts(3, (FAULT,), (("AEGIS_Q", None),))

    status = run(["doctor"], services)

    out = capfdbinary.readouterr().out.decode()
    assert status == 1
    assert out.startswith(
        "fail  settings              A\\x1b[2J: is wrong.\n"
        "      -> Mend it:\n"
        "         SELECT 1;\n"
        "         SELECT 2;\n"
        "warn  settings"
    )
    assert out.endswith(
        "13 ok, 1 warn, 1 fail: a close would fail, or not be safe, before the failures are"
        " mended.\n"
    )


def test_a_warning_alone_is_no_failure(services: DoctorServices) -> None:
    services.settings = SettingsFacts(3, unknown=(("AEGIS_Q", None),))

    assert run(["doctor"], services) == 0


def test_as_json_there_is_one_object(services: DoctorServices, capfdbinary: Captured) -> None:
    services.settings = SettingsFacts(3, (FAULT,))

    status = run(["doctor", "--output", "json"], services)

    [line] = capfdbinary.readouterr().out.decode().splitlines()
    told = json.loads(line)
    assert status == 1
    assert list(told) == ["verdict", "checks", "durationMs"]
    assert told["verdict"] == "fail"
    assert told["checks"][0] == {
        "name": "settings",
        "verdict": "fail",
        "message": "A\x1b[2J: is wrong.",
        "remedy": FAULT.remedy,
    }
    assert told["checks"][1]["remedy"] is None


def test_a_terminal_gets_colours(
    services: DoctorServices, capfdbinary: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    run(["doctor"], services)

    assert capfdbinary.readouterr().out.startswith(b"\x1b[32m\x1b[1mok  \x1b[0m  settings")


def test_suggested_views_are_printed_as_sql(
    services: DoctorServices, capfdbinary: Captured
) -> None:
    services.tables = (table("orders", PLAIN_ORDERS), table("order_items", PLAIN_ITEMS, ()))

    assert run(["doctor", "--suggest-view"], services) == 0
    sql = capfdbinary.readouterr().out.decode()
    assert "CREATE VIEW aegis.orders AS" in sql

    assert run(["doctor", "--suggest-view", "--output", "json"], services) == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert told["sql"] + "\n" == sql
    assert told["settings"]["AEGIS_ORDERS_TABLE"] == "aegis.orders"


def test_where_nothing_can_be_suggested_it_says_what_was_looked_for(
    services: DoctorServices, capfdbinary: Captured
) -> None:
    assert run(["doctor", "--suggest-view"], services) == 1
    captured = capfdbinary.readouterr()
    assert captured.out == b""
    assert b"looked for: a table of orders, invoices or sales" in captured.err

    assert run(["doctor", "--suggest-view", "--output", "json"], services) == 1
    told = json.loads(capfdbinary.readouterr().out)
    assert (told["sql"], told["settings"]) == (None, {})
    assert len(told["lookedFor"]) == 4


def test_a_database_that_is_away_gives_no_suggestion(
    services: DoctorServices, capfdbinary: Captured
) -> None:
    services.away = OrdersUnreachable("x", "It is away.", "Start it.")

    assert run(["doctor", "--suggest-view"], services) == 6
    assert b"It is away." in capfdbinary.readouterr().err


def test_a_wrong_command_line_is_told_as_one(services: DoctorServices) -> None:
    assert run(["doctor", "--nonsense"], services) == 2
