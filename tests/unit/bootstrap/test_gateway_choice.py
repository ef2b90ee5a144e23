"""What takes the reports is said once, and never by guessing."""

from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
from aegis_batch.adapters.postgresql.sameness import name_same_database
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.secret_forms import known_secrets
from aegis_batch.bootstrap.settings import ReportGatewayKind
from aegis_batch.domain.errors import InvalidRequest

ORDERS = "postgresql://reader:r@db.example:5432/shop"
REPORTS = "postgresql://writer:w@db.example:5432/reports"
NEEDED = ("database_url", "backend_base_url", "x_service_token")
SQL = {"AEGIS_REPORT_GATEWAY": "sql", "AEGIS_REPORTS_URL": REPORTS}


@pytest.fixture(autouse=True)
def _plain_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGHOSTADDR"):
        monkeypatch.delenv(name, raising=False)


def refusal(**environ: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_settings(environ, required=NEEDED)
    return caught.value.message


def test_a_database_of_reports_needs_no_backend() -> None:
    settings = load_settings({"DATABASE_URL": ORDERS, **SQL}, required=NEEDED)

    assert settings.report_gateway is ReportGatewayKind.SQL
    assert "AEGIS_REPORTS_URL: is not set" in refusal(
        DATABASE_URL=ORDERS, AEGIS_REPORT_GATEWAY="sql"
    )
    assert "BACKEND_BASE_URL" not in refusal(DATABASE_URL=ORDERS, AEGIS_REPORT_GATEWAY="sql")


def test_a_dry_run_needs_neither() -> None:
    environ = {"DATABASE_URL": ORDERS, "AEGIS_REPORT_GATEWAY": "sql"}

    assert load_settings(environ, required=("database_url",)).reports_url is None


def test_both_may_be_named_where_it_is_said_which_is_meant() -> None:
    both = {
        "DATABASE_URL": ORDERS,
        "AEGIS_REPORTS_URL": REPORTS,
        "BACKEND_BASE_URL": "https://backend.example",
        "X_SERVICE_TOKEN": "token",
    }

    for kind in ("http", "sql"):
        settings = load_settings({**both, "AEGIS_REPORT_GATEWAY": kind}, required=NEEDED)
        assert settings.report_gateway == kind
    told = refusal(**both)
    assert "AEGIS_REPORT_GATEWAY: is not set, although AEGIS_REPORTS_URL is" in told


def test_a_wrong_kind_is_one_fault_and_not_two() -> None:
    told = refusal(DATABASE_URL=ORDERS, AEGIS_REPORTS_URL=REPORTS, AEGIS_REPORT_GATEWAY="ftp")

    assert told.count("AEGIS_REPORT_GATEWAY") == 1


@pytest.mark.parametrize("source", ["table", "none"])
def test_another_source_of_what_is_closed_makes_no_sense_with_it(source: str) -> None:
    told = refusal(DATABASE_URL=ORDERS, AEGIS_REPORT_STATUS=source, **SQL)

    assert "AEGIS_REPORT_STATUS: has no meaning" in told


@pytest.mark.parametrize(
    "url",
    ["mysql://u:canary@h/d", "sqlite:///canary.db", "postgresql://u:can ary@h/d", "canary"],
)
def test_an_address_of_anything_else_is_refused_without_a_word_of_it(url: str) -> None:
    told = refusal(DATABASE_URL=ORDERS, AEGIS_REPORT_GATEWAY="sql", AEGIS_REPORTS_URL=url)

    assert "AEGIS_REPORTS_URL: can't be used" in told
    assert "canary" not in told
    assert " DATABASE_URL" not in told


def test_the_password_of_the_reports_is_looked_for_in_files() -> None:
    environ = {**SQL, "AEGIS_REPORTS_URL": "postgresql://w:s%2Fcret-4711@db.example/reports"}

    secrets = known_secrets(load_settings(environ), environ)

    assert "s/cret-4711" in secrets.forms["the password in AEGIS_REPORTS_URL"]


@pytest.mark.parametrize(
    ("reports", "orders"),
    [
        (ORDERS, ORDERS),
        ("postgres://other:x@DB.example./shop?sslmode=require", ORDERS),
        ("postgresql://localhost/shop", "postgresql://127.0.0.1:5432/shop"),
        ("postgresql://[::1]/shop", "postgresql:///shop?host=/var/run/postgresql"),
        ("postgresql://db.example/shop", "postgresql://a.example,db.example/shop"),
        ("postgresql://10.0.0.1/shop", "postgresql:///shop?hostaddr=10.0.0.1"),
        ("postgresql://shop@db.example", "postgresql://reader@db.example/shop"),
        (
            "postgresql://u@ep-1-pooler.eu.neon.tech/shop",
            "postgresql://u@ep-1.eu.neon.tech/shop",
        ),
        ("postgresql://a:5433,b:5434/shop", "postgresql://b:5434/shop"),
    ],
)
def test_two_addresses_of_one_database_are_refused(reports: str, orders: str) -> None:
    assert name_same_database(parse_reports_url(reports), parse_database_url(orders))
    told = refusal(DATABASE_URL=orders, AEGIS_REPORT_GATEWAY="sql", AEGIS_REPORTS_URL=reports)
    assert "AEGIS_REPORTS_URL: names the orders' database" in told


@pytest.mark.parametrize(
    "reports",
    [
        REPORTS,
        "postgresql://reader:r@db.example:5433/shop",
        "postgresql://reader:r@other.example:5432/shop",
        "postgresql:///shop?host=/tmp",
        "postgresql://a:5432,b:5433/shop",
    ],
)
def test_other_databases_are_taken(reports: str) -> None:
    assert not name_same_database(parse_reports_url(reports), parse_database_url(ORDERS))
