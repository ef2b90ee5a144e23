"""What came of looking again at a closed period: is what was handed over still true?"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from aegis_batch.domain import exact
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Difference
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.totals import Totals

__all__ = ["ITEM_CHANGES_MAX", "Change", "ItemChange", "Verdict", "Verification"]

# Enough to see what happened to a day, and few enough to read.
ITEM_CHANGES_MAX = 10


class Verdict(StrEnum):
    """What is known of a period after it was read, derived and compared again.

    ``unknown`` says that this could not be done, and nothing about the period.
    """

    EQUAL = "equal"
    CHANGED = "changed"
    REJECTED = "rejected"
    MISSING = "missing"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"

    @property
    def is_off(self) -> bool:
        """Whether the period is known not to be as it was closed."""
        return self not in (Verdict.EQUAL, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item whose net quantity is another than when the period was sealed."""

    name: str
    sealed: Decimal
    present: Decimal

    @property
    def difference(self) -> Decimal:
        """What came (above zero) or went (below)."""
        return exact.subtract(self.present, self.sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a period's orders add up now, beside what they added up to when it was sealed.

    ``items`` holds those that changed most, at most ``ITEM_CHANGES_MAX``; ``items_left_out``
    counts the others. Revenue is exact and in the currency's main unit.
    """

    orders_sealed: int
    orders_present: int
    lines_sealed: int
    lines_present: int
    revenue_sealed: Decimal
    revenue_present: Decimal
    items: tuple[ItemChange, ...] = ()
    items_left_out: int = 0

    @classmethod
    def between(cls, sealed: Totals, present: Totals) -> "Change | None":
        """Return the difference of two totals; ``None`` where they are equal."""
        if sealed.digest() == present.digest():
            return None
        changes = _item_changes(sealed.items, present.items)
        return cls(
            orders_sealed=sealed.orders,
            orders_present=present.orders,
            lines_sealed=sealed.lines,
            lines_present=present.lines,
            revenue_sealed=sealed.revenue,
            revenue_present=present.revenue,
            items=tuple(changes[:ITEM_CHANGES_MAX]),
            items_left_out=len(changes[ITEM_CHANGES_MAX:]),
        )

    @property
    def orders(self) -> int:
        """How many orders came (above zero) or went (below)."""
        return self.orders_present - self.orders_sealed

    @property
    def lines(self) -> int:
        """How many lines came or went."""
        return self.lines_present - self.lines_sealed

    @property
    def revenue(self) -> Decimal:
        """How much revenue came or went."""
        return exact.subtract(self.revenue_present, self.revenue_sealed)


def _item_changes(
    sealed: Mapping[str, Decimal], present: Mapping[str, Decimal]
) -> list[ItemChange]:
    changes = [
        ItemChange(name, sealed.get(name, exact.ZERO), present.get(name, exact.ZERO))
        for name in sealed.keys() | present.keys()
        # An item at a net zero is an item all the same: that it came or went is a change.
        if sealed.get(name) != present.get(name)
    ]
    # Not ``-abs``: both round to the digits of the thread's own context.
    changes.sort(key=lambda item: (item.difference.copy_abs().copy_negate(), item.name))
    return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying one period.

    ``seal_digest`` is the digest of the link of the chain that the orders were compared with;
    ``None`` where the period has none. ``change`` says how the orders differ from that link;
    ``differences`` how the Backend's report differs from what was sealed, or from what the orders
    give where nothing was. ``problem`` names the rules that orders break now, or why nothing is
    known.
    """

    key: CloseKey
    verdict: Verdict
    seal_digest: str | None
    verified_at: datetime
    change: Change | None = None
    differences: tuple[Difference, ...] = ()
    problem: Problem | None = None

    def finding(self) -> str:
        """Return ``sha256:`` and the digest of what was found, whenever and beside which seal.

        So the same finding of the next night is known again.
        """
        key = self.key
        content = [
            *(key.tenant, key.period.kind.value, key.period.first_day.isoformat()),
            self.verdict.value,
            None if self.change is None else asdict(self.change),
            [asdict(difference) for difference in self.differences],
            None if self.problem is None else [self.problem.code, self.problem.message],
        ]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _plain(amount: Decimal) -> str:
    return exact.canonical(amount)
