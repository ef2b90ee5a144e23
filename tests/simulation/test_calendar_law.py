"""Each business date is closed exactly once, whatever the clocks do.

Here for a sample: the first change of each shape (the reading at which it comes, and by how much),
and the last change of each zone. ``make soak`` tries every change of every zone.
"""

from collections import Counter
from datetime import date, time

import pytest

from tests.simulation.calendar_law import CLOSINGS, all_changes, closes_near, sampled_changes


@pytest.mark.parametrize("closing", CLOSINGS, ids=str)
def test_each_business_date_is_closed_once_around_changes_of_every_shape_and_zone(
    closing: time,
) -> None:
    for change in sampled_changes():
        days, closed = closes_near(change, closing)

        assert closed == Counter(days), f"{change} at {closing}"


def test_a_day_that_never_was_is_closed_too() -> None:
    skipped = date(2011, 12, 30)
    change = next(
        change
        for change in all_changes()
        if change.zone_name == "Pacific/Apia" and change.after - change.before > 80_000
    )

    for closing in CLOSINGS:
        _, closed = closes_near(change, closing)

        assert closed[skipped] == 1, closing


def test_changes_of_many_shapes_and_of_all_zones_are_sampled() -> None:
    assert len(all_changes()) > 9_000
    sampled = sampled_changes()
    assert {change.shape for change in sampled} == {change.shape for change in all_changes()}
    assert len({change.shape for change in sampled}) > 40
    assert len({change.zone_name for change in sampled}) > 190
