"""The in-memory clock moves only when it is moved."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_it_stands_still() -> None:
    clock = InMemoryClock(_NOON)

    assert [clock.now(), clock.now()] == [_NOON, _NOON]
    assert [clock.monotonic_seconds(), clock.monotonic_seconds()] == [0.0, 0.0]


def test_time_that_passes_moves_both_of_its_readings() -> None:
    clock = InMemoryClock(_NOON)

    clock.advance(timedelta(seconds=1.5))

    assert clock.now() == _NOON + timedelta(seconds=1.5)
    assert clock.monotonic_seconds() == 1.5


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_is_set_leaves_monotonic_time_alone(jump: timedelta) -> None:
    clock = InMemoryClock(_NOON)
    clock.advance(timedelta(seconds=2))

    clock.set(_NOON + jump)

    assert clock.now() == _NOON + jump
    assert clock.monotonic_seconds() == 2.0


def test_whatever_zone_it_is_set_in_it_tells_utc() -> None:
    east = timezone(timedelta(hours=9))
    clock = InMemoryClock(_NOON.astimezone(east))
    started = clock.now()

    clock.set((_NOON + timedelta(hours=1)).astimezone(east))

    assert (started, started.tzinfo) == (_NOON, UTC)
    assert (clock.now(), clock.now().tzinfo) == (_NOON + timedelta(hours=1), UTC)


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match="-1 day"):
        InMemoryClock(_NOON).advance(timedelta(seconds=-1))


def test_a_reading_without_a_zone_is_refused() -> None:
    naive = _NOON.replace(tzinfo=None)
    clock = InMemoryClock(_NOON)

    with pytest.raises(ValueError, match="2026-11-21"):
        InMemoryClock(naive)
    with pytest.raises(ValueError, match="2026-11-21"):
        clock.set(naive)
