"""``backfill`` as real processes: alone, beside a process that serves, stopped and killed."""

import signal
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.system.instance_lock import is_wanted
from tests.integration.backfill_place import Backend, Backfills
from tests.integration.program import end
from tests.integration.serving_place import place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

FIRST = date(2026, 1, 1)
MONTH = [FIRST + timedelta(days=ahead) for ahead in range(31)]
LAST = MONTH[-1]
# A close that waits for the Backend does so for longer than a process has to begin to serve.
PATIENT = {"AEGIS_HTTP_TIMEOUT_SECONDS": "50", "AEGIS_HTTP_MAX_ATTEMPTS": "1"}
NO_NIGHT = "0 0 2 29 2 *"


@pytest.fixture
def shop(database: Database) -> Database:
    """A shop with an order on each day of the month, and on yesterday."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        for number, day in enumerate([*MONTH, yesterday()]):
            noon = f"{day}T12:00:00-03:00"
            price = Decimal(number) + Decimal("0.50")
            connection.execute("INSERT INTO orders VALUES (%s, %s, %s)", (number, noon, price))
            connection.execute("INSERT INTO order_items VALUES (%s, 'Tea', 1, %s)", (number, price))
    return database


@pytest.fixture
def backend(wiremock: WireMockServer) -> Backend:
    return Backend(wiremock)


@pytest.fixture
def backfills(shop: Database, backend: Backend, tmp_path: Path) -> Backfills:
    place = place_of(tmp_path, shop, backend.url, AEGIS_SCHEDULE_CRON=NO_NIGHT)
    return Backfills(place)


def all_created(backend: Backend, days: Sequence[date]) -> bool:
    created = backend.created()
    revenues = [created[day]["totalRevenue"] for day in days]
    return set(created) == set(days) and revenues == [place + 0.5 for place in range(len(days))]


def test_a_month_is_planned_and_then_carried_out_where_nothing_serves(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH)

    planned = backfills.plan(FIRST, LAST)
    assert [period["date"] for period in planned["periods"]] == [str(day) for day in MONTH]
    assert {(p["standing"], p["deed"]) for p in planned["periods"]} == {("open", "close")}
    assert backend.submitted() == []

    plan_id = planned["backfill"]["id"]
    ended = backfills.place.run("backfill", "--yes", plan_id)
    assert ended.status == 0, ended.err
    assert "31 of 31 days done" in ended.out
    assert all_created(backend, MONTH)
    told = [line for line in ended.err.splitlines() if line.startswith("backfill: ")]
    assert told[-1] == "backfill: 31 of 31"
    assert len(told) <= 22
    assert backfills.closes() == dict.fromkeys(map(str, MONTH), 1)
    again = backfills.place.run("backfill", "--yes", plan_id, "--output", "json")
    assert again.status == 0
    assert again.told["backfill"]["state"] == "ended"
    assert len(backend.submitted()) == 31
    assert backfills.place.health()[0] == 1


def test_killed_again_and_again_it_goes_on_and_closes_each_day_once(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH, delay_ms=20)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]

    backfills.killed_at(5, plan_id, "--yes", plan_id)
    for done in (12, 20, 27):
        backfills.killed_at(done, plan_id, "resume", plan_id)
    ended = backfills.place.run("backfill", "resume", plan_id, "--output", "json")

    assert ended.status == 0, ended.err
    told = ended.told["backfill"]
    assert (told["state"], told["done"], told["failed"]) == ("ended", 31, 0)
    assert all_created(backend, MONTH)
    assert backfills.closes() == dict.fromkeys(map(str, MONTH), 1)
    assert backfills.unfinished() == 0
    audit = backfills.place.run("audit", "--output", "json").told["entries"]
    assert Counter(entry["action"] for entry in audit) == {
        "backfill.start": 1,
        "backfill.resume": 4,
    }


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_it_says_how_to_go_on(
    backend: Backend, backfills: Backfills, number: signal.Signals, status: int
) -> None:
    backend.open_days(MONTH, delay_ms=50)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]
    process = backfills.start("--yes", plan_id)
    wait_for(lambda: backfills.done(plan_id) >= 3, "three days")

    process.send_signal(number)
    ended = end(process)

    assert ended.status == status, ended.err
    assert f"aegis-batch backfill resume {plan_id}" in ended.err
    assert 3 <= backfills.done(plan_id) < 31
    # What was under way has come to its end.
    assert len(backend.created()) == backfills.done(plan_id)
    assert backfills.place.run("backfill", "resume", plan_id).status == 0
    assert all_created(backend, MONTH)


def test_a_process_that_serves_carries_it_out_and_closes_its_night_meanwhile(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days([*MONTH, yesterday()], delay_ms=300)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]

    with backfills.place.serving() as serving:
        serving.wait_for("serve.started")
        process = backfills.start("--yes", plan_id)
        wait_for(lambda: backfills.done(plan_id) >= 2, "two days of the month")
        triggered = backfills.place.run("schedules", "trigger", "daily-close")
        assert triggered.status == 0, triggered.err
        wait_for(lambda: yesterday() in backend.created(), "yesterday")
        done = backfills.done(plan_id)
        ended = end(process)
        assert serving.stop() == 143

    assert done < 31
    assert ended.status == 0, ended.err
    assert "this one follows it" in ended.err
    assert set(backend.created()) == {*MONTH, yesterday()}
    assert backfills.unfinished() == 0


def test_a_process_that_begins_to_serve_is_handed_the_backfill_which_is_followed_from_then_on(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH, delay_ms=300)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]
    process = backfills.start("--yes", plan_id)
    wait_for(lambda: backfills.done(plan_id) >= 2, "two days")

    with backfills.place.serving() as serving:
        serving.wait_for("serve.started")
        done = backfills.done(plan_id)
        ended = end(process)
        assert serving.stop() == 143

    assert 2 <= done < 31
    assert ended.status == 0, ended.err
    assert "a process begins to serve this state" in ended.err
    assert "31 of 31 days done" in ended.out
    assert all_created(backend, MONTH)
    assert backfills.closes() == dict.fromkeys(map(str, MONTH), 1)
    assert backfills.unfinished() == 0


def test_what_waits_for_the_backend_keeps_nothing_from_serving(
    backend: Backend, backfills: Backfills
) -> None:
    days = MONTH[:2]
    backend.open_days(days, delay_ms=25_000)
    backfills.place.settings.update(PATIENT)
    plan_id = backfills.plan(days[0], days[-1])["backfill"]["id"]
    process = backfills.start("--yes", plan_id)
    wait_for(lambda: backfills.running() > 0, "a close to be under way")

    with backfills.place.serving() as serving:
        serving.wait_for("serve.started")
        done = backfills.done(plan_id)
        ended = end(process)
        assert serving.stop() == 143

    assert done == 0
    assert ended.status == 0, ended.err
    assert "2 of 2 days done" in ended.out
    assert all_created(backend, days)
    assert backfills.unfinished() == 0


@pytest.mark.parametrize("dies", ["backfill", "serve"])
def test_killed_while_it_is_handed_over_nothing_is_lost(
    backend: Backend, backfills: Backfills, dies: str
) -> None:
    days = MONTH[:2]
    backend.open_days(days, delay_ms=25_000)
    backfills.place.settings.update(PATIENT)
    plan_id = backfills.plan(days[0], days[-1])["backfill"]["id"]
    process = backfills.start("--yes", plan_id)
    wait_for(lambda: backfills.running() > 0, "a close to be under way")

    with backfills.place.serving() as serving:
        wait_for(lambda: is_wanted(backfills.place.state), "the state to be asked for")
        killed = process if dies == "backfill" else serving.process
        killed.kill()
        if dies == "backfill":
            process.communicate()
            serving.wait_for("serve.started")
            wait_for(lambda: backfills.unfinished() == 0, "all to be done")
    if dies == "serve":
        process.kill()
        process.communicate()
        assert backfills.place.run("backfill", "resume", plan_id).status == 0

    assert all_created(backend, days)
    assert backfills.closes() == dict.fromkeys(map(str, days), 1)


def test_what_was_stopped_says_that_nobody_carries_it_out_and_how_to_go_on(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH, delay_ms=50)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]
    backfills.killed_at(3, plan_id, "--yes", plan_id)

    for asked in ((), (plan_id,)):
        shown = backfills.place.run("backfill", "status", *asked).out
        assert "was stopped, and no process carries it out" in shown
        assert f"aegis-batch backfill resume {plan_id}" in shown
    with backfills.place.serving() as serving:
        serving.wait_for("serve.started")
        assert "no process" not in backfills.place.run("backfill", "status", plan_id).out


def test_a_day_that_was_closed_since_is_named_and_nothing_starts(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH)
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]
    closed = backfills.place.run("close", "--date", str(MONTH[6]))
    assert closed.status == 0

    ended = backfills.place.run("backfill", "--yes", plan_id, "--output", "json")

    assert ended.status == 2
    assert ended.told["error"]["code"] == "plan_outdated"
    assert "2026-01-07 was open and is closed" in ended.told["error"]["message"]
    assert set(backend.created()) == {MONTH[6]}


def test_a_day_whose_orders_are_rejected_is_named_and_the_others_are_done(
    shop: Database, backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH)
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = -1 WHERE id = 4")
    plan_id = backfills.plan(FIRST, LAST)["backfill"]["id"]

    ended = backfills.place.run("backfill", "--yes", plan_id)

    assert ended.status == 8, ended.err
    assert "30 of 31 days done, 1 failed" in ended.out
    assert "2026-01-05  failed" in ended.out
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = 4.50 WHERE id = 4")
    again = backfills.plan(FIRST, LAST, "--reprocess", "failed")
    assert again["backfill"]["toDo"] == 1
    ended = backfills.place.run("backfill", "--yes", again["backfill"]["id"])
    assert ended.status == 0, ended.err
    assert all_created(backend, MONTH)
    audit = backfills.place.run("audit", "--output", "json").told["entries"]
    [replay] = [entry for entry in audit if entry["action"] == "dead_letter.replay"]
    assert replay["reason"] == f"backfill {again['backfill']['id']}"


def test_a_closed_day_that_can_not_be_derived_again_is_in_doubt_until_it_can(
    shop: Database, backend: Backend, backfills: Backfills
) -> None:
    days = MONTH[:3]
    backend.open_days(days)
    assert backfills.fill(days[0], days[-1]).status == 0
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = -1 WHERE id = 1")
    for _ in range(2):
        ended = backfills.fill(days[0], days[-1], "--reprocess", "all")
        assert ended.status == 8, ended.err
        assert "2026-01-02  failed  orders_rejected" in ended.out
        assert len(backfills.open_letters()) == 1
    [letter] = backfills.open_letters()

    left = backfills.plan(days[0], days[-1])
    assert [each["standing"] for each in left["periods"]] == ["closed", "doubted", "closed"]
    assert left["backfill"]["toDo"] == 0
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = 1.50 WHERE id = 1")
    ended = backfills.fill(days[0], days[-1], "--reprocess", "failed")

    assert ended.status == 0, ended.err
    assert "1 of 1 day done" in ended.out
    assert backfills.open_letters() == []
    shown = backfills.place.run("dead-letters", "show", letter, "--output", "json").told
    assert shown["deadLetter"]["state"] == "replayed"
    assert all_created(backend, days)


def test_a_closed_day_whose_items_were_renamed_is_a_conflict_and_is_not_sealed_anew(
    shop: Database, backend: Backend, backfills: Backfills
) -> None:
    days = MONTH[:3]
    span = ("--from", str(days[0]), "--to", str(days[-1]))
    # This Backend shows no more of a report than its day.
    backend.open_days(days)
    assert backfills.fill(days[0], days[-1]).status == 0
    with shop.connect() as connection:
        connection.execute("UPDATE order_items SET name = 'Mate' WHERE order_id = 1")
    found = backfills.place.run("verify", *span).out

    ended = backfills.fill(days[0], days[-1], "--reprocess", "all")

    assert ended.status == 8, ended.err
    assert "2026-01-02  failed  conflict" in ended.out
    [letter] = backfills.open_letters()
    shown = backfills.place.run("dead-letters", "show", letter, "--output", "json").out
    for line in ("item Mate: 1 now, 0 when it was sealed (+1)", "item Tea: 0 now, 1 when"):
        assert line in found
        assert line in shown
    assert backfills.place.run("verify", *span).out == found
    assert backfills.place.run("prove", "2026-01-02").status == 1
    assert all_created(backend, days)


def test_a_rehearsal_shows_the_days_and_sends_nothing(
    backend: Backend, backfills: Backfills
) -> None:
    backend.open_days(MONTH)

    ended = backfills.place.run(
        "backfill", "--dry-run", "--from", "2026-01-01", "--to", "2026-01-03", "--output", "csv"
    )

    assert ended.status == 0, ended.err
    assert ended.out.splitlines() == [
        "date,orders,revenue,items,top_item,warnings,backend,outcome",
        "2026-01-01,1,0.50,1,Tea,,not there,dry_run",
        "2026-01-02,1,1.50,1,Tea,,not there,dry_run",
        "2026-01-03,1,2.50,1,Tea,,not there,dry_run",
    ]
    assert backend.submitted() == []
    assert not backfills.place.state.exists()
