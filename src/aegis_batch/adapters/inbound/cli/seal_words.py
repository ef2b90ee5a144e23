"""Plain words about what a seal says, the same wherever one is shown."""

import re
from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.report import Report
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["grouped", "is_merged", "origin", "revenue_of", "what_was_read"]

_MERGED = re.compile(r"merged from ([0-9]+) seals (sha256:[0-9a-f]+)")


def grouped(number: Decimal) -> str:
    """Return a finite number to the last digit, with its thousands set apart."""
    return f"{Decimal(exact.canonical(number)):,f}"


def origin(seal: Seal) -> str:
    """Return what the figures came from: a snapshot of the orders, or the seals of the days."""
    merged = _MERGED.fullmatch(seal.snapshot)
    if merged is None:
        return f"snapshot {seal.snapshot}"
    return f"the seals of its {merged[1]} days, {merged[2]}"


def is_merged(seal: Seal) -> bool:
    """Say whether the figures were added up from the seals of the days, and no order was read."""
    return _MERGED.fullmatch(seal.snapshot) is not None


def revenue_of(sealed: SealedReport) -> str:
    """Return the exact revenue, with the currency's decimals at least."""
    try:
        decimals = Report.of_body(sealed.body).decimals
    except ValueError:
        # Somebody changed the body.
        decimals = 0
    return exact.with_decimals(sealed.totals.revenue, decimals)


def what_was_read(seal: Seal) -> str:
    """Return how many orders, lines, items and kinds of items there were."""
    sold = "item" if seal.items_sold == 1 else "items"
    return (
        f"{_count(seal.orders_read, 'order')}, {_count(seal.lines_read, 'line')},"
        f" {grouped(seal.items_sold)} {sold} of {_count(seal.distinct_items, 'kind')}"
    )


def _count(count: int, what: str) -> str:
    return f"{count:,} {what if count == 1 else f'{what}s'}"
