"""Whether this process still counts as living, by a clock that can't be set."""

from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.application.executor_lease import ExecutorLease

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def after(clock: InMemoryClock, seconds: float) -> float:
    clock.advance(timedelta(seconds=seconds))
    return clock.monotonic_seconds()


@pytest.fixture
def clock() -> InMemoryClock:
    return InMemoryClock(NOON)


@pytest.mark.parametrize("lease_seconds", [30.0, None])
def test_before_the_first_sign_of_life_it_is_not_held(
    clock: InMemoryClock, lease_seconds: float | None
) -> None:
    lease = ExecutorLease(clock, lease_seconds)

    assert not lease.is_held()
    assert not lease.is_settled()


def test_it_is_held_for_as_long_as_it_lasts_from_when_the_sign_was_sent(
    clock: InMemoryClock,
) -> None:
    lease = ExecutorLease(clock, 30.0)
    sent = clock.monotonic_seconds()
    after(clock, 5)
    lease.renew(sent)

    after(clock, 24.9)
    assert lease.is_held()
    after(clock, 0.1)
    assert not lease.is_held()


def test_a_clock_that_is_set_changes_nothing(clock: InMemoryClock) -> None:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())

    clock.set(NOON + timedelta(days=1))

    assert lease.is_held()


def test_it_is_settled_when_it_was_held_once_over_without_a_gap(clock: InMemoryClock) -> None:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())
    for _ in range(2):
        lease.renew(after(clock, 10))
        assert not lease.is_settled()

    lease.renew(after(clock, 10))
    assert lease.is_settled()


def test_after_a_gap_it_has_to_settle_anew(clock: InMemoryClock) -> None:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())
    lease.renew(after(clock, 29.9))
    lease.renew(after(clock, 29.9))
    assert lease.is_settled()

    after(clock, 30)
    assert not lease.is_settled()
    lease.renew(clock.monotonic_seconds())

    assert lease.is_held()
    assert not lease.is_settled()


def settled(clock: InMemoryClock) -> ExecutorLease:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())
    for _ in range(3):
        lease.renew(after(clock, 10))
    assert lease.is_settled()
    return lease


def test_a_sign_of_life_that_took_long_to_be_kept_has_it_settle_anew(clock: InMemoryClock) -> None:
    lease = settled(clock)
    sent = clock.monotonic_seconds()
    after(clock, 7.5)

    lease.renew(sent)

    assert lease.is_held()
    assert not lease.is_settled()
    for _ in range(3):
        assert not lease.is_settled()
        lease.renew(after(clock, 10))
    assert lease.is_settled()


def test_while_a_sign_of_life_is_overdue_it_is_held_and_not_settled(clock: InMemoryClock) -> None:
    lease = settled(clock)

    after(clock, 14.9)
    assert lease.is_settled()
    after(clock, 0.1)
    assert not lease.is_settled()
    assert lease.is_held()

    lease.renew(clock.monotonic_seconds())
    assert lease.is_settled()


def test_who_is_taken_for_dead_holds_it_no_more(clock: InMemoryClock) -> None:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())

    lease.lose()

    assert not lease.is_held()


def test_where_nobody_else_can_take_over_it_never_runs_out(clock: InMemoryClock) -> None:
    lease = ExecutorLease(clock, None)
    lease.renew(clock.monotonic_seconds())

    after(clock, 1e6)

    assert lease.is_held()
    assert lease.is_settled()


def test_one_that_has_been_ended_is_not_held_however_well_the_process_is(
    clock: InMemoryClock,
) -> None:
    lease = ExecutorLease(clock, 30.0)
    lease.renew(clock.monotonic_seconds())

    lease.end()
    lease.renew(clock.monotonic_seconds())

    assert not lease.is_held()
