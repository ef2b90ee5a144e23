"""Closed days whose orders change later: found by ``verify``, and by the sweep of ``serve``."""

import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from tests.integration.closed_place import ClosedPlace
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

pytestmark = pytest.mark.measured


@pytest.fixture
def closed(database: Database, wiremock: WireMockServer, tmp_path: Path) -> ClosedPlace:
    place = ClosedPlace(tmp_path, database, wiremock)
    place.close()
    return place


def kept(closed: ClosedPlace) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(closed.place.state)) as state:
        return state.execute(
            "SELECT first_day, verdict FROM verifications ORDER BY first_day"
        ).fetchall()


def test_days_that_are_as_they_were_closed_are_equal(closed: ClosedPlace) -> None:
    ended = closed.place.run("verify", *closed.range)

    days = [str(day) for day in closed.days]
    assert ended.out.splitlines() == [*(f"{day}  equal" for day in days), "3 periods: 3 equal"]
    assert (ended.status, ended.err) == (0, "")
    assert kept(closed) == [(day, "equal") for day in days]
    assert closed.reports_sent == 0


def test_a_late_a_changed_and_a_deleted_order_are_told_to_the_cent(closed: ClosedPlace) -> None:
    closed.spoil()

    ended = closed.place.run("verify", *closed.range)

    first, second, third = closed.days
    assert ended.out.splitlines() == [
        f"{first}  changed",
        "    orders: 3 now, 2 when it was sealed (+1)",
        "    lines: 3 now, 2 when it was sealed (+1)",
        "    revenue: 30.00 now, 22.50 when it was sealed (+7.50)",
        "    item Soup: 1 now, 0 when it was sealed (+1)",
        f"{second}  changed",
        "    revenue: 22.49 now, 22.50 when it was sealed (-0.01)",
        f"{third}  changed",
        "    orders: 1 now, 2 when it was sealed (-1)",
        "    lines: 1 now, 2 when it was sealed (-1)",
        "    revenue: 10.00 now, 22.50 when it was sealed (-12.50)",
        "    item Tea: 1 now, 2 when it was sealed (-1)",
        "3 periods: 3 changed",
    ]
    assert ended.status == 1
    logged = [json.loads(line) for line in ended.err.splitlines()]
    assert [(line["event"], line["level"], line["reportDate"]) for line in logged] == [
        ("period.verified", "ERROR", str(day)) for day in closed.days
    ]
    assert [verdict for _, verdict in kept(closed)] == ["changed"] * 3
    assert closed.reports_sent == 0


def test_a_price_that_rises_under_the_same_total_is_told_by_verify_prove_and_the_sweep(
    closed: ClosedPlace,
) -> None:
    first = str(closed.days[0])
    closed.change("UPDATE order_items SET unit_price = unit_price + 1 WHERE order_id = 1")
    found = "orders that break line_total_mismatch: 1 now, 0 when it was sealed (+1), with order 1"

    verified = closed.place.run("verify", "--from", first, "--to", first)
    proved = closed.place.run("prove", first)
    with closed.place.serving(**closed.sweeping) as serving:
        serving.wait_for("job.completed", job="sweep")
        assert serving.stop() == 143

    assert verified.out.splitlines()[:2] == [f"{first}  changed", f"    {found}"]
    assert found in proved.out
    assert (verified.status, proved.status) == (1, 1)
    [text] = closed.messages
    assert f"{first} is changed: {found}." in text


def test_a_backend_that_lost_a_report_or_has_another_is_found(closed: ClosedPlace) -> None:
    first, second, third = closed.days
    closed.wiremock.stub("GET", f"/reports/{first}", {"status": 404})
    closed.show(
        f'{{"reportDate":"{second}","totalOrders":2,"totalRevenue":22.51,'
        '"topItems":[{"name":"Tea","qty":2}]}'.encode()
    )
    closed.order(98, third, "-1.00")

    ended = closed.place.run("verify", *closed.range, "--output", "json")

    missing, conflict, rejected = ended.told["verifications"]
    assert (missing["verdict"], missing["change"]) == ("missing", None)
    assert conflict["verdict"] == "conflict"
    assert conflict["differences"] == [
        {"field": "totalRevenue", "expected": "22.50", "stored": "22.51"}
    ]
    assert rejected["verdict"] == "rejected"
    assert "negative_total by 1 (order 98)" in rejected["problem"]["message"]
    assert rejected["change"]["revenue"] == {"sealed": 22.5, "present": 21.5}
    assert (ended.status, closed.reports_sent) == (1, 0)


def test_a_database_that_is_away_is_told_and_asked_no_more_than_three_times(
    closed: ClosedPlace,
) -> None:
    ended = closed.place.run(
        "verify",
        *closed.range,
        DATABASE_URL="postgresql://nobody@127.0.0.1:9/none",
        AEGIS_DB_CONNECT_SECONDS="0.2",
    )

    assert ended.status == 6
    assert ended.out.splitlines()[-1] == "3 periods: 3 unknown"
    assert [verdict for _, verdict in kept(closed)] == []


def test_a_state_that_is_lost_leaves_the_backend_to_compare_with(closed: ClosedPlace) -> None:
    closed.place.state.unlink()
    closed.spoil()

    ended = closed.place.run("verify", *closed.range)

    assert ended.status == 1
    assert ended.out.count("conflict  (no seal)") == 3
    assert [verdict for _, verdict in kept(closed)] == ["conflict"] * 3


def _alter(closed: ClosedPlace, sql: str, day: date) -> None:
    with closing(sqlite3.connect(closed.place.state)) as state, state:
        state.execute("DROP TRIGGER IF EXISTS seals_refuses_UPDATE")
        state.execute(f"UPDATE seals SET content = {sql} WHERE first_day = ?", (str(day),))


def test_an_altered_seal_is_its_own_days_finding_and_keeps_nothing_back(
    closed: ClosedPlace,
) -> None:
    closed.spoil()
    first, second, third = (str(day) for day in closed.days)
    _alter(closed, "'hello'", closed.days[0])
    more_orders = """'"totals":{"orders":2', '"totals":{"orders":955'"""
    _alter(closed, f"replace(content, {more_orders})", closed.days[1])

    ended = closed.place.run("verify", *closed.range)
    alone = closed.place.run("verify", "--from", first, "--to", first)
    with closed.place.serving(**closed.sweeping) as serving:
        serving.wait_for("job.completed", count=2, job="sweep")
        assert serving.stop() == 143

    lines = ended.out.splitlines()
    assert lines[0] == f"{first}  seal_changed"
    assert f"the seal of {first}, is not as it was kept" in lines[1]
    assert lines[2] == f"{second}  seal_changed"
    assert lines[4] == f"{third}  changed"
    assert "955" not in ended.out
    assert (ended.status, alone.status) == (1, 1)
    assert "no seal is looked at" not in ended.err
    [text] = closed.messages
    assert text.startswith(f"Closed days that are off: {first}, {second}, {third}.")
    assert "audit --check" in text
    assert serving.events("job.sent_to_dlq") == []


def test_a_state_that_is_broken_is_worth_a_warning(closed: ClosedPlace) -> None:
    for name in ("state.db-wal", "state.db-shm"):
        (closed.place.folder / name).unlink(missing_ok=True)
    closed.place.state.write_bytes(b"no database" * 1_000)

    ended = closed.place.run("verify", *closed.range)

    assert ended.status == 0
    assert ended.out.count("equal  (no seal)") == 3
    assert ended.err.count("no seal is looked at and nothing is kept") == 1


def test_a_week_is_verified_by_its_own_report(closed: ClosedPlace) -> None:
    week = Period.holding(PeriodKind.WEEK, closed.days[2] - timedelta(days=7))
    monday = week.first_day
    found = f"/reports/weekly/{monday}"
    closed.wiremock.stub("GET", found, {"status": 404})
    closed.wiremock.stub("POST", "/internal/reports/weekly", {"status": 201})
    closed.order(50, monday, "5.00")
    ended = closed.place.run("close", "--period", "week", "--date", str(monday))
    assert ended.status == 0
    [sent] = [r.body for r in closed.wiremock.requests() if "weekly" in r.path and r.body]
    answer = {"headers": {"Content-Type": "application/json"}, "body": sent.decode()}
    closed.wiremock.stub("GET", found, {"status": 200, **answer})
    range_of_one = ("--from", str(monday), "--to", str(monday), "--period", "week")
    assert closed.place.run("verify", *range_of_one).out.startswith(f"{week}  equal\n")
    closed.order(51, monday + timedelta(days=6), "1.50")

    ended = closed.place.run("verify", *range_of_one)

    assert ended.status == 1
    assert ended.out.startswith(f"{week}  changed\n    orders: ")
    assert "(+1.50)\n" in ended.out
    assert closed.wiremock.count("POST", "/internal/reports/weekly") == 1


def test_the_sweep_names_three_spoiled_days_once_and_sends_nothing(closed: ClosedPlace) -> None:
    closed.spoil()

    with closed.place.serving(**closed.sweeping) as serving:
        serving.wait_for("job.completed", count=3, job="sweep")
        assert serving.stop() == 143

    [text] = closed.messages
    days = [str(day) for day in closed.days]
    assert text.startswith(
        f"Closed days that are off: {', '.join(days)}."
        f" See: aegis-batch verify --from {days[0]} --to {days[2]}."
    )
    for words in (
        f"{days[0]} is changed: orders: 3 now, 2 when it was sealed (+1)",
        "revenue: 30.00 now, 22.50 when it was sealed (+7.50); item Soup: 1 now, 0",
        f"{days[1]} is changed: revenue: 22.49 now, 22.50 when it was sealed (-0.01).",
        f"{days[2]} is changed: orders: 1 now, 2 when it was sealed (-1)",
        "revenue: 10.00 now, 22.50 when it was sealed (-12.50); item Tea: 1 now, 2",
    ):
        assert words in text
    told = serving.events("period.verified", level="ERROR", verdict="changed")
    assert {line["reportDate"] for line in told} == set(days)
    assert closed.reports_sent == 0
    assert [verdict for _, verdict in kept(closed)] == ["changed"] * 3
    completed = serving.events("job.completed", job="sweep")[0]
    assert completed["told"] == "3 closed days verified, 3 off"


def test_a_sweep_that_meets_a_backend_that_is_away_is_tried_again(closed: ClosedPlace) -> None:
    closed.spoil()
    bodies = {"status": 503}
    for day in closed.days:
        closed.wiremock.stub("GET", f"/reports/{day}", bodies, priority=1)

    with closed.place.serving(**closed.sweeping, AEGIS_RETRY_SECONDS="0.5,0.5,30") as serving:
        serving.wait_for("job.retried", job="sweep")
        assert serving.stop() == 143

    assert closed.messages == []
    assert closed.reports_sent == 0
