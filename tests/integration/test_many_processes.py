"""Schedulers and workers on one state: killed, frozen, and started at the same instant."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.integration.backfill_place import Backend
from tests.integration.closing import TOKEN
from tests.integration.serving_place import Line, Place, Serving, place_of, wait_for, yesterday
from tests.integration.shop import open_shop, settings_for
from tests.servers.ground import wait_until
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

# More of it belongs to `make soak`.
IS_WHOLE = os.environ.get("AEGIS_TESTS_KILLS") == "all"
RUNS = 300 if IS_WHOLE else 90
KILLS = 6 if IS_WHOLE else 3
RUNS_SECONDS = 400.0
LEASE_SECONDS = 6.0
# Beside the lease: a machine that has much else to do gives its processes their turn late.
LATE_SECONDS = 15.0
DAYS = [yesterday() - timedelta(days=ahead) for ahead in range(RUNS)]
ONE_NIGHT = "0 0 2 29 2 *"


@pytest.fixture
def kept(database: Database) -> Iterator[Database]:
    """An empty database for the state."""
    made = Database(database.server, f"{database.name}_state")
    database.server.create_database(made.name)
    yield made
    database.server.drop_database(made.name)


@pytest.fixture
def backend(wiremock: WireMockServer) -> Backend:
    backend = Backend(wiremock)
    backend.open_days(DAYS)
    return backend


@pytest.fixture
def place(database: Database, kept: Database, backend: Backend, tmp_path: Path) -> Place:
    open_shop(database)
    return place_of(
        tmp_path,
        database,
        backend.url,
        AEGIS_STATE_URL=kept.dsn(),
        AEGIS_SCHEDULE_CRON=ONE_NIGHT,
        AEGIS_CATCH_UP_DAYS="366",
        AEGIS_RETENTION_DAYS="400",
        AEGIS_CLOSE_FROM=str(DAYS[-1]),
        AEGIS_EXECUTOR_LEASE_SECONDS=str(LEASE_SECONDS),
    )


def asked(kept: Database, question: str) -> list[tuple[Any, ...]]:
    with kept.connect() as connection:
        return connection.execute(question.encode()).fetchall()


def closed(kept: Database) -> int:
    question = "SELECT count(*) FROM runs WHERE job = 'close' AND state = 'succeeded'"
    return int(asked(kept, question)[0][0])


def begin_the_night(place: Place) -> None:
    ended = place.run("schedules", "trigger", "daily-close")
    assert ended.status == 0, ended.err


def assert_each_day_was_closed_once(kept: Database, backend: Backend, days: list[date]) -> None:
    assert set(backend.created()) == set(days)
    assert asked(
        kept,
        "SELECT count(*), count(DISTINCT first_day) FROM runs"
        " WHERE job = 'close' AND state = 'succeeded'",
    ) == [(len(days), len(days))]
    unfinished = "SELECT id FROM runs WHERE state NOT IN ('succeeded')"
    assert asked(kept, unfinished) == []
    assert asked(kept, "SELECT count(*) FROM dead_letters") == [(0,)]


class Crew:
    """Workers, each of whose places is filled again when it falls."""

    def __init__(self, place: Place, stack: ExitStack, count: int) -> None:
        self._place = place
        self._stack = stack
        self.all: list[Serving] = []
        self.at_work = [self._start() for _ in range(count)]
        self.killed: dict[str, datetime] = {}

    def _start(self) -> Serving:
        worker = ("worker", "--concurrency", "2")
        serving = self._stack.enter_context(self._place.serving(command=worker))
        self.all.append(serving)
        return serving

    def wait_until_closed(self, kept: Database, count: int) -> None:
        """Wait until so many days are closed."""
        wait_until(
            lambda: self.have_closed(kept, count),
            what=f"{count} days to be closed",
            timeout_seconds=RUNS_SECONDS,
        )

    def have_closed(self, kept: Database, count: int) -> bool:
        """Say whether so many days are closed; a worker that ended itself has a successor."""
        for number, serving in enumerate(self.at_work):
            if serving.process.poll() is not None:
                # On a machine with much else to do a sign of life may come too late.
                assert serving.end() == 7, serving.text
                self.at_work[number] = self._start()
        return closed(kept) >= count

    def kill(self, number: int) -> None:
        """Kill a worker that has begun to work, and start another."""
        victim = self.at_work[number]
        [started] = victim.wait_for("serve.started")
        victim.signal(signal.SIGKILL)
        self.killed[started["executor"]] = datetime.now(UTC)
        victim.end()
        self.at_work[number] = self._start()


def taken_over(*servings: Serving) -> dict[str, Line]:
    """Return what was told of each executor that was taken over, by its name."""
    lines = [line for each in servings for line in each.events("executor.taken_over")]
    return {line["executor"]: line for line in lines}


def test_of_many_runs_none_is_lost_or_doubled_while_workers_are_killed_again_and_again(
    place: Place, kept: Database, backend: Backend
) -> None:
    with ExitStack() as stack:
        scheduler = stack.enter_context(place.serving(command=["scheduler"]))
        scheduler.wait_for("serve.started")
        crew = Crew(place, stack, 3)
        begin_the_night(place)
        for kill in range(KILLS):
            crew.wait_until_closed(kept, RUNS * (kill + 1) // (KILLS + 2))
            crew.kill(kill % 3)
        crew.wait_until_closed(kept, RUNS)
        wait_for(
            lambda: taken_over(scheduler, *crew.all).keys() >= crew.killed.keys(),
            "all the dead to be taken over",
        )
        told = taken_over(scheduler, *crew.all)
        for each in [scheduler, *crew.at_work]:
            assert each.stop() == 143
            assert "Traceback" not in each.text

    assert_each_day_was_closed_once(kept, backend, DAYS)
    for name, died_at in crew.killed.items():
        late = datetime.fromisoformat(told[name]["time"]) - died_at
        assert late < timedelta(seconds=1.1 * LEASE_SECONDS + LATE_SECONDS), name
    assert asked(kept, "SELECT count(*) FROM leases") == [(0,)]


def test_a_worker_that_is_frozen_past_its_lease_changes_nothing_when_it_wakes_and_ends_itself(
    place: Place, kept: Database, backend: Backend
) -> None:
    days = DAYS[:3]
    backend.open_days(days, delay_ms=3_000)
    place.settings["AEGIS_CLOSE_FROM"] = str(days[-1])
    with (
        place.serving(command=["scheduler"]) as scheduler,
        place.serving(command=["worker"]) as frozen,
    ):
        scheduler.wait_for("serve.started")
        [started] = frozen.wait_for("serve.started")
        begin_the_night(place)
        frozen.wait_for("orders.read")
        frozen.signal(signal.SIGSTOP)
        [told] = scheduler.wait_for("executor.taken_over", executor=started["executor"])
        assert told["works"] >= 1
        with place.serving(command=["worker"]) as awake:
            wait_for(lambda: closed(kept) == len(days), "the other to close all days")
            before = asked(kept, "SELECT * FROM runs ORDER BY id")
            frozen.signal(signal.SIGCONT)
            assert frozen.end() == 7
            assert len(frozen.events("executor.buried")) == 1
            assert awake.stop() == 143
        assert scheduler.stop() == 143

    assert asked(kept, "SELECT * FROM runs ORDER BY id") == before
    assert_each_day_was_closed_once(kept, backend, days)


def test_two_that_serve_and_are_started_at_the_same_instant_begin_each_night_once(
    place: Place, kept: Database, backend: Backend
) -> None:
    days = DAYS[:2]
    place.settings |= {"AEGIS_CLOSE_FROM": str(days[-1]), "AEGIS_SCHEDULE_CRON": "*/2 * * * * *"}
    with place.serving() as one, place.serving() as other:
        for each in (one, other):
            each.wait_for("serve.started")
        wait_for(lambda: closed(kept) == len(days), "the days to be closed")
        for each in (one, other):
            each.wait_for("occurrence.decided")
        status, told = place.health()
        assert (status, len(told["others"])) == (0, 1)
        for each in (one, other):
            assert each.stop() == 143
        started = [each.wait_for("serve.started")[0] for each in (one, other)]
        names = {line["executor"] for line in started}

    assert len(names) == 2
    assert {line["queues"] for line in started} == {"closes, jobs, backfill, tasks"}
    assert all(name.startswith("kitchen/") for name in names)
    question = "SELECT count(*), count(DISTINCT nominal) FROM runs WHERE job = 'night'"
    [(nights, nominals)] = asked(kept, question)
    assert nights == nominals > 0
    assert set(backend.created()) == set(days)


def test_no_more_is_closed_at_once_than_all_processes_may_together(
    place: Place, kept: Database, backend: Backend
) -> None:
    days = DAYS[:6]
    backend.open_days(days, delay_ms=300)
    place.settings |= {"AEGIS_CLOSE_FROM": str(days[-1]), "AEGIS_CONCURRENCY_MAX": "1"}
    with (
        place.serving(AEGIS_WORKER_CONCURRENCY="4") as one,
        place.serving(command=["worker", "--concurrency", "4"]) as other,
    ):
        for each in (one, other):
            each.wait_for("serve.started")
        begin_the_night(place)
        wait_for(lambda: closed(kept) == len(days), "the days to be closed")
        for each in (one, other):
            assert each.stop() == 143

    spans = asked(
        kept, "SELECT started_at, ended_at FROM runs WHERE job = 'close' ORDER BY started_at"
    )
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("role", ["scheduler", "worker"])
def test_a_state_in_a_file_is_not_shared(role: str, tmp_path: Path, database: Database) -> None:
    place = Place(tmp_path, settings_for(database, "http://127.0.0.1:9", TOKEN))

    ended = place.run(role)

    assert ended.status == 2
    assert "one process has at a time" in ended.err
    assert "aegis-batch serve" in ended.err
    assert "PostgreSQL" in ended.err
    assert not place.state.exists()
