"""A checkup out of settings that may be wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.bootstrap.checkup import build_doctor, build_view_suggestion
from aegis_batch.bootstrap.loading import examine_settings, load_settings
from aegis_batch.domain.checkup import Check, Verdict
from aegis_batch.domain.errors import InvalidRequest

NOWHERE = "postgresql://reader@127.0.0.1:1/shop"
GOOD = {
    "DATABASE_URL": NOWHERE,
    "BACKEND_BASE_URL": "http://127.0.0.1:1",
    "X_SERVICE_TOKEN": "token-4711",
    "AEGIS_DB_CONNECT_SECONDS": "0.1",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def examine(environ: Mapping[str, str]) -> list[Check]:
    clock = InMemoryClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    return list(build_doctor(examine_settings(environ), environ, clock).examine())


def faults_of(checks: list[Check]) -> list[str]:
    return [c.message for c in checks if c.name == "settings" and c.verdict is Verdict.FAIL]


def named(checks: list[Check], name: str) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def test_settings_that_fit_are_all_given() -> None:
    examined = examine_settings(GOOD)

    assert examined.faults == ()
    assert examined.given == {
        "database_url",
        "backend_base_url",
        "x_service_token",
        "db_connect_seconds",
    }


def test_what_is_at_fault_is_left_at_its_default_and_the_rest_is_kept() -> None:
    examined = examine_settings({**GOOD, "AEGIS_TOP_ITEMS": "many", "AEGIS_DAY_START": "05:00"})

    assert [variable for variable, _ in examined.faults] == ["AEGIS_TOP_ITEMS"]
    assert examined.doubtful == {"AEGIS_TOP_ITEMS"}
    assert examined.settings.top_items == 10
    assert examined.settings.day_start.hour == 5


def test_a_fault_between_settings_is_told_where_each_is_fit_by_itself() -> None:
    both = {"AEGIS_DAY_START": "05:00", "AEGIS_ORDERS_PLACED_AT_KIND": "date"}

    examined = examine_settings({**GOOD, **both})

    assert [variable for variable, _ in examined.faults] == ["AEGIS_DAY_START"]


def test_a_setting_that_is_at_fault_brings_no_second_fault() -> None:
    given = {"AEGIS_ORDERS_STATUSES": "paid", "AEGIS_ORDERS_STATUS": "x" * 65_537}

    examined = examine_settings({**GOOD, **given, "AEGIS_ORDERS_STATUS_FILE": "both"})

    assert [variable for variable, _ in examined.faults] == ["AEGIS_ORDERS_STATUS"]


def test_every_fault_has_a_line_with_its_remedy() -> None:
    checks = examine({"AEGIS_TIMEZONE": "Nowhere/None", "BACKEND_BASE_URL": "http://example.com"})

    told = {check.message: check.remedy for check in checks if check.verdict is Verdict.FAIL}
    assert told[
        "BACKEND_BASE_URL: starts with http://, so the token would travel unprotected."
    ] == ("Use https://. Plain http:// is for loopback, *.internal and *.flycast only.")
    assert "X_SERVICE_TOKEN: is not set." in told
    assert "X_SERVICE_TOKEN_FILE" in str(told["X_SERVICE_TOKEN: is not set."])
    assert "postgresql://user:password@host" in str(told["DATABASE_URL: is not set."])
    assert len(faults_of(checks)) == 4


def test_a_setting_that_is_wrong_counts_as_set() -> None:
    checks = examine({**GOOD, "DATABASE_URL": "mysql://somewhere"})

    [fault] = faults_of(checks)
    assert fault.startswith("DATABASE_URL: can't be used.")
    assert named(checks, "database.connection").verdict is Verdict.WARN


def test_a_file_that_cannot_be_read_is_a_fault_of_the_variable_that_names_it(
    tmp_path: Path,
) -> None:
    file = {"X_SERVICE_TOKEN_FILE": str(tmp_path / "nothing")}

    both = named(examine({**GOOD, **file}), "settings")
    alone = named(examine({**GOOD, "X_SERVICE_TOKEN": "", **file}), "settings")

    assert both.remedy == "Unset X_SERVICE_TOKEN or X_SERVICE_TOKEN_FILE."
    assert str(alone.remedy).startswith("Set X_SERVICE_TOKEN_FILE to a file that holds the value")


def test_a_name_that_no_table_can_have_is_a_fault_of_its_setting() -> None:
    checks = examine({**GOOD, "AEGIS_ORDERS_TABLE": "a.b.c"})

    [fault] = faults_of(checks)
    assert fault.startswith("AEGIS_ORDERS_TABLE: must be a table's name")
    assert named(checks, "database.connection").verdict is Verdict.FAIL


def test_in_memory_only_the_file_of_orders_is_needed(tmp_path: Path) -> None:
    missing = examine({"AEGIS_ADAPTERS": "memory"})
    assert faults_of(missing) == ["AEGIS_MEMORY_ORDERS: is not set."]

    orders = tmp_path / "orders.json"
    orders.write_text("[]")
    checks = examine({"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": str(orders)})
    assert faults_of(checks) == []
    assert named(checks, "database.connection").verdict is Verdict.OK
    assert named(checks, "orders.data").verdict is Verdict.WARN


def test_servers_that_are_away_are_told_each() -> None:
    checks = examine({**GOOD, "AEGIS_ENVIRONMNT": "production"})

    assert named(checks, "database.connection").verdict is Verdict.FAIL
    assert named(checks, "backend.answer").verdict is Verdict.FAIL
    [unknown] = [c for c in checks if c.name == "settings" and c.verdict is Verdict.WARN]
    assert "Perhaps AEGIS_ENVIRONMENT is meant." in str(unknown.remedy)


@pytest.mark.parametrize(
    ("environ", "verdicts"),
    [
        ({}, [Verdict.OK]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, [Verdict.OK]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, [Verdict.WARN]),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "nonsense:port",
            },
            [Verdict.WARN, Verdict.WARN],
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            },
            [Verdict.WARN],
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "True"},
            [Verdict.OK],
        ),
    ],
)
def test_collectors_are_those_of_the_standard_variables(
    environ: dict[str, str], verdicts: list[Verdict]
) -> None:
    checks = examine({**GOOD, **environ})

    assert [check.verdict for check in checks if check.name == "collector"] == verdicts


def test_views_need_a_database_to_be_suggested_for(tmp_path: Path) -> None:
    settings = load_settings(
        {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": str(tmp_path / "orders.json")}
    )

    with pytest.raises(InvalidRequest) as caught:
        build_view_suggestion(settings)
    assert caught.value.code == "no_database"


MEMORY = {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": "none.json"}


def test_the_tenants_of_several_are_looked_at() -> None:
    checks = examine({**MEMORY, "AEGIS_TENANCY": "multi", "AEGIS_TENANTS": "a,b=Asia/Tokyo"})

    assert "1 time zone beside AEGIS_TIMEZONE" in named(checks, "tenants.directory").message


@pytest.mark.parametrize(
    "environ",
    [MEMORY, {**MEMORY, "AEGIS_TENANCY": "multi"}, {"AEGIS_TENANCY": "multi"}],
    ids=["one shop", "no list", "no database"],
)
def test_without_tenants_to_look_at_nothing_is_said_of_them(environ: dict[str, str]) -> None:
    checks = examine(environ)

    assert [check for check in checks if check.name.startswith("tenants.")] == []
