"""A night in which ``serve`` is killed around every port call and every commit, and goes on.

Each case is a night of its own with real processes: one is killed at a point, another one takes
over, in pairs that one is killed too, and the last one settles all. AEGIS_TESTS_KILLS says how
much is tried: ``sample`` (unless set) one point of each kind and a few pairs, ``all`` all points
and many pairs.
"""

import os
import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.kill_place import Forker, Ground, Night, make_template
from tests.integration.shop import open_shop
from tests.servers.postgres import Database, PostgresServer

# Processes wait for one another's clocks more than for a core.
AT_ONCE = 6
# At least: who looks first, and finds nothing, is a matter of moments.
POINTS = 950
PAIRS = {"sample": 6, "all": 300}
# The night has not come to its end so soon, wherever the first kill was.
SECOND_KILLS = range(10, 120)
# Done anew when a second has passed: only the first of them is sure to come again.
MOMENTARY = frozenset({"breakers.all", "state.look"})
KIND = re.compile(r": (.+) [0-9]+, ")
# What must be among the kinds, lest a port is left out that nobody noticed.
PORTS = {
    *("clock", "cron", "identifiers", "meter", "metrics", "notifier", "order_reader", "pulse"),
    *("report_gateway", "state", "work_queue", "schedules", "occurrences", "runs", "timeline"),
    *("dead_letters", "seals", "notices", "work", "commit of turn", "commit of engine"),
    *("many_runs", "many_seals", "backfills", "executors", "leases", "breakers", "job_totals"),
    "scheduler_pauses",
}


@pytest.fixture(scope="module")
def ground(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    postgres.revive()
    postgres.create_database("killed")
    shop = Database(postgres, "killed")
    open_shop(shop)
    night = Night.of_now()
    night.fill(shop)
    template = make_template(tmp_path_factory.mktemp("kill") / "first", night, shop)
    forker = Forker()
    yield Ground(shop, night, forker, template)
    forker.stop()
    postgres.drop_database("killed")


@pytest.fixture(scope="module")
def points(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all points that a night comes to in which nobody is killed."""
    folder = tmp_path_factory.mktemp("count")
    with ground.case(folder / "case") as case:
        assert not case.serve(journal=str(folder / "journal"))
        case.check()
    return (folder / "journal").read_text(encoding="utf-8").splitlines()


def _how_much() -> str:
    return os.environ.get("AEGIS_TESTS_KILLS", "sample")


def _one_of_each_kind(points: Sequence[str]) -> list[str]:
    chance = random.Random(4)  # noqa: S311 - the same points each time
    kinds: dict[str, list[str]] = {}
    for point in points:
        kinds.setdefault(_kind_of(point), []).append(point)
    return [
        alike[0] if kind in MOMENTARY else chance.choice(alike) for kind, alike in kinds.items()
    ]


def _kind_of(point: str) -> str:
    found = KIND.search(point)
    assert found is not None
    return found[1]


class Matrix:
    """Nights with kills in them, several at once."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self._ground = ground
        self._folder = folder

    def run(self, cases: Sequence[tuple[str, Sequence[int]]]) -> list[int]:
        """Kill at a point, then at the so many-th points; return how many kills each night saw."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._run, range(len(cases)), *zip(*cases, strict=True)))

    def _run(self, place: int, point: str, further: Sequence[int]) -> int:
        kills = 0
        try:
            with self._ground.case(self._folder / str(place)) as case:
                assert case.serve(name=point), f"{point} was not come to"
                kills = 1
                for number in further:
                    kills += case.serve(number=number)
                assert not case.serve()
                case.check()
        except Exception as error:
            raise AssertionError(f"killed at {point!r}, then at {further}") from error
        return kills


def test_the_points_are_around_every_port_call_and_commit_of_a_night(points: list[str]) -> None:
    assert {_kind_of(point).partition(".")[0] for point in points} == PORTS
    assert all(point.endswith((", before", ", after")) for point in points)
    assert len(set(points)) == len(points) >= POINTS


def test_a_night_in_which_the_process_is_killed_at_any_point_comes_out_as_it_must(
    ground: Ground, points: list[str], tmp_path: Path
) -> None:
    chosen = points if _how_much() == "all" else _one_of_each_kind(points)

    kills = Matrix(ground, tmp_path).run([(point, ()) for point in chosen])

    assert kills == [1] * len(chosen)


def test_a_night_in_which_the_one_that_takes_over_is_killed_too_comes_out_as_it_must(
    ground: Ground, points: list[str], tmp_path: Path
) -> None:
    chance = random.Random(_how_much())  # noqa: S311 - the same pairs each time
    sure = [point for point in points if _kind_of(point) not in MOMENTARY]
    cases = [
        (chance.choice(sure), (chance.choice(SECOND_KILLS),)) for _ in range(PAIRS[_how_much()])
    ]

    kills = Matrix(ground, tmp_path).run(cases)

    assert sum(kills) >= 1.9 * len(cases)
