"""The port for reading orders."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.totals import Totals

__all__ = ["OrderReader", "Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one snapshot holds of a window: totals in parts, and the snapshot's name.

    The merge of ``parts`` is the whole; how many there are, and their order, say nothing.
    """

    snapshot: str
    parts: tuple[Totals, ...]


class OrderReader(Protocol):
    """Reads the orders of one shop and never changes them."""

    def read(self, window: Window, tolerance: Decimal) -> Reading:
        """Add up all orders placed in a window, as one snapshot shows them.

        An order counts for the window that its time falls in, with all its lines. ``tolerance``,
        in the currency's main unit, is how far an order's total may be from the sum of its lines.
        Findings are tallied and never raised. Reading twice is harmless.

        Raises ``InvalidRequest`` where a setting must say what the time column means,
        ``OrdersMisfit`` where tables or columns are not as the settings say, and
        ``OrdersUnreachable`` where the database can't be reached, within a bounded time.
        """
        ...
