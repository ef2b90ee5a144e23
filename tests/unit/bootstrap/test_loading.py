"""Settings: where they come from, what is wrong with them, and that nothing of them leaks."""

import os
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.bootstrap.loading import examine_settings, load_settings, unknown_variables
from aegis_batch.bootstrap.settings import Adapters, LogLevel, ReportStatusSource, Settings
from aegis_batch.domain.consistency import Action, Finding, Rule
from aegis_batch.domain.errors import InvalidRequest

CANARY = "canary-5ecret-value"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def faults_of(environ: dict[str, str], *required: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_settings(environ, required=required)
    return str(caught.value)


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = load_settings({})
    assert settings.adapters is Adapters.REAL
    assert settings.timezone == "America/Sao_Paulo"
    assert settings.day_start == time(0, 0)
    assert (settings.top_items, settings.currency_decimals) == (10, 2)
    assert (settings.orders_table, settings.orders_id) == ("orders", "id")
    assert (settings.orders_placed_at, settings.orders_total) == ("created_at", "total")
    assert settings.orders_status is None
    assert settings.orders_statuses == ()
    assert settings.orders_placed_at_kind is PlacedAtKind.AUTO
    assert (settings.items_table, settings.items_order_id) == ("order_items", "order_id")
    assert (settings.items_name, settings.items_quantity) == ("name", "quantity")
    assert settings.items_unit_price == "unit_price"
    assert settings.total_tolerance == Decimal("0.00")
    assert settings.report_status is ReportStatusSource.BACKEND
    assert settings.http_timeout_seconds == 10
    assert settings.http_max_attempts == 3
    assert settings.http_backoff_seconds == 0.5
    assert settings.db_connect_seconds == 30
    assert settings.db_statement_timeout_seconds == 600


def test_every_setting_can_come_from_a_file(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(CANARY + "\n")
    settings = load_settings({"X_SERVICE_TOKEN_FILE": str(token_file)})
    assert settings.x_service_token is not None
    assert settings.x_service_token.get_secret_value() == CANARY
    assert CANARY not in repr(settings)


def test_a_setting_given_by_itself_and_as_a_file_is_a_fault(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(CANARY)
    told = faults_of({"X_SERVICE_TOKEN": CANARY, "X_SERVICE_TOKEN_FILE": str(token_file)})
    assert "X_SERVICE_TOKEN: is set both by itself and by X_SERVICE_TOKEN_FILE" in told
    assert CANARY not in told


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no such file"), (b"\xff\xfe", "not UTF-8"), (b"x" * 65_537, "over 64 KiB")],
)
def test_a_file_that_is_no_value_is_a_fault(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "value"
    if content is not None:
        path.write_bytes(content)
    told = faults_of({"AEGIS_TOP_ITEMS_FILE": str(path)})
    assert "AEGIS_TOP_ITEMS: is to come from the file that AEGIS_TOP_ITEMS_FILE names" in told
    assert reason in told


def test_a_path_that_no_file_can_have_is_a_fault() -> None:
    assert "is no path" in faults_of({"AEGIS_TOP_ITEMS_FILE": "a\0b"})


def test_all_faults_come_in_one_message_and_none_shows_a_value() -> None:
    told = faults_of(
        {
            "AEGIS_TIMEZONE": f"Mars/{CANARY}",
            "AEGIS_TOP_ITEMS": CANARY,
            "AEGIS_DAY_START": CANARY,
            "AEGIS_RULES": "negative_total",
            "AEGIS_TOTAL_TOLERANCE": CANARY,
            "DATABASE_URL": f"mysql://{CANARY}",
            "BACKEND_BASE_URL": f"ftp://{CANARY}",
            "X_SERVICE_TOKEN": f"two\nlines {CANARY}",
            "AEGIS_LOG_LEVEL": CANARY,
        },
        "memory_orders",
    )
    for name in (
        "AEGIS_TIMEZONE: ",
        "AEGIS_TOP_ITEMS: ",
        "AEGIS_DAY_START: ",
        "AEGIS_RULES: ",
        "AEGIS_TOTAL_TOLERANCE: ",
        "DATABASE_URL: ",
        "BACKEND_BASE_URL: ",
        "X_SERVICE_TOKEN: ",
        "AEGIS_LOG_LEVEL: ",
        "AEGIS_MEMORY_ORDERS: is not set",
    ):
        assert name in told
    assert "10 faults" in told
    assert CANARY not in told


def test_what_a_command_needs_is_missed_by_name() -> None:
    told = faults_of({"X_SERVICE_TOKEN": ""}, "database_url", "backend_base_url", "x_service_token")
    assert "DATABASE_URL: is not set" in told
    assert "BACKEND_BASE_URL: is not set" in told
    assert "X_SERVICE_TOKEN: is not set" in told


def test_the_memory_adapters_need_their_orders_and_nothing_else() -> None:
    told = faults_of({"AEGIS_ADAPTERS": "memory"}, "database_url", "x_service_token")
    assert "AEGIS_MEMORY_ORDERS: is not set" in told
    assert "DATABASE_URL" not in told
    settings = load_settings(
        {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": "orders.json"},
        required=("database_url",),
    )
    assert settings.memory_orders == Path("orders.json")


def test_rules_are_read_as_pairs() -> None:
    rules = load_settings(
        {"AEGIS_RULES": "line_total_mismatch=reject, empty_order=ignore"}
    ).consistency_rules
    assert rules.action_for(Finding.LINE_TOTAL_MISMATCH) is Action.REJECT
    assert rules.action_for(Finding.EMPTY_ORDER) is Action.IGNORE
    assert rules.action_for(Finding.NEGATIVE_TOTAL) is Action.REJECT


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("no_such_rule=warn", "names an unknown rule"),
        ("empty_order=maybe", "must say reject, warn, ignore for empty_order"),
        ("empty_order", "must say reject, warn, ignore"),
        ("invalid_number=warn", "can't soften invalid_number"),
        ("empty_order=warn,empty_order=reject", "names empty_order twice"),
    ],
)
def test_rules_that_make_no_sense_are_faults(rules: str, reason: str) -> None:
    assert reason in faults_of({"AEGIS_RULES": rules})


def test_a_rule_that_always_rejects_may_be_said_to() -> None:
    settings = load_settings({"AEGIS_RULES": "invalid_number=reject"})
    assert settings.rules == {Rule.INVALID_NUMBER: Action.REJECT}


def test_empty_means_none_where_none_means_something() -> None:
    settings = load_settings(
        {"AEGIS_ORDERS_TOTAL": "", "AEGIS_ORDERS_STATUS": "", "AEGIS_TOP_ITEMS": ""}
    )
    assert settings.orders_total is None
    assert settings.orders_status is None
    assert settings.top_items == 10


def test_a_tenant_of_lines_without_that_of_orders_is_a_fault() -> None:
    told = faults_of({"AEGIS_ITEMS_TENANT": "shop", "AEGIS_ORDERS_TENANT": ""})
    assert "AEGIS_ITEMS_TENANT: names a column, but AEGIS_ORDERS_TENANT names none" in told
    settings = load_settings(
        {
            "AEGIS_TENANCY": "multi",
            "AEGIS_ITEMS_TENANT": "shop",
            "AEGIS_ORDERS_TENANT": "tenant",
        }
    )
    assert (settings.items_tenant, settings.orders_tenant) == ("shop", "tenant")


def test_statuses_without_their_column_are_a_fault() -> None:
    told = faults_of({"AEGIS_ORDERS_STATUSES": "paid, done"})
    assert "AEGIS_ORDERS_STATUS names no column" in told
    settings = load_settings(
        {"AEGIS_ORDERS_STATUSES": "paid, done", "AEGIS_ORDERS_STATUS": "status"}
    )
    assert settings.orders_statuses == ("paid", "done")


def test_dates_go_with_a_day_that_starts_at_midnight() -> None:
    told = faults_of({"AEGIS_ORDERS_PLACED_AT_KIND": "date", "AEGIS_DAY_START": "05:00"})
    assert "AEGIS_DAY_START: must be 00:00" in told


@pytest.mark.parametrize("text", ["24:00", "5:00", "05:00:30", "05:00+01:00", "noon"])
def test_a_start_of_the_day_is_hours_and_minutes(text: str) -> None:
    assert "AEGIS_DAY_START: is no time of day" in faults_of({"AEGIS_DAY_START": text})


@pytest.mark.parametrize("text", ["-1", "NaN", "Infinity"])
def test_a_tolerance_is_a_finite_number_that_is_not_negative(text: str) -> None:
    assert "AEGIS_TOTAL_TOLERANCE: " in faults_of({"AEGIS_TOTAL_TOLERANCE": text})


def test_a_token_never_travels_unprotected() -> None:
    told = faults_of({"BACKEND_BASE_URL": "http://shop.example", "X_SERVICE_TOKEN": CANARY})
    assert "BACKEND_BASE_URL: " in told
    assert "https://" in told
    assert CANARY not in told
    for address in ("http://127.0.0.1:8080", "http://backend.flycast", "https://shop.example"):
        load_settings({"BACKEND_BASE_URL": address, "X_SERVICE_TOKEN": CANARY})


def test_the_environment_goes_before_a_dot_env_file() -> None:
    Path(".env").write_text("AEGIS_TOP_ITEMS=3\nAEGIS_CURRENCY_DECIMALS=0\n")
    settings = load_settings({"AEGIS_TOP_ITEMS": "4"})
    assert (settings.top_items, settings.currency_decimals) == (4, 0)


def test_a_dot_env_file_is_not_read_in_production() -> None:
    Path(".env").write_text("AEGIS_TOP_ITEMS=3\n")
    assert load_settings({"AEGIS_ENVIRONMENT": "production"}).top_items == 10


def test_a_variable_that_is_no_setting_is_told_with_a_guess() -> None:
    environ = {"AEGIS_TIMEZON": "UTC", "AEGIS_X": "1", "AEGIS_TOP_ITEMS_FILE": "x", "HOME": "/"}
    assert unknown_variables(environ) == [("AEGIS_TIMEZON", "AEGIS_TIMEZONE"), ("AEGIS_X", None)]


def test_every_field_is_a_documented_kind_of_name() -> None:
    assert all(name == name.lower() for name in Settings.model_fields)


def test_faults_between_settings_and_of_names_come_beside_all_others() -> None:
    told = faults_of(
        {
            "AEGIS_ORDERS_TABLE": "a.b.c",
            "AEGIS_ITEMS_TABLE": "x.y.z",
            "AEGIS_ORDERS_STATUSES": "paid",
            "AEGIS_ORDERS_PLACED_AT_KIND": "date",
            "AEGIS_DAY_START": "02:00",
            "AEGIS_TOP_ITEMS": "many",
        }
    )
    assert "5 faults" in told
    for name in ("ORDERS_TABLE", "ITEMS_TABLE", "ORDERS_STATUSES", "DAY_START", "TOP_ITEMS"):
        assert f"AEGIS_{name}: " in told
    assert "AEGIS_TOP_ITEMS: is no whole number" in told


@pytest.mark.parametrize("text", ["1e999999", "1e-999999", "1e30"])
def test_a_tolerance_has_a_sane_number_of_digits(text: str) -> None:
    assert "at most 30 digits" in faults_of({"AEGIS_TOTAL_TOLERANCE": text})


def test_a_dot_env_file_is_told_what_is_wrong_with_it(capfd: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_bytes(b"\xff\xfe")
    assert ".env: is not UTF-8" in faults_of({})
    Path(".env").write_text(f"AEGIS_TOP_ITEMS=3\n\n='{CANARY}\n")
    told = faults_of({})
    assert ".env: line 3 sets no variable" in told
    assert CANARY not in told + "".join(capfd.readouterr())


def test_a_dollar_sign_in_a_dot_env_file_is_no_reference() -> None:
    Path(".env").write_text("X_SERVICE_TOKEN=a${HOME}b\n")
    token = load_settings({}).x_service_token
    assert token is not None
    assert token.get_secret_value() == "a${HOME}b"


def test_a_pipe_that_nobody_writes_to_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = faults_of({"X_SERVICE_TOKEN_FILE": str(tmp_path / "pipe")})
    assert "where nobody writes anything" in told


def test_a_pipe_with_a_value_in_it_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, CANARY.encode())
    os.close(writing)
    token = load_settings({"X_SERVICE_TOKEN_FILE": f"/dev/fd/{reading}"}).x_service_token
    os.close(reading)
    assert token is not None
    assert token.get_secret_value() == CANARY


def test_only_the_fields_asked_for_are_looked_at(tmp_path: Path) -> None:
    environ = {
        "AEGIS_LOG_LEVEL": "ERROR",
        "AEGIS_TOP_ITEMS": "3",
        "DATABASE_URL_FILE": str(tmp_path / "no such file"),
    }

    examined = examine_settings(environ, only=("log_level", "timezone"))

    assert (set(examined.given), examined.faults) == ({"log_level"}, ())
    assert (examined.settings.log_level, examined.settings.top_items) == (LogLevel.ERROR, 10)
