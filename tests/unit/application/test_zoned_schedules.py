"""Each zone that tenants have gets its schedules, and loses them with its last tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from aegis_batch.application.zoned_schedules import ZonedSchedules
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import OrdersUnreachable
from aegis_batch.domain.schedule import Schedule
from aegis_batch.domain.tenant import EVERYONE, Tenant
from aegis_batch.domain.tenant_events import ZoneUnknown
from tests.unit.application.office import FAR_ZONE, NIGHTLY, RETENTION, Office

AWAY = OrdersUnreachable("unreachable", "Nobody is there.", "Try again later.")
NOWHERE = "Mars/Olympus\nMons"


@dataclass
class Directory:
    """A directory of zones alone, which may be away."""

    found: list[str] = field(default_factory=list)
    away: OrdersUnreachable | None = None

    def zones(self) -> Sequence[str | None]:
        """Return the zones, the deployment's own first."""
        if self.away is not None:
            raise self.away
        return [None, *self.found]

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone."""
        return False

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Fail: nobody asks for tenants here."""
        raise NotImplementedError(zone_name, after, limit, window)

    def get(self, tenant_id: str) -> Tenant | None:
        """Fail, as ``page`` does."""
        raise NotImplementedError(tenant_id)

    def queues(self) -> Sequence[str]:
        """Fail, as ``page`` does."""
        raise NotImplementedError


def wanted_in(zones: Sequence[str]) -> list[Schedule]:
    """Return a night for each zone, and what there is once."""
    nights = [
        replace(NIGHTLY, name=f"daily-close@{zone}", timing=replace(NIGHTLY.timing, zone=zone))
        for zone in zones
    ]
    return [NIGHTLY, RETENTION, *nights]


def zoned(office: Office, directory: Directory) -> ZonedSchedules:
    return ZonedSchedules(office.ledger, office.control, directory, office.calendars, wanted_in)


def go_on() -> bool:
    return True


def names(office: Office) -> list[str]:
    return [state.schedule.name for state in office.control.all()]


@pytest.fixture
def office() -> Office:
    """An office for everyone, with the schedules of its own zone."""
    return Office([NIGHTLY, RETENTION], tenant=EVERYONE)


def test_a_zone_that_appears_gets_its_night_at_its_own_time(office: Office) -> None:
    zoned(office, Directory([FAR_ZONE])).refresh(go_on)

    assert names(office) == ["daily-close", f"daily-close@{FAR_ZONE}", "retention"]
    far, own = office.next_at(f"daily-close@{FAR_ZONE}"), office.next_at("daily-close")
    assert far is not None
    assert own is not None
    assert (own - far).total_seconds() == 12 * 3_600


def test_a_zone_without_tenants_loses_its_night(office: Office) -> None:
    directory = Directory([FAR_ZONE])
    schedules = zoned(office, directory)
    schedules.refresh(go_on)
    directory.found = []

    schedules.refresh(go_on)

    assert names(office) == ["daily-close", "retention"]


def test_a_directory_that_is_away_leaves_all_as_it_was(office: Office) -> None:
    directory = Directory([FAR_ZONE])
    schedules = zoned(office, directory)
    schedules.refresh(go_on)
    directory.away = AWAY

    with pytest.raises(OrdersUnreachable):
        schedules.refresh(go_on)

    assert f"daily-close@{FAR_ZONE}" in names(office)


def test_a_process_starts_with_the_zones_of_the_last_time_and_asks_nobody(office: Office) -> None:
    directory = Directory([FAR_ZONE])
    zoned(office, directory).refresh(go_on)
    directory.away = AWAY

    kept = zoned(office, directory).kept()

    assert [schedule.name for schedule in kept] == [
        "daily-close",
        "retention",
        f"daily-close@{FAR_ZONE}",
    ]


def test_a_zone_that_is_none_any_more_is_not_started_with(office: Office) -> None:
    lost = replace(
        NIGHTLY, name="daily-close@Mars/X", timing=replace(NIGHTLY.timing, zone="Asia/Tokyo")
    )
    with office.state.turn() as turn:
        state = turn.schedules.get("daily-close")
        assert state is not None
        gone = replace(lost, timing=replace(lost.timing, zone="Mars/X"))
        turn.schedules.save(replace(state, schedule=gone))

    assert [schedule.name for schedule in zoned(office, Directory()).kept()] == [
        "daily-close",
        "retention",
    ]


def test_a_zone_that_is_none_fires_nothing_and_is_told_once(office: Office) -> None:
    directory = Directory([NOWHERE, FAR_ZONE])
    schedules = zoned(office, directory)

    schedules.refresh(go_on)
    schedules.refresh(go_on)
    zoned(office, directory).refresh(go_on)

    assert f"daily-close@{FAR_ZONE}" in names(office)
    assert len(names(office)) == 3
    # Once in the log of each process, and once to people.
    told = [event for event in office.sink.events if isinstance(event, ZoneUnknown)]
    assert len(told) == 2
    (notice,) = office.notices()
    assert notice.event == "zone.unknown"
    assert "\n" not in notice.text
    assert "Mars/Olympus" in notice.text


def test_a_stop_leaves_the_rest(office: Office) -> None:
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return False

    zoned(office, Directory([FAR_ZONE])).refresh(stop)

    assert asked == [True]
