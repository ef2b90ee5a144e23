"""Defined jobs, of which ``serve`` is killed around every port call and every commit.

Each case is a course of its own with real processes: one is killed at a point, and the one that
takes over settles all. Dependencies, conditions, limits, a pause and its end, events and a retry
are in it, and requests that got no answer are sent again under their key. AEGIS_TESTS_KILLS says
how much is tried: ``sample`` (unless set) 20 points spread over the whole course, ``all`` all.

A service is called at least once a run, always under the run's key: what it does for a key that it
knows is no second effect.
"""

import os
import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.jobs_due import make_jobs
from tests.integration.jobs_kill_place import Course
from tests.integration.kill_place import Forker
from tests.integration.serving_place import yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database, PostgresServer

# Processes wait for one another's clocks more than for a core.
AT_ONCE = 8
SAMPLE = 20
KIND = re.compile(r": (.+) [0-9]+, ")
STAGE = re.compile(r"(.+) by .+, attempt ")
# What must be among the kinds, lest a port is left out that nobody noticed.
PORTS = {
    *("services", "state", "job_definitions", "job_results", "job_totals", "job_events"),
    *("scheduler_pauses", "answered_requests", "runs", "many_runs", "occurrences", "schedules"),
    *("work", "leases", "dead_letters", "timeline", "audit", "report_gateway", "commit of turn"),
}
JOBS = {
    *("first", "second", "third", "fits", "broken", "needs-broken", "shaky", "close"),
    *("awake-on-event", "asleep-on-event"),
}


@pytest.fixture(scope="module")
def course(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    postgres.revive()
    postgres.create_database("killed_jobs")
    shop = Database(postgres, "killed_jobs")
    open_shop(shop)
    with shop.connect() as connection:
        noon = f"{yesterday()}T12:00:00-03:00"
        connection.execute("TRUNCATE orders, order_items")
        connection.execute("INSERT INTO orders VALUES (1, %s, 1)", (noon,))
        connection.execute("INSERT INTO order_items VALUES (1, 'Tea', 1, 1)")
    template = make_jobs(tmp_path_factory.mktemp("jobs") / "first")
    forker = Forker()
    yield Course(shop, forker, template)
    forker.stop()
    postgres.drop_database("killed_jobs")


@pytest.fixture(scope="module")
def points(course: Course, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all points that a course comes to in which nobody is killed."""
    folder = tmp_path_factory.mktemp("count")
    with course.case(folder / "case") as case:
        assert not case.serve(journal=str(folder / "journal"))
        case.check()
    return (folder / "journal").read_text(encoding="utf-8").splitlines()


def _chosen(points: Sequence[str]) -> Sequence[str]:
    """Return all points, or one of each of as many stretches of the course."""
    if os.environ.get("AEGIS_TESTS_KILLS", "sample") == "all":
        return points
    chance = random.Random(7)  # noqa: S311 - the same places each time
    edges = [len(points) * place // SAMPLE for place in range(SAMPLE + 1)]
    return [chance.choice(points[a:b]) for a, b in pairwise(edges)]


def _killed(course: Course, folder: Path, point: str) -> bool:
    """Kill at a point, have another process settle all, and say whether the point was come to."""
    try:
        with course.case(folder) as case:
            was_killed = case.serve(name=point)
            if was_killed:
                assert not case.serve()
            case.check()
    except Exception as error:
        raise AssertionError(f"killed at {point!r}") from error
    return was_killed


def test_the_points_are_around_every_port_call_and_commit_of_defined_jobs(
    points: list[str],
) -> None:
    kinds = [KIND.search(point) for point in points]
    ports = {kind[1].partition(".")[0] for kind in kinds if kind}
    stages = {stage[1] for stage in map(STAGE.match, points) if stage}

    assert ports >= PORTS
    assert stages == JOBS
    assert len(set(points)) == len(points)


def test_a_course_of_jobs_whose_process_is_killed_at_any_point_comes_out_as_it_must(
    course: Course, points: list[str], tmp_path: Path
) -> None:
    chosen = _chosen(points)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [tmp_path / str(place) for place in range(len(chosen))]
        killed = list(pool.map(_killed, [course] * len(chosen), folders, chosen))

    assert sum(killed) == len(chosen), [p for p, k in zip(chosen, killed, strict=True) if not k]
