"""Rate limits: never more than so many in any stretch of time, however they are used."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.rate_limit import RateLimit, reserve

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TEN_A_MINUTE = RateLimit(10, MINUTE)

limits = st.builds(
    RateLimit,
    st.integers(1, 50),
    st.integers(1, 120).map(lambda seconds: timedelta(seconds=seconds)),
)
fractions = st.floats(0, 1, exclude_max=True)
# Seconds since the last question, permits asked for, and how late each of them is used.
questions = st.lists(
    st.tuples(st.floats(0, 20), st.integers(1, 8), st.lists(fractions, min_size=8, max_size=8)),
    min_size=1,
    max_size=40,
)


def uses_of(limit: RateLimit, first_at: datetime, late: list[float]) -> list[datetime]:
    """Return when permits are used, each within its grace."""
    return [
        first_at + place * limit.interval + fraction * limit.grace
        for place, fraction in enumerate(late)
    ]


def assert_within(limit: RateLimit, uses: list[datetime]) -> None:
    uses.sort()
    for place in range(len(uses) - limit.permits):
        assert uses[place + limit.permits] - uses[place] >= limit.period


@given(limits, questions)
def test_no_stretch_of_time_ever_has_more_than_the_limit(
    limit: RateLimit, asked: list[tuple[float, int, list[float]]]
) -> None:
    now, next_at = NOON, None
    uses: list[datetime] = []
    for wait_seconds, permits, late in asked:
        now += timedelta(seconds=wait_seconds)
        slots = reserve([(limit, next_at)], now, permits, timedelta(days=9))
        assert slots.permits == permits
        assert slots.first_at >= now
        (next_at,) = slots.next_at
        uses += uses_of(limit, slots.first_at, late[:permits])

    assert_within(limit, uses)


@given(
    limits,
    limits,
    st.lists(st.tuples(st.floats(0, 20), st.sampled_from("ab"), fractions), max_size=60),
)
def test_nor_has_any_tenant(
    shared: RateLimit, own: RateLimit, asked: list[tuple[float, str, float]]
) -> None:
    now = NOON
    kept: dict[str, datetime] = {}
    uses: dict[str, list[datetime]] = {"": [], "a": [], "b": []}
    for wait_seconds, tenant, fraction in asked:
        now += timedelta(seconds=wait_seconds)
        wanted = [(shared, kept.get("")), (own, kept.get(tenant))]
        slots = reserve(wanted, now, 1, MINUTE)
        if not slots.permits:
            assert slots.next_at == tuple(max(now, kept.get(each, now)) for each in ("", tenant))
            assert slots.first_at > now
            continue
        kept[""], kept[tenant] = slots.next_at
        used = slots.first_at + fraction * min(shared.grace, own.grace)
        uses[""].append(used)
        uses[tenant].append(used)

    assert_within(shared, uses[""])
    assert_within(own, uses["a"])
    assert_within(own, uses["b"])


@given(limits)
def test_the_rate_is_hardly_below_the_limit(limit: RateLimit) -> None:
    assert limit.interval * limit.permits <= limit.period * 1.051


def test_whoever_has_no_slot_of_its_own_takes_none_of_everybodys() -> None:
    soon, later = NOON + SECOND, NOON + 2 * SECOND

    slots = reserve([(TEN_A_MINUTE, soon), (TEN_A_MINUTE, later)], NOON, 1, MINUTE)

    assert (slots.permits, slots.first_at, slots.next_at) == (0, later, (soon, later))
    assert reserve([(TEN_A_MINUTE, later), (TEN_A_MINUTE, soon)], NOON, 1, MINUTE).permits == 1


def test_a_slot_that_is_too_far_away_is_not_taken() -> None:
    assert reserve([(TEN_A_MINUTE, NOON + MINUTE)], NOON, 1, MINUTE).permits == 1
    slots = reserve([(TEN_A_MINUTE, NOON + MINUTE)], NOON - SECOND, 1, MINUTE)
    assert (slots.permits, slots.first_at) == (0, NOON + MINUTE)


@pytest.mark.parametrize(
    ("text", "batch"), [("10/60s", 1), ("1/1s", 1), ("20/1s", 19), ("1000/1s", 50), ("100/60s", 1)]
)
def test_what_takes_about_a_second_is_worth_reserving_at_once(text: str, batch: int) -> None:
    assert RateLimit.parse(text).batch_permits == batch


def test_a_limit_is_read_from_a_text() -> None:
    assert RateLimit.parse("10/60s") == TEN_A_MINUTE


@pytest.mark.parametrize("text", ["", "10", "10/60", "0/60s", "10/0s", "-1/60s", "10/1m", "1e3/1s"])
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"10/60s"):
        RateLimit.parse(text)
