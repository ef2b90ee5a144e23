"""The reader of orders, left alone while their database rests."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import OrdersResting

__all__ = ["BreakingOrderReader"]


class BreakingOrderReader:
    """Reads as the reader behind it does, unless the database rests; see the port.

    Raises ``OrdersResting`` then, beside what the other raises.
    """

    def __init__(self, orders: OrderReader, breaker: ProviderBreaker) -> None:
        """Take who reads, and the breaker before it."""
        self._orders = orders
        self._breaker = breaker

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up all orders that a tenant was given in a window."""
        return self._breaker.ask(lambda: self._orders.read(tenant, window, tolerance), _resting)

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up the orders of many tenants."""
        return self._breaker.ask(
            lambda: self._orders.read_each(tenants, window, tolerance), _resting
        )


def _resting(until: datetime) -> OrdersResting:
    return OrdersResting(
        "breaker_open",
        "The orders' database has failed many times in a row, and is left alone until"
        f" {until.isoformat(timespec='seconds')}.",
        "Nothing needs to be done: one read a time finds out whether it is back, and then all goes"
        " on. aegis-batch doctor says what is wrong with it.",
        until,
    )
