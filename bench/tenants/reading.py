"""How long reading takes by itself: what no way of closing can be faster than."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from bench.figures import Figures
from bench.rounds import WrongFiguresError
from bench.tenants.one_task import SUMS, TOP_ITEMS
from bench.tenants.town import Town

__all__ = ["Reading", "read_town"]

# As many as the server has cores for, on the machines that this is run on.
_AT_ONCE = 2
_SHARD_TENANTS = 500
_OF_THE_DAY = "shop = ANY(%s) AND created_at >= %s AND created_at < %s"
_SUMS_OF_MANY = (
    "SELECT shop, count(*), coalesce(sum(total), 0) FROM orders"  # noqa: S608 - constants
    f" WHERE {_OF_THE_DAY} GROUP BY shop"
)
_ITEMS_OF_MANY = (
    "SELECT shop, name, sum(quantity) FROM orders JOIN order_items ON order_id = orders.id"  # noqa: S608 - the same
    f" WHERE {_OF_THE_DAY} GROUP BY shop, name"
)

_Part = Sequence[str]
_Sums = dict[str, tuple[int, object]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Tenants a second whose day was read and nothing else: each by itself, and many at once."""

    town: Town
    one_by_one: float
    together: float

    @property
    def pace(self) -> float:
        """The better of the two."""
        return max(self.one_by_one, self.together)


def read_town(town: Town, environ: Mapping[str, str], expected: Mapping[str, Figures]) -> Reading:
    """Read the day of all tenants in both ways; raises ``WrongFiguresError``."""
    tenants = list(expected)
    single = [[tenant] for tenant in tenants]
    shards = [tenants[at : at + _SHARD_TENANTS] for at in range(0, len(tenants), _SHARD_TENANTS)]
    return Reading(
        town,
        one_by_one=_pace(single, environ, expected, _read_one),
        together=_pace(shards, environ, expected, _read_together),
    )


def _pace(
    parts: Sequence[_Part],
    environ: Mapping[str, str],
    expected: Mapping[str, Figures],
    read: Callable[[psycopg.Connection, _Part, tuple[str, str]], _Sums],
) -> float:
    window = environ["BENCH_START"], environ["BENCH_END"]

    def read_share(place: int) -> _Sums:
        sums: _Sums = {}
        with psycopg.connect(environ["DATABASE_URL"], autocommit=True) as connection:
            for part in parts[place::_AT_ONCE]:
                sums |= read(connection, part, window)
        return sums

    began = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sums: _Sums = {}
        for share in pool.map(read_share, range(_AT_ONCE)):
            sums |= share
    seconds = time.monotonic() - began
    if sums != {tenant: (each.orders, each.revenue) for tenant, each in expected.items()}:
        raise WrongFiguresError("what was read alone is not what the tenants have")
    return len(expected) / seconds


def _read_one(connection: psycopg.Connection, part: _Part, window: tuple[str, str]) -> _Sums:
    (tenant,) = part
    asked = (tenant, *window)
    orders, revenue = connection.execute(SUMS.encode(), asked).fetchall()[0]
    connection.execute(TOP_ITEMS.encode(), asked).fetchall()
    return {tenant: (orders, revenue)}


def _read_together(connection: psycopg.Connection, part: _Part, window: tuple[str, str]) -> _Sums:
    asked = (list(part), *window)
    sums = connection.execute(_SUMS_OF_MANY.encode(), asked).fetchall()
    connection.execute(_ITEMS_OF_MANY.encode(), asked).fetchall()
    return {tenant: (orders, revenue) for tenant, orders, revenue in sums}
