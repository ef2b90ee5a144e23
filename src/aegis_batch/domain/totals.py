"""Totals: what a set of orders adds up to, as a commutative monoid.

``Totals()`` is the zero; ``merge`` is associative and commutative. So a day may be read in any
number of parts, in any order, by any number of workers, and adds up to the same totals.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.consistency import Finding, Tally, findings_of, tally_duplicates
from aegis_batch.domain.order import Order, is_blank_name

__all__ = ["Totals", "normal_name"]


def normal_name(name: str) -> str:
    """Return a name in Unicode's normal form C, otherwise as it is."""
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts, revenue and quantities of a set of orders, and what is wrong with them.

    ``revenue`` is exact and in the currency's main unit. ``items`` maps a normal name to its net
    quantity. Numbers that are missing or not finite count as zero here and as findings there.
    """

    orders: int = 0
    lines: int = 0
    revenue: Decimal = exact.ZERO
    items: Mapping[str, Decimal] = field(default_factory=dict)
    tallies: Mapping[Finding, Tally] = field(default_factory=dict)
    # Made when it is asked for: a close writes it out for its digest, and again for its seal.
    _written: list[list[str]] | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, order: Order, tolerance: Decimal = exact.ZERO) -> "Totals":
        """Return the totals of one order; ``tolerance`` is in the currency's main unit."""
        items: dict[str, Decimal] = {}
        for line in order.lines:
            if line.name is None or is_blank_name(line.name):
                continue
            quantity = line.quantity
            finite = quantity if quantity is not None and quantity.is_finite() else exact.ZERO
            name = normal_name(line.name)
            items[name] = exact.add(items.get(name, exact.ZERO), finite)
        total = order.total
        return cls(
            orders=1,
            lines=len(order.lines),
            revenue=total if total is not None and total.is_finite() else exact.ZERO,
            items=items,
            tallies={finding: Tally(1, (order.id,)) for finding in findings_of(order, tolerance)},
        )

    @classmethod
    def of_duplicates(cls, order_ids: Iterable[str]) -> "Totals":
        """Return totals that only tell which ids stand more than once.

        No order can see this by itself, so whoever reads the whole set adds this part.
        """
        return cls(tallies=tally_duplicates(order_ids))

    @classmethod
    def sum(cls, parts: Iterable["Totals"]) -> "Totals":
        """Return the merge of any number of parts, in time that grows with their size alone."""
        orders = lines = 0
        revenue = exact.ZERO
        items: dict[str, Decimal] = {}
        tallies: dict[Finding, Tally] = {}
        for part in parts:
            orders += part.orders
            lines += part.lines
            revenue = exact.add(revenue, part.revenue)
            if not items:
                # Most often all items are in one part.
                items = dict(part.items)
            else:
                for name, quantity in part.items.items():
                    items[name] = exact.add(items.get(name, exact.ZERO), quantity)
            for finding, tally in part.tallies.items():
                known = tallies.get(finding)
                tallies[finding] = tally if known is None else known.merge(tally)
        return cls(orders, lines, revenue, items, tallies)

    def merge(self, other: "Totals") -> "Totals":
        """Return the totals of both sets of orders."""
        return Totals.sum((self, other))

    def with_present_names(self) -> "Totals":
        """Return the totals with the names of items as the Unicode of this process has them.

        Totals that were kept may hold names in the normal form of an older one, which left
        characters that it didn't know as they were. The same totals where nothing changes.
        """
        if all(unicodedata.is_normalized("NFC", name) for name in self.items):
            return self
        items: dict[str, Decimal] = {}
        for name, quantity in self.items.items():
            normal = normal_name(name)
            items[normal] = exact.add(items.get(normal, exact.ZERO), quantity)
        return replace(self, items=items)

    @property
    def items_sold(self) -> Decimal:
        """The net quantity of all items together."""
        return exact.total(self.items.values())

    @property
    def distinct_items(self) -> int:
        """How many different names were sold."""
        return len(self.items)

    def items_written(self) -> list[list[str]]:
        """Return each item's name and quantity in one canonical form, in order of their names."""
        if self._written is None:
            written = [[name, exact.canonical(self.items[name])] for name in sorted(self.items)]
            object.__setattr__(self, "_written", written)
            return written
        return self._written

    def digest(self) -> str:
        """Return ``sha256:`` and the digest of everything that was added up.

        It covers orders, lines, revenue and each item's quantity, in one canonical form, so that
        equal totals have equal digests and a change anywhere shows.
        """
        content = [self.orders, self.lines, exact.canonical(self.revenue), self.items_written()]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
