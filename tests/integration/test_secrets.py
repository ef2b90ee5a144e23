"""Canary secrets: planted in every place that takes one, and searched for in every output."""

import contextlib
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from aegis_batch.bootstrap.services import ProgramServices
from tests.integration.answer_table import LINES
from tests.integration.closing import DAY
from tests.integration.contract.test_tracked_files import repository
from tests.integration.program import Ended, environment, run
from tests.integration.shop import CLOSE, open_shop, settings_for
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

TOKEN = "canaryTOKEN-47zq11"
PASSWORD = "canary PASS'word\"47zq11%25@"
# What would give a secret away, whole or in part, as it is or encoded for a URL.
TRACES = ("canaryTOKEN", "47zq11", "PASS'word", "canary PASS", "canary%20PASS", "PASS%27word")
WAYS_TO_SPEAK = (("DEBUG", "json"), ("DEBUG", "text"), ("INFO", "json"), ("ERROR", "text"))
_BY_NAME = {line.name: line for line in LINES}


def assert_clean(*texts: str) -> None:
    for text in texts:
        for secret in TRACES:
            assert secret not in text


def all_of(ended: Ended) -> tuple[str, str]:
    return ended.out, ended.err


@pytest.fixture
def shop(database: Database) -> Iterator[Database]:
    """A shop whose reader has a password that is hard to write."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE canary_reader LOGIN PASSWORD {}").format(sql.Literal(PASSWORD))
        )
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO canary_reader")
    yield database
    with database.connect() as connection:
        connection.execute("DROP OWNED BY canary_reader")
        connection.execute("DROP ROLE canary_reader")


@pytest.fixture
def settings(shop: Database, wiremock: WireMockServer) -> dict[str, str]:
    return {
        **settings_for(shop, wiremock.url, TOKEN),
        "DATABASE_URL": shop.dsn("canary_reader", PASSWORD),
    }


@pytest.mark.parametrize(("level", "output"), WAYS_TO_SPEAK)
@pytest.mark.parametrize(
    "name",
    [
        "submit 201",
        "find 401",
        "find a page",
        "find a reset",
        "submit 422",
        "submit 500",
        "submit a reset, then find nothing",
        "submit 200, another revenue",
    ],
)
def test_no_answer_of_the_backend_brings_a_secret_out(  # noqa: PLR0913, PLR0917 - every way to go
    wiremock: WireMockServer,
    settings: dict[str, str],
    tmp_path: Path,
    level: str,
    name: str,
    output: str,
) -> None:
    line = _BY_NAME[name]
    line.arm(wiremock)
    arguments = ["close", "--date", DAY.isoformat(), "--output", output]

    ended = run(arguments, {**settings, "AEGIS_LOG_LEVEL": level}, tmp_path)

    assert ended.status == line.exit_status
    assert_clean(*all_of(ended))


def test_a_backend_that_echoes_the_token_gives_nothing_away(
    wiremock: WireMockServer, settings: dict[str, str], tmp_path: Path
) -> None:
    echo = {"status": 400, "body": f"the token {TOKEN} is wrong", "headers": {"X-Echo": TOKEN}}
    wiremock.stub("GET", f"/reports/{DAY}", echo)

    ended = run(CLOSE, {**settings, "AEGIS_LOG_LEVEL": "DEBUG"}, tmp_path)

    assert ended.told["outcome"] == "refused"
    assert_clean(*all_of(ended))


def _wrong_settings(settings: dict[str, str], folder: Path) -> dict[str, dict[str, str]]:
    token_file = folder / "token"
    token_file.write_text(TOKEN + "\n")
    address = settings["DATABASE_URL"].rpartition("@")[2]
    host = address.partition("/")[0]
    raw = f"postgresql://canary_reader:{PASSWORD}@{address}"
    return {
        "a wrong password": {
            "DATABASE_URL": settings["DATABASE_URL"].replace("canary_reader", "postgres", 1)
        },
        "a password that is not encoded": {"DATABASE_URL": raw},
        "a password as an option": {
            "DATABASE_URL": f"postgresql://canary_reader@{address}?password={quote(PASSWORD)}x"
        },
        "an unknown option": {"DATABASE_URL": settings["DATABASE_URL"] + f"?nonsense={TOKEN}"},
        "a database that isn't there": {
            "DATABASE_URL": settings["DATABASE_URL"].replace(address, f"{host}/canary_47zq11")
        },
        "a server that isn't there": {
            "DATABASE_URL": settings["DATABASE_URL"].replace(host, "127.0.0.1:1"),
            "AEGIS_DB_CONNECT_SECONDS": "0.2",
        },
        "another kind of database": {
            "DATABASE_URL": settings["DATABASE_URL"].replace("postgresql", "mysql")
        },
        "a missing column": {"AEGIS_ORDERS_TOTAL": "no_such_column"},
        "a missing table": {"AEGIS_ITEMS_TABLE": "no_such_table"},
        "a token with a line break": {"X_SERVICE_TOKEN": f"{TOKEN}\n{TOKEN}"},
        "a token twice": {"X_SERVICE_TOKEN_FILE": str(token_file)},
        "a password in the Backend's address": {
            "BACKEND_BASE_URL": f"https://user:{TOKEN}@backend.example"
        },
        "a token that would travel unprotected": {"BACKEND_BASE_URL": "http://backend.example"},
        "secrets in the wrong places": dict.fromkeys(
            (
                "AEGIS_TIMEZONE",
                "AEGIS_TOP_ITEMS",
                "AEGIS_RULES",
                "AEGIS_DAY_START",
                "AEGIS_LOG_LEVEL",
                "AEGIS_ADAPTERS",
                "AEGIS_TOTAL_TOLERANCE",
                "AEGIS_ORDERS_PLACED_AT_KIND",
                "AEGIS_NO_SUCH_SETTING",
            ),
            TOKEN,
        ),
    }


def test_no_fault_of_the_settings_brings_a_secret_out(
    wiremock: WireMockServer, settings: dict[str, str], tmp_path: Path
) -> None:
    _BY_NAME["submit 201"].arm(wiremock)
    for name, changes in _wrong_settings(settings, tmp_path).items():
        for output in ("json", "text"):
            arguments = ["close", "--date", DAY.isoformat(), "--output", output]
            ended = run(arguments, {**settings, **changes, "AEGIS_LOG_LEVEL": "DEBUG"}, tmp_path)
            assert ended.status in (2, 6), (name, ended)
            assert_clean(*all_of(ended))
            assert "Traceback" not in ended.err


@pytest.mark.parametrize("output", ["json", "text"])
def test_no_checkup_brings_a_secret_out(
    wiremock: WireMockServer, settings: dict[str, str], tmp_path: Path, output: str
) -> None:
    # Whatever day it is: it asks about yesterday.
    any_day = {"urlPath": None, "urlPathPattern": "/reports/.*"}
    wiremock.stub("GET", "", {"status": 401}, request=any_day)
    arguments = ["doctor", "--output", output]
    collectors = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{TOKEN}@127.0.0.1:1/{TOKEN}"}
    wrong = _wrong_settings(settings, tmp_path)
    for name, changes in {"nothing": {}, "a collector": collectors, **wrong}.items():
        ended = run(arguments, {**settings, **changes, "AEGIS_LOG_LEVEL": "DEBUG"}, tmp_path)
        assert ended.status == 1, (name, ended)
        assert_clean(*all_of(ended))
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("output", ["json", "text"])
def test_a_checkup_that_finds_a_secret_in_a_file_does_not_show_it(
    settings: dict[str, str], tmp_path: Path, output: str
) -> None:
    files = {".env": f"TOKEN={TOKEN}\n", "url": settings["DATABASE_URL"], "plain": PASSWORD}
    repository(tmp_path, files)

    ended = run(["doctor", "--output", output], settings, tmp_path)

    assert ended.status == 1
    told = " ".join(ended.out.split())
    for secret, path in (
        ("the value of X_SERVICE_TOKEN", ".env"),
        ("the password in DATABASE_URL", "url"),
        ("the password in DATABASE_URL", "plain"),
    ):
        assert f"The file {path}, which git tracks, holds {secret}." in told
    assert_clean(*all_of(ended))


def _wrong_reports(shop: Database, folder: Path) -> dict[str, dict[str, str]]:
    """Return settings of a database of reports, with what is wrong in each."""
    sql = {"AEGIS_REPORT_GATEWAY": "sql"}
    right = shop.dsn("canary_reader", PASSWORD)
    address = right.rpartition("@")[2]
    elsewhere = right.removesuffix(f"/{shop.name}") + "/postgres"
    file = folder / "reports"
    file.write_text(elsewhere + "\n")
    faults = {
        "no tables, and no right to make them": elsewhere,
        "the orders' database": right,
        "a wrong password": elsewhere.replace("canary_reader", "postgres", 1),
        "a password that is not encoded": f"postgresql://canary_reader:{PASSWORD}@{address}",
        "a password as an option": f"postgresql://canary_reader@{address}?password={TOKEN}",
        "an unknown option": f"{elsewhere}?nonsense={TOKEN}",
        "a database that isn't there": right.removesuffix(shop.name) + "canary_47zq11",
        "a server that isn't there": f"postgresql://x:{TOKEN}@127.0.0.1:1/reports",
        "another kind of database": f"mysql://x:{TOKEN}@127.0.0.1/reports",
    }
    told = {name: {**sql, "AEGIS_REPORTS_URL": url} for name, url in faults.items()}
    told["no gateway"] = {"AEGIS_REPORTS_URL": elsewhere}
    told["twice"] = {**told["the orders' database"], "AEGIS_REPORTS_URL_FILE": str(file)}
    told["from a file"] = {**sql, "AEGIS_REPORTS_URL_FILE": str(file)}
    return told


def test_no_database_of_reports_brings_a_secret_out(
    shop: Database, settings: dict[str, str], tmp_path: Path
) -> None:
    commands = (
        ("reports", "status"),
        ("reports", "migrate", "--output", "json"),
        CLOSE,
        ("close", "--date", DAY.isoformat()),
        ("doctor",),
    )
    given = {**settings, "AEGIS_LOG_LEVEL": "DEBUG", "AEGIS_DB_CONNECT_SECONDS": "0.2"}
    for name, changes in _wrong_reports(shop, tmp_path).items():
        for arguments in commands:
            ended = run(arguments, {**given, **changes}, tmp_path)
            assert ended.status in (1, 2, 4, 5), (name, arguments, ended)
            assert_clean(*all_of(ended))
            assert "Traceback" not in ended.err


def test_no_suggestion_brings_a_secret_out(settings: dict[str, str], tmp_path: Path) -> None:
    for changes in ({}, *_wrong_settings(settings, tmp_path).values()):
        ended = run(
            ["doctor", "--suggest-view"],
            {**settings, **changes, "AEGIS_LOG_LEVEL": "DEBUG"},
            tmp_path,
        )
        assert ended.status in (0, 2, 6), ended
        assert_clean(*all_of(ended))


def test_a_token_from_a_file_is_used_and_not_shown(
    wiremock: WireMockServer, settings: dict[str, str], tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN + "\n")
    _BY_NAME["submit 201"].arm(wiremock)
    given = {name: value for name, value in settings.items() if name != "X_SERVICE_TOKEN"}

    ended = run(
        CLOSE,
        {**given, "X_SERVICE_TOKEN_FILE": str(token_file), "AEGIS_LOG_LEVEL": "DEBUG"},
        tmp_path,
    )

    assert ended.told["outcome"] == "created"
    sent = wiremock.requests()
    assert {request.headers["x-service-token"] for request in sent} == {TOKEN}
    assert_clean(*all_of(ended))


@pytest.mark.parametrize(
    "changes",
    [
        {"DATABASE_URL": f"mysql://{TOKEN}"},
        {"AEGIS_TIMEZONE": TOKEN},
        {"X_SERVICE_TOKEN": f"{TOKEN}\n"},
    ],
)
def test_no_exception_text_holds_a_secret(
    settings: dict[str, str],
    tmp_path: Path,
    changes: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    services = ProgramServices()
    given = {**environment(), **settings, **changes}
    text = "nothing was raised"
    try:
        with services.daily_close(dry_run=False, environ=given):
            pass
    except Exception:  # noqa: BLE001 - whatever it is, its text is what is looked at
        text = traceback.format_exc()
    assert "InvalidRequest" in text
    assert_clean(text)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"], ["no"]])
def test_commands_that_need_no_secret_show_none(
    settings: dict[str, str], tmp_path: Path, arguments: list[str]
) -> None:
    assert_clean(*all_of(run(arguments, settings, tmp_path)))


def test_the_password_that_is_hard_to_write_works(
    wiremock: WireMockServer, settings: dict[str, str], tmp_path: Path
) -> None:
    with contextlib.closing(psycopg.connect(settings["DATABASE_URL"])) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    _BY_NAME["submit 201"].arm(wiremock)
    assert run(CLOSE, settings, tmp_path).status == 0
    # Nothing is left behind but the record of the close.
    assert os.listdir(tmp_path) == ["state.db"]  # noqa: PTH208 - names alone
    assert_clean((tmp_path / "state.db").read_bytes().decode("latin-1"))
