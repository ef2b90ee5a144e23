"""The consistency rules: what an order can break, and what then happens.

Source: the table of rules in the project's design; ``spec/1`` asks for a minimum of validation.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from aegis_batch.domain import exact
from aegis_batch.domain.order import Order, OrderLine, is_blank_name, order_id_rank

__all__ = [
    "ORDER_IDS_MAX",
    "Action",
    "Finding",
    "Rule",
    "Rules",
    "Tally",
    "Violation",
    "findings_of",
    "tally_duplicates",
]

ORDER_IDS_MAX = 10


class Rule(StrEnum):
    """A rule that a person can name in the settings."""

    NEGATIVE_TOTAL = "negative_total"
    INVALID_NUMBER = "invalid_number"
    INVALID_QUANTITY = "invalid_quantity"
    NEGATIVE_PRICE = "negative_price"
    INVALID_NAME = "invalid_name"
    DUPLICATE_ORDER = "duplicate_order"
    EMPTY_ORDER = "empty_order"
    LINE_TOTAL_MISMATCH = "line_total_mismatch"


class Finding(StrEnum):
    """What can be wrong with an order; each belongs to one rule.

    The rule on quantities has two findings, since only one of them can be waived.
    """

    NEGATIVE_TOTAL = "negative_total"
    INVALID_NUMBER = "invalid_number"
    QUANTITY_BELOW_ONE = "quantity_below_one"
    FRACTIONAL_QUANTITY = "fractional_quantity"
    NEGATIVE_PRICE = "negative_price"
    INVALID_NAME = "invalid_name"
    DUPLICATE_ORDER = "duplicate_order"
    EMPTY_ORDER = "empty_order"
    LINE_TOTAL_MISMATCH = "line_total_mismatch"

    @property
    def rule(self) -> Rule:
        """The rule that this finding breaks."""
        if self in (Finding.QUANTITY_BELOW_ONE, Finding.FRACTIONAL_QUANTITY):
            return Rule.INVALID_QUANTITY
        return Rule(self.value)


class Action(StrEnum):
    """What a broken rule leads to."""

    REJECT = "reject"
    WARN = "warn"
    IGNORE = "ignore"


_ALWAYS_REJECT = frozenset(
    {
        Finding.INVALID_NUMBER,
        Finding.FRACTIONAL_QUANTITY,
        Finding.INVALID_NAME,
        Finding.DUPLICATE_ORDER,
    }
)
_DEFAULTS = {
    Rule.NEGATIVE_TOTAL: Action.REJECT,
    Rule.INVALID_QUANTITY: Action.REJECT,
    Rule.NEGATIVE_PRICE: Action.REJECT,
    Rule.EMPTY_ORDER: Action.WARN,
    Rule.LINE_TOTAL_MISMATCH: Action.WARN,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many orders show one finding, and the smallest of their ids (ten at most)."""

    count: int
    order_ids: tuple[str, ...]

    def merge(self, other: "Tally") -> "Tally":
        """Return the tally of both sets of orders."""
        return Tally(self.count + other.count, _smallest((*self.order_ids, *other.order_ids)))


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule as it is reported: what it leads to, how many orders, the smallest ids."""

    rule: Rule
    action: Action
    count: int
    orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What each rule leads to, and how far totals and lines may be apart.

    ``tolerance`` is in the currency's main unit. Rules that always reject can't be overridden.
    """

    overrides: Mapping[Rule, Action] = field(default_factory=dict)
    tolerance: Decimal = exact.ZERO

    @staticmethod
    def can_override(rule: Rule) -> bool:
        """Say whether a person may choose what this rule leads to."""
        return rule in _DEFAULTS

    def action_for(self, finding: Finding) -> Action:
        """Return what a finding leads to under these rules."""
        if finding in _ALWAYS_REJECT:
            return Action.REJECT
        return self.overrides.get(finding.rule, _DEFAULTS[finding.rule])

    def judge(self, tallies: Mapping[Finding, Tally]) -> tuple[Violation, ...]:
        """Return the broken rules that are not ignored, in the order of the table of rules."""
        judged: dict[tuple[Rule, Action], Tally] = {}
        for finding in Finding:
            tally = tallies.get(finding)
            action = self.action_for(finding)
            if tally is None or action is Action.IGNORE:
                continue
            key = (finding.rule, action)
            judged[key] = judged[key].merge(tally) if key in judged else tally
        return tuple(
            Violation(rule, action, tally.count, tally.order_ids)
            for (rule, action), tally in judged.items()
        )


def findings_of(order: Order, tolerance: Decimal) -> frozenset[Finding]:
    """Return what is wrong with one order, looked at by itself.

    ``tolerance`` is in the currency's main unit. Signs are judged on finite numbers only, and the
    sum of lines only where every number of the order is finite.
    """
    return frozenset(_findings(order, tolerance))


def _findings(order: Order, tolerance: Decimal) -> Iterator[Finding]:
    total = order.total
    if total is not None and total.is_finite() and total < 0:
        yield Finding.NEGATIVE_TOTAL
    if not order.lines:
        yield Finding.EMPTY_ORDER
    if any(is_blank_name(line.name) for line in order.lines):
        yield Finding.INVALID_NAME
    if any(_has_negative_price(line) for line in order.lines):
        yield Finding.NEGATIVE_PRICE
    yield from _quantity_findings(order.lines)
    if total is None or not order.has_finite_numbers:
        yield Finding.INVALID_NUMBER
        return
    lines_total = exact.total(line.amount for line in order.lines)
    if exact.subtract(total, lines_total).copy_abs() > tolerance:
        yield Finding.LINE_TOTAL_MISMATCH


def _has_negative_price(line: OrderLine) -> bool:
    return line.unit_price is not None and line.unit_price.is_finite() and line.unit_price < 0


def _quantity_findings(lines: tuple[OrderLine, ...]) -> Iterator[Finding]:
    # An order counts for one of the two at most, so that their counts can be added up.
    finite = [q for line in lines if (q := line.quantity) is not None and q.is_finite()]
    if not all(exact.is_whole(quantity) for quantity in finite):
        yield Finding.FRACTIONAL_QUANTITY
    elif any(quantity < 1 for quantity in finite):
        yield Finding.QUANTITY_BELOW_ONE


def tally_duplicates(order_ids: Iterable[str]) -> dict[Finding, Tally]:
    """Return the tally of ids that stand more than once, each of them counted once."""
    repeated = [order_id for order_id, times in Counter(order_ids).items() if times > 1]
    if not repeated:
        return {}
    return {Finding.DUPLICATE_ORDER: Tally(len(repeated), _smallest(repeated))}


def _smallest(order_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(order_ids), key=order_id_rank)[:ORDER_IDS_MAX])
