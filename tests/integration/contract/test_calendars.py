"""What whoever knows the calendars of zones promises."""

from datetime import date, time

import pytest

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest

OWN, OTHER = "America/Sao_Paulo", "America/Manaus"
DAY_START = time(5)


@pytest.fixture(params=["memory", "system"])
def calendars(request: pytest.FixtureRequest) -> Calendars:
    """The calendars of two zones, with days that start at five."""
    if request.param == "system":
        return SystemCalendars(OWN, DAY_START)
    return InMemoryCalendars(*(Calendar(load_zone(name), name, DAY_START) for name in (OWN, OTHER)))


def test_without_a_name_the_calendar_is_the_deployments_own(calendars: Calendars) -> None:
    own = calendars.of(None)
    assert (own.zone_name, own.day_start) == (OWN, DAY_START)
    assert calendars.of(OWN) == own


def test_a_zones_days_start_at_the_same_wall_time_in_that_zone(calendars: Calendars) -> None:
    there = calendars.of(OTHER)

    assert (there.zone_name, there.day_start) == (OTHER, DAY_START)
    starts = [calendar.window(date(2026, 11, 16)).start for calendar in (calendars.of(OWN), there)]
    assert [start.hour for start in starts] == [8, 9]


def test_a_calendar_is_made_once(calendars: Calendars) -> None:
    assert calendars.of(OTHER) is calendars.of(OTHER)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc", "America", "x" * 300])
def test_a_name_that_is_no_zones_is_refused(calendars: Calendars, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        calendars.of(name)
    assert refused.value.code == "unknown_zone"
    assert "that of a tenant comes from AEGIS_TENANTS" in refused.value.remedy
