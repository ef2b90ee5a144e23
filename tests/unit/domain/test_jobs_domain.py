"""Small laws of defined jobs: circles, ranges, waits, statuses, events and buckets."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.day_range import day_of, range_of
from aegis_batch.domain.dependencies import NODES_MAX, circle_through
from aegis_batch.domain.job import CATEGORY_DEFAULTS, Category, TaskKind, job_id_of
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.job_status import JobStatus
from aegis_batch.domain.job_total import bucket_of
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.task import Priority, Task

NEWEST = date(2026, 11, 20)
_GRAPH = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": ["a"]}


def test_a_circle_is_found_and_named() -> None:
    assert circle_through("d", ["e"], _GRAPH.__getitem__) in {
        ("d", "e", "a", "b", "d"),
        ("d", "e", "a", "c", "d"),
    }
    assert circle_through("x", ["x"], _GRAPH.__getitem__) == ("x", "x")
    assert circle_through("x", ["e"], _GRAPH.__getitem__) == ()


@given(st.dictionaries(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=3)))
def test_a_circle_that_is_found_is_one(graph: dict[int, list[int]]) -> None:
    def others(name: str) -> list[str]:
        return [str(each) for each in graph.get(int(name), [])]

    circle = circle_through("0", others("0"), others)

    assert all(after in others(before) for before, after in pairwise(circle))
    assert not circle or (circle[0], circle[-1]) == ("0", "0")


def test_what_hangs_together_is_bounded() -> None:
    with pytest.raises(ValueError, match="more than 1,000 jobs"):
        circle_through("x", ["0"], lambda name: [str(int(name) + 1)])
    assert NODES_MAX == 1_000


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2026-11-20", "2026-11-20"),
        ({"from": "yesterday"}, "2026-11-20", "2026-11-20"),
        ({"from": "2026-11-01"}, "2026-11-01", "2026-11-20"),
        ({"to": "2026-11-01"}, "2026-11-01", "2026-11-01"),
        ({"from": "2026-11-01", "to": "2026-11-03"}, "2026-11-01", "2026-11-03"),
        ({"daysBack": 3}, "2026-11-18", "2026-11-20"),
        ({"daysBack": 3_660}, "2016-11-13", "2026-11-20"),
        ({"from": "2016-11-13"}, "2016-11-13", "2026-11-20"),
    ],
)
def test_a_range_is_read_as_others_write_it(
    asked: dict[str, object], first: str, last: str
) -> None:
    assert range_of(asked, NEWEST) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "asked",
    [
        {"daysBack": 0},
        {"daysBack": True},
        {"daysBack": "3"},
        {"daysBack": 3, "from": "yesterday"},
        {"from": "2026-11-03", "to": "2026-11-01"},
        {"from": "yesterday", "to": "2026-11-01"},
        {"from": "20261101"},
        {"from": "soon"},
        {"from": 7},
        {"from": "2016-11-12"},
        {"from": "0001-01-01", "to": "2026-11-20"},
    ],
)
def test_a_range_that_is_none_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"daysBack|from|to "):
        range_of(asked, NEWEST)


def test_a_day_is_the_newest_unless_it_is_named() -> None:
    assert day_of(None, "date", NEWEST) == day_of("yesterday", "date", NEWEST) == NEWEST
    assert day_of("2026-11-01", "date", NEWEST) == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("attempts", "at_once", "seconds"),
    [
        (1, False, ()),
        (1, True, ()),
        (4, False, (60, 120, 240)),
        (4, True, (0, 60, 120)),
        (9, False, (60, 120, 240, 480, 960, 1920, 3600, 3600)),
    ],
)
def test_attempts_wait_twice_as_long_each_time(
    attempts: int, *, at_once: bool, seconds: tuple[int, ...]
) -> None:
    task = Task(job_name="x", attempts_max=attempts, immediate_retry=at_once)
    assert task.retry_policy.waits == tuple(timedelta(seconds=each) for each in seconds)
    assert not task.retry_policy.repeats_last


def test_the_more_urgent_has_the_smaller_rank() -> None:
    ranked = sorted(Priority, key=lambda priority: priority.rank)
    assert ranked == [Priority.CRITICAL, Priority.HIGH, Priority.NORMAL, Priority.LOW]


def test_categories_have_the_defaults_of_the_specification() -> None:
    told = {
        category.value: (d.priority.value, d.timeout_seconds, d.attempts_max, d.immediate_retry)
        for category, d in CATEGORY_DEFAULTS.items()
    }
    assert told == {
        "maintenance": ("LOW", 3600, 4, False),
        "business": ("NORMAL", 1800, 4, False),
        "critical": ("HIGH", 600, 4, True),
        "realtime": ("CRITICAL", 60, 2, True),
    }
    assert set(CATEGORY_DEFAULTS) == set(Category)


def test_every_state_of_a_run_has_a_status() -> None:
    states = [state for status in JobStatus for state in status.states]
    assert set(states) == set(RunState)
    assert JobStatus.TIMEOUT.states == JobStatus.FAILED.states == {RunState.FAILED}


def test_every_task_becomes_a_kind_of_run() -> None:
    assert {task.job for task in TaskKind} == {
        JobKind.CLOSE,
        JobKind.RETENTION,
        JobKind.REBUILD_RANGE,
        JobKind.VERIFY,
        JobKind.HTTP,
    }


def test_schedules_of_the_settings_are_of_no_job() -> None:
    assert job_id_of(None) is job_id_of("daily-close") is None
    assert job_id_of("job:7") == "7"


@pytest.mark.parametrize(("event_id", "kind"), [("", "T"), ("a b", "T"), ("1", ""), ("1", "9x")])
def test_an_event_has_an_id_and_a_type(event_id: str, kind: str) -> None:
    with pytest.raises(ValueError, match="is no "):
        JobEvent(event_id, kind, "north", datetime(2026, 1, 1, tzinfo=UTC))


def test_durations_have_a_bucket() -> None:
    assert [bucket_of(ms) for ms in (0, 1_000, 1_001, 3_600_000, 3_600_001)] == [1, 1, 10, 3600, 0]
