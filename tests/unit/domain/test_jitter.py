"""Waits that look like chance."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.jitter import jitter_of


@given(st.text(), st.integers(0, 86_400))
def test_the_wait_of_a_name_is_within_bounds_and_always_the_same(name: str, most: int) -> None:
    wait = jitter_of(name, most)

    assert timedelta(0) <= wait <= timedelta(seconds=most)
    assert wait.microseconds == 0
    assert wait == jitter_of(name, most)


def test_names_are_spread_evenly() -> None:
    count, places = 10_000, 20
    waits = Counter(
        jitter_of(f"shop-{number}|2026-11-21", places - 1).seconds for number in range(count)
    )

    even = count / places
    assert len(waits) == places
    # Beyond it only one in a million spreads by chance would be (chi-squared, 19 degrees).
    assert sum((found - even) ** 2 / even for found in waits.values()) < 62


def test_another_day_is_another_wait() -> None:
    waits = {jitter_of(f"shop|2026-11-{day:02}", 3_600) for day in range(1, 31)}

    assert len(waits) > 25
