"""Instants as text: their order and their exactness survive."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects import postgresql, sqlite

from aegis_batch.adapters.outbound.state.instants import Instant

SQLITE = sqlite.dialect()
POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001 - the strategy adds the zone


def written(instant: datetime) -> str:
    return str(Instant().process_bind_param(instant, SQLITE))


@given(INSTANTS)
def test_an_instant_comes_back_to_the_microsecond_and_in_utc(instant: datetime) -> None:
    again = Instant().process_result_value(written(instant), SQLITE)

    assert again == instant
    assert again.tzinfo is UTC


@given(INSTANTS, INSTANTS)
def test_the_order_as_text_is_the_order_in_time(one: datetime, other: datetime) -> None:
    assert (written(one) < written(other)) == (one < other)
    assert len(written(one)) == 27


def test_an_instant_can_be_read_by_people() -> None:
    east = datetime(2026, 11, 22, 2, tzinfo=timezone(timedelta(hours=-3)))

    assert written(east) == "2026-11-22T05:00:00.000000Z"


def test_postgresql_has_a_type_of_its_own_for_them() -> None:
    instant = datetime(2026, 11, 22, 5, tzinfo=UTC)

    kind = Instant().load_dialect_impl(POSTGRES)
    assert isinstance(kind, DateTime)
    assert kind.timezone
    assert Instant().process_bind_param(instant, POSTGRES) == instant
    assert Instant().process_result_value(instant, POSTGRES) == instant


def test_nothing_stays_nothing() -> None:
    assert Instant().process_bind_param(None, SQLITE) is None
    assert Instant().process_result_value(None, SQLITE) is None


def test_a_reading_without_a_zone_is_no_instant() -> None:
    naive = datetime(2026, 11, 22)  # noqa: DTZ001 - that is what is tried

    with pytest.raises(ValueError, match="2026"):
        Instant().process_bind_param(naive, SQLITE)
    with pytest.raises(ValueError, match="2026"):
        Instant().process_result_value("2026-11-22T05:00:00", SQLITE)
