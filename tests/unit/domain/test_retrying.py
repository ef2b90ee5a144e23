"""How often a run is tried, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.domain.retrying import RetryPolicy

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WAITS = (MINUTE, 2 * MINUTE, 4 * MINUTE, 15 * MINUTE)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 15), (5, 15), (600, 15)]
)
def test_the_last_wait_repeats_where_the_policy_says_so(attempts: int, minutes: int) -> None:
    policy = RetryPolicy(WAITS, repeats_last=True)

    assert policy.next_attempt(attempts, NOW, NOW) == NOW + minutes * MINUTE


def test_else_the_attempt_after_the_last_wait_is_the_last() -> None:
    policy = RetryPolicy(WAITS[:3], repeats_last=False)

    due = [policy.next_attempt(attempts, NOW, NOW) for attempts in (1, 2, 3, 4)]

    assert due == [NOW + MINUTE, NOW + 2 * MINUTE, NOW + 4 * MINUTE, None]


def test_it_is_given_up_when_the_time_for_it_has_passed() -> None:
    policy = RetryPolicy(WAITS, repeats_last=True, gives_up_after=timedelta(days=7))
    begin = NOW - timedelta(days=7) + 15 * MINUTE

    assert policy.next_attempt(9, NOW, begin) == NOW + 15 * MINUTE
    assert policy.next_attempt(9, NOW, begin - timedelta(microseconds=1)) is None
