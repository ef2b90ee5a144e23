"""The tenants of a world: where they are, when they come and go, and what they sell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.tenant import Tenant
from tests.simulation.oracle import Oracle

__all__ = ["CATCH_UP", "Mall", "Member", "strangers_in"]

CATCH_UP = timedelta(days=5)
_DAY = timedelta(days=1)
_ZONES = ("Asia/Tokyo", "Europe/Lisbon", "America/Los_Angeles", "Pacific/Auckland", "UTC")
_OWN = "America/Sao_Paulo"
_LARGE = 0.1
_FIRST_DAYS = (date(2026, 3, 4), date(2026, 10, 20), date(2027, 3, 10))
# A tenant's id holds the one, and the names of what it sells hold the other.
_MARKS = re.compile(r"(?:zq|kx)(\d{3})(?:zq|kx)")


def strangers_in(text: str, tenant: str) -> set[str]:
    """Return the numbers of the tenants, but for one, of which a text holds anything."""
    return set(_MARKS.findall(text)) - set(_MARKS.findall(tenant))


@dataclass(slots=True)
class Member:
    """A tenant, and from when until when it is in the directory."""

    tenant: Tenant
    word: str
    joins_at: datetime
    leaves_at: datetime | None

    def is_in(self, since: datetime, until: datetime) -> bool:
        """Say whether it is in the directory all the time from one instant to another."""
        return self.joins_at <= since and (self.leaves_at is None or self.leaves_at > until)


class Mall:
    """All tenants and all orders of a world."""

    def __init__(self, random: Random, days: int) -> None:
        """Let chance choose the zones, the tenants and what they sell on so many days."""
        self._random = random
        self.first_day = random.choice(_FIRST_DAYS)
        self.begin = datetime.combine(self.first_day, time(9), tzinfo=UTC)
        others = random.sample(_ZONES, random.randint(1, 3))
        self.zones: tuple[str | None, ...] = (None, *others)
        self._oracles = {name: self._oracle(name) for name in self.zones}
        self.calendars = {name: self._calendar(name) for name in self.zones}
        # A directory gives a hundred at a time: now and then one zone has more than that.
        self._is_large = random.random() < _LARGE
        count = random.randint(125, 150) if self._is_large else random.randint(12, 80)
        self.members = {
            member.tenant.id: member
            for member in (self._member(number, days) for number in range(count))
        }
        self._orders: dict[tuple[str, date], list[tuple[datetime, PlacedOrder]]] = {}
        for member in self.members.values():
            for behind in range(-2, days + 2):
                self._plan_orders(member, self.first_day + behind * _DAY)
        self._mended_at = self.begin

    def oracle(self, zone: str | None) -> Oracle:
        """Return what is right in a zone."""
        return self._oracles[zone]

    def oracle_of(self, tenant: str) -> Oracle:
        """Return what is right for a tenant."""
        return self._oracles[self.members[tenant].tenant.zone_name]

    def present(self, now: datetime) -> list[Tenant]:
        """Return who is in the directory."""
        return [each.tenant for each in self.members.values() if each.is_in(now, now)]

    def seen(self, tenants: Iterable[str], day: date, now: datetime) -> list[PlacedOrder]:
        """Return the orders of tenants, of a day and of those beside it, that are seen by now."""
        days = [day - _DAY, day, day + _DAY]
        return [
            _mended(placed) if seen_from <= self._mended_at else placed
            for tenant in tenants
            for each in days
            for seen_from, placed in self._orders.get((tenant, each), ())
            if seen_from <= now
        ]

    def mend(self, now: datetime) -> None:
        """Mend all broken orders that are seen."""
        self._mended_at = now

    def zone_name(self, zone: str | None) -> str:
        """Return the IANA name of a zone, of the deployment's own too."""
        return zone or _OWN

    def _oracle(self, zone: str | None) -> Oracle:
        return Oracle(load_zone(zone or _OWN), self.first_day, CATCH_UP)

    def _calendar(self, zone: str | None) -> Calendar:
        return Calendar(load_zone(zone or _OWN), zone or _OWN)

    def _member(self, number: int, days: int) -> Member:
        chance = self._random
        # One in each zone is always there, so that the zone is.
        is_first = number < len(self.zones)
        zone = chance.choice((None,) * 20 + self.zones if self._is_large else self.zones)
        zone = self.zones[number] if is_first else zone
        joins_at, leaves_at = self.begin - _DAY, None
        if not is_first and chance.random() < 0.2:
            joins_at = self.begin + timedelta(hours=chance.randint(0, days * 24))
        if not is_first and chance.random() < 0.15:
            leaves_at = joins_at + timedelta(hours=chance.randint(20, days * 24))
        closes_from = self.first_day - 2 * _DAY if chance.random() < 0.2 else None
        tenant = Tenant(f"shop-zq{number:03}zq", zone, closes_from=closes_from)
        return Member(tenant, f"kx{number:03}kx", joins_at, leaves_at)

    def _plan_orders(self, member: Member, day: date) -> None:
        chance, zone = self._random, self.calendars[member.tenant.zone_name].zone
        planned = []
        for number in range(chance.choice((0, 1, 1, 2, 3))):
            line = OrderLine(
                f"{member.word} {chance.choice(('tea', 'cake', 'soup'))}",
                Decimal(chance.randint(1, 4)),
                Decimal(chance.randint(1, 9_999)) / 100,
            )
            total = -line.amount if chance.random() < 0.01 else line.amount
            wall = datetime.combine(day, time(0)) + timedelta(seconds=chance.randint(0, 86_399))
            placed_at = wall.replace(tzinfo=zone).astimezone(UTC)
            late = timedelta(minutes=chance.randint(1, 1_500) if chance.random() < 0.04 else 0)
            order = Order(f"{member.word}-{day}-{number}", total, (line,))
            placed = PlacedOrder(placed_at, order, tenant=member.tenant.id)
            planned.append((placed_at + late, placed))
        self._orders[member.tenant.id, day] = planned


def _mended(placed: PlacedOrder) -> PlacedOrder:
    total = placed.order.total
    if total is None or total >= 0:
        return placed
    return replace(placed, order=replace(placed.order, total=-total))
