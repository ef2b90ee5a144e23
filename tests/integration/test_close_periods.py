"""Weeks and months by ``close`` as a real process, with a real PostgreSQL and a real WireMock."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from tests.integration.closing import TOKEN
from tests.integration.ledger_place import LedgerPlace
from tests.integration.program import Ended
from tests.integration.shop import settings_for
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

# Of a week and a month that begin on the same day: in the week at both its edges, behind it in the
# month, and beside the month.
_ORDERS = """
INSERT INTO orders VALUES
    (101, '2026-06-01T00:00:00-03:00', 10.00),
    (102, '2026-06-07T23:59:59-03:00', 50.50),
    (103, '2026-06-08T00:00:00-03:00', 20.00),
    (104, '2026-05-31T23:59:59-03:00', 40.00);
INSERT INTO order_items VALUES
    (101, 'Tea', 4, 2.50), (102, 'Hambúrguer', 2, 25.25),
    (103, 'Tea', 2, 10.00), (104, 'Tea', 1, 40.00)
"""
FIRST = "2026-06-01"
WEEK_BODY = (
    '{"reportDate":"2026-06-01","totalOrders":2,"totalRevenue":60.50,'
    '"topItems":[{"name":"Tea","qty":4},{"name":"Hambúrguer","qty":2}]}'
)
MONTH_BODY = (
    '{"reportDate":"2026-06-01","totalOrders":3,"totalRevenue":80.50,'
    '"topItems":[{"name":"Tea","qty":6},{"name":"Hambúrguer","qty":2}]}'
)
PERIODS = [("week", "weekly", WEEK_BODY), ("month", "monthly", MONTH_BODY)]
FIELDS = ("kind", "word", "body")


class Books:
    """A shop with its Backend and its ledger."""

    def __init__(self, shop: Database, wiremock: WireMockServer, folder: Path) -> None:
        with shop.connect() as connection:
            connection.execute(_ORDERS.encode())
        self.wiremock = wiremock
        self.place = LedgerPlace(folder)
        self.settings = dict(settings_for(shop, wiremock.url, TOKEN))

    def close(self, kind: str, *more: str, **settings: str) -> Ended:
        """Close the period of a kind that holds the third of June."""
        arguments = ("--period", kind, "--date", "2026-06-03", "--output", "json", *more)
        return self.place.tell("close", *arguments, **{**self.settings, **settings})

    def runs(self) -> list[dict[str, Any]]:
        """Return what the ledger says of runs, the newest first."""
        listed: list[dict[str, Any]] = self.place.tell("runs", "--output", "json").told["runs"]
        return listed


@pytest.fixture
def books(shop: Database, wiremock: WireMockServer, tmp_path: Path) -> Books:
    return Books(shop, wiremock, tmp_path)


def arm(books: Books, word: str, submit: dict[str, Any]) -> None:
    books.wiremock.stub("GET", f"/reports/{word}/{FIRST}", {"status": 404})
    books.wiremock.stub("POST", f"/internal/reports/{word}", submit)


@pytest.mark.parametrize(FIELDS, PERIODS)
def test_a_period_is_handed_over_to_its_own_path_and_stands_in_the_ledger(
    books: Books, kind: str, word: str, body: str
) -> None:
    arm(books, word, {"status": 201})

    closed = books.close(kind)

    assert (closed.status, closed.told["outcome"]) == (0, "created"), closed.err
    assert (closed.told["period"], closed.told["reportDate"]) == (kind, FIRST)
    assert body in closed.out
    find, submit = books.wiremock.requests()
    assert (find.method, find.path) == ("GET", f"/reports/{word}/{FIRST}")
    assert (submit.method, submit.path) == ("POST", f"/internal/reports/{word}")
    assert submit.headers["idempotency-key"] == f"default:{kind}:{FIRST}"
    assert submit.body.decode() == body
    (run,) = books.runs()
    assert (run["id"], run["period"], run["date"]) == (closed.told["runId"], kind, FIRST)
    assert (run["state"], run["trigger"]) == ("succeeded", "hand")
    assert run["seal"] == closed.told["seal"]
    assert "seals.unreadable" not in closed.err


@pytest.mark.parametrize(FIELDS, PERIODS)
def test_a_period_that_the_backend_has_is_closed_already(
    books: Books, kind: str, word: str, body: str
) -> None:
    stored = {"status": 200, "jsonBody": {**json.loads(body), "id": 7}}
    books.wiremock.stub("GET", f"/reports/{word}/{FIRST}", stored)

    again = books.close(kind)

    assert (again.status, again.told["outcome"]) == (0, "already_closed")
    assert again.told["report"]["reportDate"] == FIRST
    assert books.wiremock.count("POST") == 0


@pytest.mark.parametrize(FIELDS, PERIODS)
def test_another_report_for_the_period_is_a_conflict(
    books: Books, kind: str, word: str, body: str
) -> None:
    other = {**json.loads(body), "totalOrders": 1}
    arm(books, word, {"status": 200, "jsonBody": other})

    ended = books.close(kind)

    assert (ended.status, ended.told["outcome"]) == (4, "conflict")
    assert f"a different report for this {kind}" in ended.told["error"]["message"]
    (run,) = books.runs()
    assert (run["state"], run["period"]) == ("failed", kind)


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(FIELDS, PERIODS)
def test_a_backend_without_the_extension_is_said_to_have_none(
    books: Books, kind: str, word: str, body: str, status: int
) -> None:
    arm(books, word, {"status": status})

    ended = books.close(kind)

    assert (ended.status, ended.told["outcome"]) == (4, "refused")
    error = ended.told["error"]
    assert error["message"] == f"This Backend takes no {word} reports (HTTP {status})."
    assert f"POST /internal/reports/{word}" in error["remedy"]
    assert ended.told["submission"] == {"attempts": 1, "status": status}
    assert body in ended.out


def test_a_backend_whose_find_has_no_such_path_either_is_refused_the_same_way(
    books: Books,
) -> None:
    books.wiremock.stub("GET", "/reports/weekly/2026-06-01", {"status": 405})

    ended = books.close("week")

    assert (ended.status, ended.told["outcome"]) == (4, "refused")
    assert "takes no weekly reports (HTTP 405)" in ended.told["error"]["message"]
    assert books.wiremock.count("POST") == 0


def test_a_table_of_days_refuses_a_week_before_anything_is_read(books: Books) -> None:
    arm(books, "weekly", {"status": 201})

    ended = books.close("week", AEGIS_REPORT_STATUS="table")

    assert (ended.status, ended.told["outcome"]) == (4, "refused")
    assert ended.told["error"]["code"] == "table_holds_days"
    assert ended.told["seal"] is None
    assert books.wiremock.count() == 0
    asking_nobody = books.close("week", AEGIS_REPORT_STATUS="none")
    assert (asking_nobody.status, asking_nobody.told["outcome"]) == (0, "created")


def test_a_state_that_cant_be_used_is_a_warning_and_the_week_is_closed(books: Books) -> None:
    arm(books, "weekly", {"status": 201})
    books.place.file.write_bytes(b"this is no database, whatever its name may say")

    closed = books.close("week")

    assert (closed.status, closed.told["outcome"]) == (0, "created")
    events = [json.loads(line) for line in closed.err.splitlines()]
    (warning,) = [told for told in events if told["event"] == "seals.unreadable"]
    assert (warning["level"], warning["code"]) == ("WARNING", "state_no_database")
    assert "orders.read" in [told["event"] for told in events]


def test_a_week_of_verified_days_is_closed_while_the_orders_database_is_away(
    books: Books,
) -> None:
    books.wiremock.stub("POST", "/internal/reports/daily", {"status": 201})
    arm(books, "weekly", {"status": 201})
    days = Period.holding(PeriodKind.WEEK, date.fromisoformat(FIRST)).days
    for day in days:
        closed = books.place.tell("close", "--date", str(day), **books.settings)
        assert closed.status == 0, closed.err
    away = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "AEGIS_DB_CONNECT_SECONDS": "0.2",
    }
    # Sealed is not enough: nobody has looked whether the days are true still.
    assert books.close("week", **away).told["outcome"] == "unreadable"
    asking_nobody = {**books.settings, "AEGIS_REPORT_STATUS": "none"}
    span = ("--from", str(days[0]), "--to", str(days[-1]))
    verified = books.place.tell("verify", *span, **asking_nobody)
    assert verified.status == 0, verified.out

    merged = books.close("week", **away)

    assert (merged.status, merged.told["outcome"]) == (0, "created"), merged.err
    assert merged.told["seal"]["snapshot"].startswith("merged from 7 seals sha256:")
    *_, submit = books.wiremock.requests()
    assert (submit.path, submit.body.decode()) == ("/internal/reports/weekly", WEEK_BODY)
    # A rehearsal looks at the orders, and so does whoever wants to compare with them.
    rehearsed = books.close("week", "--dry-run")
    assert rehearsed.told["report"] == json.loads(WEEK_BODY)
    for digest in ("totalsDigest", "bodyDigest"):
        assert rehearsed.told["seal"][digest] == merged.told["seal"][digest]
    assert not rehearsed.told["seal"]["snapshot"].startswith("merged")
    # Nor does verifying believe the seals.
    of_week = ("verify", *span, "--period", "week", "--output", "json")
    assert books.place.tell(*of_week, **asking_nobody).status == 0
    assert books.place.tell(*of_week, **{**asking_nobody, **away}).status == 6
