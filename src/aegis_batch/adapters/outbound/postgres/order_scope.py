"""Which orders are meant: those of a window, of tenants, and of statuses that count."""

from dataclasses import dataclass

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The orders of a window that count, of some tenants.

    ``tenants`` is empty where the orders name none: then all of them are meant. Of more than one
    tenant, orders are added up tenant by tenant.
    """

    bounds: PlacedAtBounds
    tenants: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns by which all is grouped before anything else: ``tenant``, or none."""
        return ("tenant",) if len(self.tenants) > 1 else ()

    def holds(self, source: OrdersSource) -> sa.ColumnElement[bool]:
        """Return the condition that an order is meant."""
        conditions = [self.is_in_window(source)]
        if source.tenant is not None:
            conditions.append(source.tenant.is_any_of(self.tenants))
        if source.schema.statuses:
            status = sa.cast(source.orders_column("AEGIS_ORDERS_STATUS"), sa.Text)
            statuses = sa.literal(list(source.schema.statuses), sa.ARRAY(sa.Text))
            conditions.append(status == sa.any_(statuses))
        return sa.and_(*conditions)

    def is_in_window(self, source: OrdersSource) -> sa.ColumnElement[bool]:
        """Return the condition that an order is of the window, whoever's it is."""
        return self.bounds.hold(source.orders_column("AEGIS_ORDERS_PLACED_AT"))
