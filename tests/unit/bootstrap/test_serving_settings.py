"""The settings of a process that serves: what they take, and what is said of the rest."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.bootstrap.identity import executor_id, operator, state_location
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run_statistics import Prices
from aegis_batch.domain.schedule import Overlap

SECRET = "s3cret-hook-path"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = load_settings({})

    assert (settings.schedule_cron, settings.schedule_overlap) == ("0 0 2 * * *", Overlap.SKIP)
    assert (settings.catch_up_days, settings.close_from) == (7, None)
    assert settings.close_deadline == time(6, 0)
    assert (settings.verify_days, settings.verify_cron) == (7, "0 30 3 * * *")
    assert settings.retry_seconds == (60.0, 120.0, 240.0, 900.0)
    assert (settings.worker_concurrency, settings.state_migrate) == (1, True)
    assert (settings.drain_seconds, settings.watchdog_seconds) == (30, 120)
    assert (settings.poll_seconds, settings.queue_poll_seconds) == (1, 5)
    assert settings.run_limit_seconds == 14_400
    assert (settings.notify_url, settings.heartbeat_url, settings.schedules_file) == (None,) * 3


def test_every_setting_of_serving_can_be_given() -> None:
    settings = load_settings(
        {
            "AEGIS_STATE_URL": "sqlite:////data/state.db",
            "AEGIS_STATE_MIGRATE": "false",
            "AEGIS_SCHEDULE_CRON": "*/5 * * * *",
            "AEGIS_SCHEDULE_OVERLAP": "BUFFER_ONE",
            "AEGIS_CLOSE_FROM": "2026-11-01",
            "AEGIS_RETRY_SECONDS": "0.5, 2",
            "AEGIS_NOTIFY_URL": f"https://hooks.example.com/{SECRET}",
            "AEGIS_HEARTBEAT_URL": "http://127.0.0.1:8080/ping",
        }
    )

    assert settings.state_migrate is False
    assert settings.schedule_overlap is Overlap.BUFFER_ONE
    assert settings.close_from == date(2026, 11, 1)
    assert settings.retry_seconds == (0.5, 2.0)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("STATE_URL", "postgresql://u:s3cret@h:port/d", "can't be used"),
        ("STATE_URL", "mysql://u:s3cret@h/d", "names no database of SQLite or PostgreSQL"),
        ("STATE_URL", "s3cret", "is no address of a database"),
        ("STATE_URL", "sqlite:///", "names no file"),
        ("STATE_URL", "sqlite:////data/s.db?mode=ro", "has more in it than a file's path"),
        ("STATE_MIGRATE", "maybe", "must be true or false"),
        ("EXECUTOR_ID", "a\x1bb", "printable characters"),
        ("OPERATOR", "x" * 101, "up to 100 printable characters"),
        ("OPERATOR", " ana", "without a blank at an end"),
        ("SCHEDULE_CRON", "2 o'clock", "is no cron expression: it must have five fields"),
        ("SCHEDULE_CRON", "0 25 * * *", "is no cron expression: its field 'hour'"),
        ("SCHEDULE_CRON", "0 0 31 2 *", "cron expression"),
        ("SCHEDULE_OVERLAP", "QUEUE", "SKIP"),
        ("SCHEDULE_JITTER_SECONDS", "-1", "must be 0 or more"),
        ("CATCH_UP_DAYS", "0", "must be 1 or more"),
        ("CLOSE_FROM", "1700000000", "is no day"),
        ("CLOSE_FROM", "2026-02-30", "is no day"),
        ("CLOSE_DEADLINE", "6", "is no time of day"),
        ("VERIFY_DAYS", "-1", "must be 0 or more"),
        ("VERIFY_CRON", "half past three", "is no cron expression"),
        ("RETRY_SECONDS", "60;120", "must be seconds, separated by commas"),
        ("RETRY_SECONDS", "60,,120", "must be seconds, separated by commas"),
        ("RETRY_SECONDS", "60,0", "must have waits above 0"),
        ("RETRY_SECONDS", "1," * 20 + "1", "has more than 20 waits"),
        ("RATE_LIMIT", "10 a minute", "is not of the form 10/60s"),
        ("TENANT_RATE_LIMIT", "0/1s", "is not of the form 10/60s"),
        ("BREAKER_FAILURES", "-1", "must be 0 or more"),
        ("BREAKER_OPEN_SECONDS", "0", "must be 1.0 or more"),
        ("TENANT_CONCURRENCY", "-1", "must be 0 or more"),
        ("NOTIFY_URL", f"http://hooks.example.com/{SECRET}", "would travel unprotected"),
        ("NOTIFY_URL", f"hooks.example.com/{SECRET}", "is not an address"),
        ("NOTIFY_URL", f"https://u:{SECRET}@hooks.example.com/", "has a user or a password"),
        ("HEARTBEAT_URL", f"https://h.example.com/{SECRET}#x", "has a fragment"),
        ("HEARTBEAT_URL", f"https://h.example.com/{SECRET} x", "no address holds"),
        ("HEARTBEAT_URL", f"https://h.example.com:99999/{SECRET}", "names a port"),
        ("HEARTBEAT_URL", f"https://h.example.com/{SECRET}" + "x" * 2048, "is longer than 2048"),
        ("WORKER_CONCURRENCY", "0", "must be 1 or more"),
        ("POLL_SECONDS", "0", "must be greater than 0"),
        ("WATCHDOG_SECONDS", "2", "three times AEGIS_POLL_SECONDS"),
        ("RETENTION_DAYS", "7", "must be more than AEGIS_CATCH_UP_DAYS"),
        ("PRICE_REQUEST", "-7", "not negative"),
    ],
)
def test_what_is_unfit_is_said_without_its_value(variable: str, value: str, what: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_settings({f"AEGIS_{variable}": value})

    assert f"AEGIS_{variable}: " in str(caught.value)
    assert what in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "called"),
    [
        ({"FLY_MACHINE_ID": "148e", "AEGIS_EXECUTOR_ID": "kitchen"}, "kitchen"),
        ({"FLY_MACHINE_ID": "148e"}, "148e"),
        ({"FLY_MACHINE_ID": "a\nb"}, "a\\nb"),
    ],
)
def test_a_machine_is_called_by_its_settings_or_by_its_place(
    environ: dict[str, str], called: str
) -> None:
    assert executor_id(load_settings(environ), environ) == called


def test_elsewhere_a_machine_is_called_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "shop-1")

    assert executor_id(load_settings({}), {}) == "shop-1"


def test_the_operator_is_the_one_of_the_settings_or_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "ana")

    assert operator(load_settings({"AEGIS_OPERATOR": "rui"})) == "rui"
    assert operator(load_settings({})) == "ana"


def test_an_account_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 4711)

    assert operator(load_settings({})) == "uid 4711"


def test_the_state_is_where_the_settings_say_or_where_programs_keep_their_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))

    def placed(url: str) -> Path:
        return file_of({"AEGIS_STATE_URL": url})

    def file_of(environ: dict[str, str]) -> Path:
        location = state_location(load_settings(environ))
        assert isinstance(location, StateLocation)
        return location.file

    assert placed("sqlite:////data/state.db") == Path("/data/state.db")
    assert placed("sqlite:///s.db") == tmp_path / "s.db"
    default = file_of({})
    assert default.is_relative_to(tmp_path)
    assert (default.parent.name, default.name) == ("aegis-batch", "state.db")


def test_one_price_is_enough_and_the_other_is_nothing_then() -> None:
    assert load_settings({}).prices is None
    assert load_settings({"AEGIS_PRICE_REQUEST": "0.0004"}).prices == Prices(
        Decimal(0), Decimal("0.0004")
    )
    assert load_settings({"AEGIS_PRICE_CPU_SECOND": "0.00002"}).prices == Prices(
        Decimal("0.00002"), Decimal(0)
    )
