"""Conditions of jobs: what holds when, and what is none."""

from datetime import datetime

import pytest

from aegis_batch.domain.condition import Condition, ConditionKind

_KINDS = {kind.value: kind for kind in ConditionKind}


def condition(kind: str, *values: str) -> Condition:
    return Condition(_KINDS[kind], values)


@pytest.mark.parametrize(
    ("kind", "values", "wall", "holds"),
    [
        ("weekdays", ["SAT", "SUN"], "2026-11-21T12:00", True),
        ("weekdays", ["MON"], "2026-11-21T12:00", False),
        ("days_of_month", ["1", "21"], "2026-11-21T12:00", True),
        ("days_of_month", ["LAST"], "2026-11-21T12:00", False),
        ("days_of_month", ["LAST"], "2028-02-29T12:00", True),
        ("days_of_month", ["LAST"], "2026-12-31T23:59", True),
        ("between", ["08:00", "18:00"], "2026-11-21T08:00", True),
        ("between", ["08:00", "18:00"], "2026-11-21T18:00", False),
        ("between", ["22:00", "06:00"], "2026-11-21T23:00", True),
        ("between", ["22:00", "06:00"], "2026-11-21T05:59", True),
        ("between", ["22:00", "06:00"], "2026-11-21T06:00", False),
        ("from_day", ["2026-11-21"], "2026-11-21T00:00", True),
        ("from_day", ["2026-11-22"], "2026-11-21T23:59", False),
        ("until_day", ["2026-11-21"], "2026-11-21T23:59", True),
        ("until_day", ["2026-11-20"], "2026-11-21T00:00", False),
    ],
)
def test_a_condition_is_asked_of_a_wall_time(
    kind: str, values: list[str], wall: str, *, holds: bool
) -> None:
    assert condition(kind, *values).holds(datetime.fromisoformat(wall)) is holds


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("weekdays", []),
        ("weekdays", ["monday"]),
        ("days_of_month", []),
        ("days_of_month", ["32"]),
        ("between", ["08:00"]),
        ("between", ["08:00", "08:00"]),
        ("between", ["8", "18:00"]),
        ("between", ["08:00", "25:00"]),
        ("from_day", []),
        ("from_day", ["2026-02-30"]),
        ("until_day", ["20261121"]),
    ],
)
def test_values_that_are_none_of_the_kind_are_refused(kind: str, values: list[str]) -> None:
    with pytest.raises(ValueError, match=f"^{kind} takes "):
        condition(kind, *values)


def test_a_condition_is_read_by_people() -> None:
    assert str(condition("weekdays", "MON", "TUE")) == "weekdays MON,TUE"
