"""The made-up shop and the stand-in Backend of deploy/compose.yaml."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aegis_batch.domain.outcome import Outcome
from tests.integration.closing import TOKEN, closing_over, connect
from tests.integration.deploy.psql import SCRIPT, psql_environ, psql_program
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

DEPLOY = Path(__file__).parents[3] / "deploy"
REPORT = {
    "reportDate": "2026-11-21",
    "totalOrders": 1,
    "totalRevenue": 41.0,
    "topItems": [{"name": "Soup", "qty": 2}],
}


@pytest.fixture
def backend(wiremock: WireMockServer) -> Iterator[httpx.Client]:
    """WireMock with the mappings that the compose file mounts."""
    with httpx.Client(base_url=wiremock.url, trust_env=False) as client:
        for path in sorted((DEPLOY / "wiremock" / "mappings").iterdir()):
            answer = client.post(
                "/__admin/mappings", json=json.loads(path.read_text(encoding="utf-8"))
            )
            assert answer.status_code == httpx.codes.CREATED, answer.text
        client.headers["X-SERVICE-TOKEN"] = TOKEN
        yield client


def test_every_day_is_open_at_the_stand_in(backend: httpx.Client) -> None:
    assert backend.get("/reports/2026-11-21").status_code == httpx.codes.NOT_FOUND


def test_the_stand_in_creates_a_report_and_gives_it_back(backend: httpx.Client) -> None:
    answer = backend.post("/internal/reports/daily", json=REPORT)

    assert answer.status_code == httpx.codes.CREATED
    assert answer.json() == REPORT


@pytest.mark.parametrize(
    "wrong",
    [
        {**REPORT, "totalOrders": -1},
        {**REPORT, "totalRevenue": "41.00"},
        {**REPORT, "topItems": [{"name": "Soup", "qty": 0}]},
        {**REPORT, "more": 1},
        {"reportDate": "2026-11-21"},
    ],
)
def test_the_stand_in_refuses_what_is_no_report(
    backend: httpx.Client, wrong: dict[str, object]
) -> None:
    answer = backend.post("/internal/reports/daily", json=wrong)

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_the_stand_in_wants_a_token(backend: httpx.Client) -> None:
    del backend.headers["X-SERVICE-TOKEN"]

    for answer in (
        backend.get("/reports/2026-11-21"),
        backend.post("/internal/reports/daily", json=REPORT),
    ):
        assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_the_program_closes_a_day_at_the_stand_in(backend: httpx.Client) -> None:
    with closing_over(connect(str(backend.base_url).rstrip("/"))) as closing:
        assert closing.close().outcome is Outcome.CREATED


def test_the_shop_has_orders_for_a_week_that_add_up_and_a_role_that_reads_them(
    database: Database, tmp_path: Path
) -> None:
    ended = open_made_up_shop(database, tmp_path)

    try:
        assert ended.returncode == 0, ended.stderr
        with database.connect() as connection:
            connection.execute("SET ROLE aegis_reader")
            days = connection.execute("SELECT count(DISTINCT created_at::date) FROM orders")
            assert (days.fetchone() or (0,))[0] >= 8
            unequal = connection.execute(
                "SELECT count(*) FROM orders o WHERE o.total IS DISTINCT FROM"
                " (SELECT sum(quantity * unit_price) FROM order_items WHERE order_id = o.id)"
            )
            assert unequal.fetchone() == (0,)
    finally:
        with database.connect() as connection:
            connection.execute("DROP OWNED BY aegis_reader")
            connection.execute("DROP ROLE aegis_reader")


def open_made_up_shop(database: Database, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what the container runs on its first start, with the role's script where it lies here."""
    script = (DEPLOY / "postgres" / "shop.sql").read_text(encoding="utf-8")
    here = folder / "shop.sql"
    here.write_text(script.replace("/deploy/readonly_role.sql", str(SCRIPT)), encoding="utf-8")
    return subprocess.run(
        [psql_program(), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", database.dsn(), "-f", here],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=psql_environ(),
        timeout=30,
        check=False,
    )
