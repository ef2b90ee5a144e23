"""What came of looking again at a closed period: is what was handed over still true?"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from aegis_batch.domain import exact
from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding, Tally
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Difference
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.totals import Totals

__all__ = [
    "ITEM_CHANGES_MAX",
    "Change",
    "FindingChange",
    "ItemChange",
    "Verdict",
    "Verification",
]

# Enough to see what happened to a day, and few enough to read.
ITEM_CHANGES_MAX = 10
_NONE = Tally(0, ())


class Verdict(StrEnum):
    """What is known of a period after it was read, derived and compared again.

    ``seal_changed`` says that the seal is not as it was kept, and nothing about the orders;
    ``unknown`` that this could not be done, and nothing about the period.
    """

    EQUAL = "equal"
    CHANGED = "changed"
    REJECTED = "rejected"
    MISSING = "missing"
    CONFLICT = "conflict"
    SEAL_CHANGED = "seal_changed"
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


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that other orders show than when the period was sealed.

    ``sealed`` and ``present`` count the orders; ``came`` and ``went`` name them, where all of both
    times are known by name.
    """

    finding: Finding
    sealed: int
    present: int
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()

    @classmethod
    def between(cls, finding: Finding, sealed: Tally, present: Tally) -> "FindingChange":
        """Return the difference of two tallies of a finding."""
        came, went = set(present.order_ids), set(sealed.order_ids)
        if max(sealed.count, present.count) > ORDER_IDS_MAX:
            came = went = set()
        return cls(
            finding,
            sealed.count,
            present.count,
            tuple(each for each in present.order_ids if each in came - went),
            tuple(each for each in sealed.order_ids if each in went - came),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a period's orders add up now, beside what they added up to when it was sealed.

    ``items`` holds those that changed most, at most ``ITEM_CHANGES_MAX``; ``items_left_out``
    counts the others. ``findings`` are those of the rules of consistency that other orders show
    now. Revenue is exact and in the currency's main unit, with the currency's decimals at least.
    """

    orders_sealed: int
    orders_present: int
    lines_sealed: int
    lines_present: int
    revenue_sealed: Decimal
    revenue_present: Decimal
    items: tuple[ItemChange, ...] = ()
    items_left_out: int = 0
    findings: tuple[FindingChange, ...] = ()

    @classmethod
    def between(
        cls, sealed: Totals, present: Totals, currency_decimals: int = 0
    ) -> "Change | None":
        """Return the difference of two totals; ``None`` where they are equal."""
        findings = tuple(_finding_changes(sealed.tallies, present.tallies))
        if not findings and sealed.digest() == present.digest():
            return None
        changes = _item_changes(sealed.items, present.items)
        return cls(
            orders_sealed=sealed.orders,
            orders_present=present.orders,
            lines_sealed=sealed.lines,
            lines_present=present.lines,
            revenue_sealed=Decimal(exact.with_decimals(sealed.revenue, currency_decimals)),
            revenue_present=Decimal(exact.with_decimals(present.revenue, currency_decimals)),
            items=tuple(changes[:ITEM_CHANGES_MAX]),
            items_left_out=len(changes[ITEM_CHANGES_MAX:]),
            findings=findings,
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


def _finding_changes(
    sealed: Mapping[Finding, Tally], present: Mapping[Finding, Tally]
) -> Iterator[FindingChange]:
    for finding in Finding:
        pair = sealed.get(finding, _NONE), present.get(finding, _NONE)
        if pair[0] != pair[1]:
            yield FindingChange.between(finding, *pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying one period.

    ``seal_digest`` is the digest of the link of the chain that the orders were compared with;
    ``None`` where the period has none. ``change`` says how the orders differ from that link;
    ``differences`` how the Backend's report differs from what was sealed, or from what the orders
    give where nothing was. ``problem`` names the rules that orders break now, what is wrong with
    the seal, or why nothing is known. ``keeper`` is who was asked for the report, as far as words
    go: it is not kept.
    """

    key: CloseKey
    verdict: Verdict
    seal_digest: str | None
    verified_at: datetime
    change: Change | None = None
    differences: tuple[Difference, ...] = ()
    problem: Problem | None = None
    keeper: ReportKeeper = field(default=ReportKeeper.BACKEND, compare=False)

    def finding(self) -> str:
        """Return ``sha256:`` and the digest of what was found, whenever and beside which seal.

        So the same finding of the next night is known again.
        """
        key = self.key
        content = [
            *(key.tenant, key.period.kind.value, key.period.first_day.isoformat()),
            self.verdict.value,
            None if self.change is None else _change_fields(self.change),
            [asdict(difference) for difference in self.differences],
            None if self.problem is None else [self.problem.code, self.problem.message],
        ]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _change_fields(change: Change) -> dict[str, Any]:
    fields = asdict(change)
    if not change.findings:
        # What was told before findings were compared is known again.
        del fields["findings"]
    return fields


def _plain(amount: Decimal) -> str:
    return exact.canonical(amount)
