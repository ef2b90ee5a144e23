"""The port for reading orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.totals import Totals

__all__ = ["READ_TENANTS_MAX", "OrderReader", "Reading", "each_once"]

READ_TENANTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What one snapshot holds of a window: totals in parts, and the snapshot's name.

    The merge of ``parts`` is the whole; how many there are, and their order, say nothing.
    """

    snapshot: str
    parts: tuple[Totals, ...]


class OrderReader(Protocol):
    """Reads the orders of tenants and never changes them.

    Nothing of one tenant gets into the reading of another, findings and order ids included. A
    reader of orders that name no tenant takes all of them for the orders of whoever is asked for.

    Each method raises ``InvalidRequest`` where a setting must say what the time column means,
    ``OrdersMisfit`` where tables or columns are not as the settings say, and
    ``OrdersUnreachable`` where the database can't be reached, within a bounded time.
    """

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up all orders that a tenant was given in a window, as one snapshot shows them.

        An order counts for the window that its time falls in, with all its lines. ``tolerance``,
        in the currency's main unit, is how far an order's total may be from the sum of its lines.
        Findings are tallied and never raised. Reading twice is harmless.
        """
        ...

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up the orders of many tenants as ``read`` would, all as the same snapshot shows them.

        There is a reading for every tenant that is asked for, of nothing where it has no order,
        and for no other. What makes the reading of one fail makes all fail.

        Raises ``ValueError`` for more than ``READ_TENANTS_MAX`` tenants, and for more than one
        where the orders name no tenant: that would give each of them the orders of all.
        """
        ...


def each_once(tenants: Sequence[str]) -> tuple[str, ...]:
    """Return tenants without repetition; ``ValueError`` for more than can be read at once."""
    distinct = tuple(dict.fromkeys(tenants))
    if len(distinct) > READ_TENANTS_MAX:
        raise ValueError(f"{len(distinct)} tenants are more than {READ_TENANTS_MAX}")
    return distinct
