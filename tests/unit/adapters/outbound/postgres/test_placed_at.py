"""The time column means what its type or the setting says, or is refused."""

from datetime import date, datetime, time

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.adapters.outbound.postgres.placed_at import bounds_of, resolve_placed_at
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest

ZONE = "America/Sao_Paulo"
DAY = date(2026, 11, 21)
MIDNIGHT = Calendar(load_zone(ZONE), ZONE).window(DAY)
FOUR = Calendar(load_zone(ZONE), ZONE, time(4)).window(DAY)


@pytest.mark.parametrize(
    ("kind", "type_name", "resolved"),
    [
        (PlacedAtKind.AUTO, "timestamptz", PlacedAtKind.INSTANT),
        (PlacedAtKind.AUTO, "date", PlacedAtKind.DATE),
        (PlacedAtKind.INSTANT, "timestamptz", PlacedAtKind.INSTANT),
        (PlacedAtKind.UTC, "timestamp", PlacedAtKind.UTC),
        (PlacedAtKind.WALL, "timestamp", PlacedAtKind.WALL),
        (PlacedAtKind.DATE, "date", PlacedAtKind.DATE),
    ],
)
def test_a_kind_that_fits_is_taken(
    kind: PlacedAtKind, type_name: str, resolved: PlacedAtKind
) -> None:
    assert resolve_placed_at(kind, type_name, "created_at") is resolved


def test_nobody_knows_what_a_timestamp_means_by_itself() -> None:
    with pytest.raises(InvalidRequest, match="created_at") as caught:
        resolve_placed_at(PlacedAtKind.AUTO, "timestamp", "created_at")

    assert caught.value.code == "placed_at_ambiguous"
    assert "AEGIS_ORDERS_PLACED_AT_KIND=wall" in caught.value.remedy
    assert "AEGIS_ORDERS_PLACED_AT_KIND=utc" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "type_name", "remedy"),
    [
        (PlacedAtKind.UTC, "timestamptz", "AEGIS_ORDERS_PLACED_AT_KIND=instant"),
        (PlacedAtKind.WALL, "date", "AEGIS_ORDERS_PLACED_AT_KIND=date"),
        (PlacedAtKind.INSTANT, "timestamp", "AEGIS_ORDERS_PLACED_AT_KIND=wall"),
        (PlacedAtKind.DATE, "timestamp", "AEGIS_ORDERS_PLACED_AT_KIND=utc"),
    ],
)
def test_a_kind_that_contradicts_the_type_is_refused(
    kind: PlacedAtKind, type_name: str, remedy: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve_placed_at(kind, type_name, "created_at")

    assert caught.value.code == "placed_at_kind_mismatch"
    assert remedy in caught.value.remedy


def test_instants_are_bounded_by_the_window_itself() -> None:
    bounds = bounds_of(FOUR, PlacedAtKind.INSTANT)

    assert (bounds.start, bounds.end) == (FOUR.start, FOUR.end)


def test_utc_times_are_bounded_by_utc_without_a_zone() -> None:
    bounds = bounds_of(FOUR, PlacedAtKind.UTC)

    assert (bounds.start, bounds.end) == (datetime(2026, 11, 21, 7), datetime(2026, 11, 22, 7))  # noqa: DTZ001


def test_wall_times_are_bounded_by_the_calendars_clock() -> None:
    bounds = bounds_of(FOUR, PlacedAtKind.WALL)

    assert (bounds.start, bounds.end) == (datetime(2026, 11, 21, 4), datetime(2026, 11, 22, 4))  # noqa: DTZ001


def test_dates_are_bounded_by_dates() -> None:
    bounds = bounds_of(MIDNIGHT, PlacedAtKind.DATE)

    assert (bounds.start, bounds.end) == (DAY, date(2026, 11, 22))


def test_dates_can_not_tell_days_apart_that_do_not_start_at_midnight() -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_DAY_START") as caught:
        bounds_of(FOUR, PlacedAtKind.DATE)

    assert caught.value.code == "date_needs_midnight"
