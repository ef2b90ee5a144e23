"""Weights of orders, by which all of them are compared with their lines at once."""

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource

__all__ = ["Weights", "weights_for"]

_SEED_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Weights:
    """What is weighed, and the number that makes this day's weights other than any before."""

    total: Number
    seed: int

    def of(self, order_id: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the weight of an order: a whole number of 64 bits, hashed from its id."""
        hashed = sa.func.uuid_hash_extended(order_id, sa.literal(self.seed, sa.BigInteger))
        # Products of whole numbers would overflow.
        return sa.cast(hashed, sa.Numeric)


def weights_for(source: OrdersSource, tolerance: Decimal) -> Weights | None:
    """Return new weights if orders, which can be split, can be proved sound by weights.

    The server hashes whole numbers by 32 bits of theirs, so that only UUIDs have weights of their
    own; amounts that may differ can't be added up before they are compared. A sample of orders
    needs an index that leads to their lines, and their ids alone.
    """
    if source.id_type != "uuid" or tolerance or not source.lines_are_indexed:
        return None
    if source.total_kind is None or source.item_tenant is not None:
        return None
    total = Number(source.orders_column("AEGIS_ORDERS_TOTAL"), source.total_kind)
    return Weights(total, int.from_bytes(os.urandom(_SEED_BYTES), signed=True))
