"""The tenants that are measured: what ``sql/town.sql`` writes, and what each has to add up to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from bench.figures import Figures
from bench.ground import Ground
from bench.shop import figures_of_orders

__all__ = ["Day", "Town", "latest_day", "open_town"]

_NOON = 12


@dataclass(frozen=True, slots=True)
class Day:
    """A business day that is over, in a zone of whole hours by its IANA name."""

    date: date
    zone_name: str
    start: datetime

    @property
    def end(self) -> datetime:
        """When it was over."""
        return self.start + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Town:
    """So many tenants, with so many orders each on one day."""

    tenants: int
    orders: int

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.tenants:,} tenants of {self.orders:,} orders"

    def figures(self) -> Mapping[str, Figures]:
        """Return what the day of each tenant has to add up to."""
        last = self.tenants * self.orders
        return {
            f"shop-{place:06}": figures_of_orders(range(place + 1, last + 1, self.tenants))
            for place in range(self.tenants)
        }


def latest_day(now: datetime | None = None) -> Day:
    """Return the last day that is over where it is about noon now.

    So no midnight falls into a run, and nothing that is planned for the night comes in between.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    ahead = _NOON - now.hour
    zone = timezone(timedelta(hours=ahead))
    day = now.astimezone(zone).date() - timedelta(days=1)
    # The names have the opposite sign: Etc/GMT-3 is three hours ahead.
    return Day(day, f"Etc/GMT{-ahead:+}", datetime.combine(day, time.min, zone).astimezone(UTC))


@contextmanager
def open_town(ground: Ground, town: Town, day: Day) -> Iterator[dict[str, str]]:
    """Make the tenants and their orders, yield the environment in which they are found."""
    with ground.database(f"town_{town.tenants}_{town.orders}") as environ:
        variables = {"tenants": str(town.tenants), "orders": str(town.orders)}
        ground.fill(environ, "town.sql", variables | {"start": day.start.isoformat()})
        yield environ | {
            "AEGIS_TIMEZONE": day.zone_name,
            "BENCH_DAY": day.date.isoformat(),
            "BENCH_START": day.start.isoformat(),
            "BENCH_END": day.end.isoformat(),
        }
