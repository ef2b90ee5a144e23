"""The state in a PostgreSQL database, as real processes use it: served, killed, and cut off."""

import signal
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from aegis_batch.adapters.outbound.state.revisions import HEAD
from tests.integration.backfill_place import SUBMIT, Backend, Backfills
from tests.integration.frozen_turn import frozen_in_a_turn
from tests.integration.program import Ended, end
from tests.integration.serving_place import Place, place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

PASSWORD = "canary PASS'word\"47zq11%25@"
TRACES = ("47zq11", "PASS'word", "canary PASS", "canary%20PASS", "PASS%27word")
FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=ahead) for ahead in range(12)]
NO_NIGHT = "0 0 2 29 2 *"
KEEPER = "state_keeper"


@pytest.fixture
def shop(database: Database) -> Database:
    """A shop with an order on each of the days, and on yesterday."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        for number, day in enumerate([*DAYS, yesterday()]):
            noon = f"{day}T12:00:00-03:00"
            price = Decimal(number) + Decimal("0.50")
            connection.execute("INSERT INTO orders VALUES (%s, %s, %s)", (number, noon, price))
            connection.execute("INSERT INTO order_items VALUES (%s, 'Tea', 1, %s)", (number, price))
    return database


@pytest.fixture
def kept(database: Database) -> Iterator[Database]:
    """An empty database that belongs to an ordinary role, whose password is hard to write."""
    made = Database(database.server, f"{database.name}_state")
    with database.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(KEEPER), sql.Literal(PASSWORD)
            )
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(made.name), sql.Identifier(KEEPER)
            )
        )
    yield made
    database.server.revive()
    database.server.drop_database(made.name)
    with database.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(KEEPER)))


@pytest.fixture
def backend(wiremock: WireMockServer) -> Backend:
    backend = Backend(wiremock)
    backend.open_days([*DAYS, yesterday()])
    return backend


@pytest.fixture
def place(shop: Database, kept: Database, backend: Backend, tmp_path: Path) -> Place:
    address = kept.dsn(KEEPER, PASSWORD)
    return place_of(
        tmp_path,
        shop,
        backend.url,
        AEGIS_STATE_URL=address,
        AEGIS_LOG_LEVEL="DEBUG",
        AEGIS_EXECUTOR_LEASE_SECONDS="6",
    )


def asked(kept: Database, question: str) -> list[tuple[Any, ...]]:
    with kept.connect() as connection:
        return connection.execute(question.encode()).fetchall()


def assert_clean(*texts: str) -> None:
    for text in texts:
        assert not [trace for trace in TRACES if trace in text], text
        assert "Traceback" not in text


def closed(kept: Database) -> list[tuple[Any, ...]]:
    """Return the days that runs have closed."""
    return asked(
        kept,
        "SELECT first_day, outcome FROM runs WHERE job = 'close' AND state = 'succeeded'"
        " AND outcome = 'created' ORDER BY 1",
    )


def all_once(backend: Backend, days: Sequence[date]) -> bool:
    return set(backend.created()) == set(days)


def test_a_night_is_served_by_an_ordinary_role_and_no_output_has_its_password(
    place: Place, kept: Database, backend: Backend
) -> None:
    with place.serving(AEGIS_EXECUTOR_LEASE_SECONDS="30") as serving:
        [started] = serving.wait_for("serve.started")
        assert started["state"].endswith(f"/{kept.name}")
        serving.wait_for("job.completed", reportDate=str(yesterday()), outcome="created", orders=1)
        serving.wait_for("job.completed", count=2, job="night")
        status, health = place.health()
        assert (status, health["isWell"], health["executor"]) == (0, True, started["executor"])
        assert serving.stop() == 143, serving.text
        texts = [serving.text]

    assert closed(kept) == [(yesterday(), "created")]
    assert all_once(backend, [yesterday()])
    status, health = place.health()
    assert (status, health["isWell"]) == (1, False)
    assert "stopped in good order" in health["reason"]
    for command in (
        ("runs",),
        ("schedules", "list"),
        ("audit",),
        ("stats",),
        ("doctor",),
        ("state", "status"),
        ("state", "status", "--output", "json"),
        ("state", "migrate"),
    ):
        ended = place.run(*command)
        assert ended.status in {0, 1}, (command, ended)
        texts += [ended.out, ended.err]
    assert_clean(*texts)
    # It is in no file: there is none.
    assert not place.state.exists()


def test_killed_in_the_middle_of_a_close_it_goes_on_where_it_was(
    place: Place, kept: Database, backend: Backend, wiremock: WireMockServer
) -> None:
    backend.open_days([yesterday()], delay_ms=1500)
    with place.serving(AEGIS_SCHEDULE_CRON="*/2 * * * * *") as serving:
        serving.wait_for("orders.read")
        wait_for(lambda: wiremock.count("POST", SUBMIT) > 0, "a report to arrive")
        serving.signal(signal.SIGKILL)
        serving.end()
    assert asked(kept, "SELECT state FROM runs WHERE job = 'close'") == [("running",)]

    with place.serving() as serving:
        # Its predecessor counts as dead only after its lease; nights go on meanwhile.
        wait_for(
            lambda: asked(kept, "SELECT state FROM runs WHERE job = 'close'") == [("succeeded",)],
            "the close to be taken over and done",
        )
        assert serving.stop() == 143
        assert_clean(serving.text)

    assert asked(kept, "SELECT state, first_day FROM runs WHERE job = 'close'") == [
        ("succeeded", yesterday())
    ]
    assert all_once(backend, [yesterday()])


def test_a_server_that_is_restarted_in_the_middle_is_waited_for_and_nothing_is_lost(
    place: Place, kept: Database, backend: Backend
) -> None:
    backend.open_days([yesterday()], delay_ms=1000)
    with place.serving() as serving:
        serving.wait_for("orders.read")
        kept.server.stop("immediate")
        serving.wait_for("state.unavailable")
        kept.server.start()
        serving.wait_for("state.back")
        wait_for(
            lambda: asked(kept, "SELECT state FROM runs WHERE job = 'close'") == [("succeeded",)],
            "the close to be recorded",
        )
        nights = len(serving.events("job.completed", job="night"))
        serving.wait_for("job.completed", count=nights + 1, job="night")
        assert serving.stop() == 143
        assert_clean(serving.text)

    assert all_once(backend, [yesterday()])
    assert asked(kept, "SELECT count(*) FROM dbos.workflow_status WHERE status = 'PENDING'") == [
        (0,)
    ]


def test_a_backfill_is_carried_out_killed_and_gone_on_with(
    place: Place, kept: Database, backend: Backend
) -> None:
    place.settings["AEGIS_SCHEDULE_CRON"] = NO_NIGHT
    backfills = Backfills(place)
    plan_id = backfills.plan(DAYS[0], DAYS[-1])["backfill"]["id"]
    process = backfills.start("--yes", plan_id)
    wait_for(
        lambda: process.poll() is not None or asked(kept, "SELECT done FROM backfills")[0][0] >= 3,
        "three to be done",
    )
    process.kill()
    process.communicate()

    ended: Ended = end(backfills.start("resume", plan_id))

    assert ended.status == 0, ended.err
    assert_clean(ended.out, ended.err)
    assert asked(kept, "SELECT state, done, failed FROM backfills") == [("ended", len(DAYS), 0)]
    assert all_once(backend, DAYS)
    assert asked(kept, "SELECT count(DISTINCT first_day), count(*) FROM runs") == [
        (len(DAYS), len(DAYS))
    ]


def test_a_backfill_beside_a_process_that_serves_is_left_to_it(
    place: Place, kept: Database, backend: Backend
) -> None:
    place.settings["AEGIS_SCHEDULE_CRON"] = NO_NIGHT
    backfills = Backfills(place)
    with place.serving() as serving:
        serving.wait_for("serve.started")
        plan_id = backfills.plan(DAYS[0], DAYS[2])["backfill"]["id"]
        ended = end(backfills.start("--yes", plan_id))
        assert ended.status == 0, ended.err
        assert "the process that serves this state carries it out" in ended.err
        assert serving.stop() == 143

    assert asked(kept, "SELECT state, done FROM backfills") == [("ended", 3)]
    assert all_once(backend, DAYS[:3])


def test_a_backfill_that_waits_for_who_is_frozen_in_a_turn_has_its_turn_in_time(
    place: Place, kept: Database, backend: Backend
) -> None:
    place.settings["AEGIS_SCHEDULE_CRON"] = NO_NIGHT
    backfills = Backfills(place)
    plan_id = backfills.plan(DAYS[0], DAYS[0])["backfill"]["id"]
    with frozen_in_a_turn(place.settings, is_answered=False):
        ended = end(backfills.start("--yes", plan_id))

    assert ended.status == 0, ended.err
    assert all_once(backend, DAYS[:1])


def test_a_close_by_hand_makes_the_state_and_is_recorded_in_it(
    place: Place, kept: Database, backend: Backend
) -> None:
    ended = place.run("close", "--date", str(DAYS[1]), "--output", "json")
    shown = place.run("runs", "--output", "json")

    assert (ended.status, ended.told["outcome"]) == (0, "created")
    assert "close.not_recorded" not in ended.err
    assert [run["outcome"] for run in shown.told["runs"]] == ["created"]
    assert_clean(ended.out, ended.err)
    assert closed(kept) == [(DAYS[1], "created")]


def test_a_close_by_hand_goes_on_without_a_server_for_its_state(
    place: Place, kept: Database, backend: Backend
) -> None:
    away = "postgresql://nobody:{}@127.0.0.1:1/state".format("canary47zq11")
    ended = place.run("close", "--date", str(DAYS[1]), "--output", "json", AEGIS_STATE_URL=away)

    assert (ended.status, ended.told["outcome"]) == (0, "created")
    assert "close.not_recorded" in ended.err
    assert "state_away" in ended.err
    assert_clean(ended.out, ended.err)


def test_a_state_on_a_server_is_made_looked_at_and_copied_by_others(
    place: Place, kept: Database, tmp_path: Path
) -> None:
    missing = place.run("runs")
    unmade = place.run("state", "status", "--output", "json")
    made = place.run("state", "migrate")
    again = place.run("state", "migrate", "--output", "json")
    copied = place.run("state", "backup", str(tmp_path / "copy.db"), "--output", "json")

    assert missing.status == 7
    assert "state migrate" in missing.err
    assert (unmade.status, unmade.told["revision"], unmade.told["head"]) == (1, None, HEAD)
    assert made.status == 0
    assert made.out.endswith(f"/{kept.name} is made, with the schema {HEAD}.\n")
    assert again.told["applied"] == []
    assert copied.status == 2
    assert copied.told["error"]["code"] == "state_is_no_file"
    assert "pg_dump" in copied.told["error"]["remedy"]
    assert not (tmp_path / "copy.db").exists()
    assert_clean(
        *(text for each in (missing, unmade, made, copied) for text in (each.out, each.err))
    )


def test_every_way_in_which_the_server_says_no_is_told_in_words_of_our_own(
    place: Place, kept: Database, shop: Database
) -> None:
    right = place.settings["AEGIS_STATE_URL"]
    host = right.rpartition("@")[2].partition("/")[0]
    wrong = {
        "state_login_refused": right.replace(KEEPER, "postgres", 1),
        "state_unknown_database": right.removesuffix(kept.name) + "nowhere_47",
        "state_away": right.replace(host, "127.0.0.1:1"),
        "state_denied": right.removesuffix(kept.name) + "postgres",
        "state_tls_refused": f"{right}?sslmode=require",
        "invalid_settings": right.replace("%40", "@").replace("%20", " "),
    }
    for code, address in wrong.items():
        ended = place.run("state", "migrate", "--output", "json", AEGIS_STATE_URL=address)
        assert ended.status == (2 if code == "invalid_settings" else 7), (code, ended)
        assert ended.told["error"]["code"] == code, ended
        assert_clean(ended.out, ended.err)

    refused = place.run("runs", "--output", "json", AEGIS_STATE_URL=shop.dsn())
    assert (refused.status, refused.told["error"]["code"]) == (2, "invalid_settings")
    assert "names the orders' database" in refused.told["error"]["message"]
