"""The report: what the Backend receives, and how two of them are compared.

Source: the payload of ``spec/1`` and the schemas of ``contract/backend.yaml``.
"""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.printable import around_difference, printable
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.totals import Totals, normal_name

__all__ = [
    "AlteredBody",
    "AlteredItem",
    "Difference",
    "Report",
    "StoredReport",
    "TopItem",
    "digest_of_body",
]

# Far more orders than there are, and few enough digits to be written out.
_COUNT_LIMIT = 10**18
_ONE = Decimal(1)
# Of a value in a sentence: enough for two digests.
_VALUE_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class TopItem:
    """An item and the net quantity sold of it."""

    name: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two reports differ, with both values as text.

    Of a list, the text has the entries that the other one lacks, and how many they share.
    """

    field: str
    derived: str
    stored: str

    def __str__(self) -> str:
        """Return the difference as a clause of a sentence."""
        return self.told_of(ReportKeeper.BACKEND)

    def told_of(self, keeper: ReportKeeper) -> str:
        """Return it as a clause that names who holds the stored report."""
        return self.told("here", keeper.place)

    def told(self, here: str, there: str) -> str:
        """Return it as a clause that is safe to show, and says where each value is.

        Long values are cut so that what differs stays.
        """
        derived, stored = around_difference(
            printable(self.derived), printable(self.stored), _VALUE_CHARACTERS_MAX
        )
        return f"{self.field} is {derived} {here} and {stored} {there}"


@dataclass(frozen=True, slots=True)
class Report:
    """A derived report; ``total_revenue`` is rounded to the currency's decimals."""

    report_date: date
    total_orders: int
    total_revenue: Decimal
    top_items: tuple[TopItem, ...]

    @classmethod
    def derive(
        cls, report_date: date, totals: Totals, *, top_items_max: int, currency_decimals: int
    ) -> "Report":
        """Derive the report of consistent totals; here is the only rounding there is."""
        return cls(
            report_date=report_date,
            total_orders=totals.orders,
            total_revenue=exact.round_half_even(totals.revenue, currency_decimals),
            top_items=_top_items(totals.items, top_items_max),
        )

    @classmethod
    def of_body(cls, body: str) -> "Report":
        """Return the report that a body was written from; ``ValueError`` where it was from none."""
        try:
            fields = json.loads(body, parse_float=Decimal, parse_int=Decimal)
            orders, revenue = Decimal(fields["totalOrders"]), Decimal(fields["totalRevenue"])
            report_date = date.fromisoformat(fields["reportDate"])
            items = tuple(
                TopItem(_text(item["name"]), Decimal(item["qty"])) for item in fields["topItems"]
            )
        except (LookupError, TypeError, ArithmeticError, RecursionError) as error:
            raise ValueError("no body of a report") from error
        # Before anything is written out: a few letters can name a number of a thousand million.
        if not (_is_count(orders) or orders == _COUNT_LIMIT) or not all(
            map(_is_amount, (revenue, *(i.quantity for i in items)))
        ):
            raise ValueError("no body of a report")
        return cls(report_date, int(orders), revenue, items)

    @property
    def decimals(self) -> int:
        """How many decimals its revenue has, which are the currency's."""
        exponent = self.total_revenue.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    def body(self) -> bytes:
        """Return the bytes to send: compact UTF-8 JSON with the keys in the contract's order."""
        items = ",".join(
            f'{{"name":{_json_text(item.name)},"qty":{exact.canonical(item.quantity)}}}'
            for item in self.top_items
        )
        return (
            f'{{"reportDate":"{self.report_date.isoformat()}",'
            f'"totalOrders":{self.total_orders},'
            f'"totalRevenue":{self.total_revenue:f},'
            f'"topItems":[{items}]}}'
        ).encode()

    def digest(self) -> str:
        """Return ``sha256:`` and the digest of the body's bytes."""
        return digest_of_body(self.body().decode())


def digest_of_body(body: str) -> str:
    """Return ``sha256:`` and the digest of a body's bytes."""
    return "sha256:" + hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AlteredBody:
    """A body that somebody changed: its digest now, and the one that stands beside it."""

    digest: str
    kept_digest: str

    def __str__(self) -> str:
        """Return both digests as a value of a difference."""
        if self.digest == self.kept_digest:
            return f"{self.digest}, altered by hand together with the digest beside it"
        return f"{self.digest}, altered by hand (the digest beside it is {self.kept_digest})"


@dataclass(frozen=True, slots=True)
class AlteredItem:
    """An item of a list that somebody changed: its rank, its digest now, and the one beside it."""

    rank: int
    digest: str
    kept_digest: str


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as a Backend or a table gives it back; only the date is sure to be there.

    Its figures are finite, and whatever numbers the source chose to write. ``revision`` counts
    from 1 where former reports of the period are kept. ``altered`` says how its body is no longer
    the one that was kept; ``None`` where its digest doesn't tell, or where no body is kept. Where
    one is, ``body`` is the report that it says. ``altered_items`` are those that no longer fit a
    digest that is kept beside each.
    """

    report_date: date
    total_orders: Decimal | None = None
    total_revenue: Decimal | None = None
    top_items: tuple[TopItem, ...] | None = None
    revision: int | None = None
    altered: "AlteredBody | None" = None
    body: Report | None = None
    altered_items: tuple[AlteredItem, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether what is kept beside the figures is as it was, and a body says the same."""
        if self.altered is not None or self.altered_items:
            return False
        return self.body is None or not self.differences(self.body)

    @classmethod
    def of(cls, report: Report) -> "StoredReport":
        """Return a report in the form in which it would be given back."""
        return cls(
            report_date=report.report_date,
            total_orders=Decimal(report.total_orders),
            total_revenue=report.total_revenue,
            top_items=report.top_items,
        )

    @property
    def is_complete(self) -> bool:
        """Whether all four fields of a report are there."""
        return None not in (self.total_orders, self.total_revenue, self.top_items)

    def as_report(self, currency_decimals: int) -> Report | None:
        """Return it in the form of a derived report.

        ``None`` where a field is missing, or holds a number that no report could.
        """
        if self.total_orders is None or self.total_revenue is None or self.top_items is None:
            return None
        amounts = (self.total_revenue, *(item.quantity for item in self.top_items))
        if not _is_count(self.total_orders) or not all(map(exact.is_within_bounds, amounts)):
            return None
        rounded = exact.round_half_even(self.total_revenue, currency_decimals)
        revenue = rounded if rounded == self.total_revenue else self.total_revenue
        return Report(self.report_date, int(self.total_orders), revenue, self.top_items)

    def differences(self, derived: Report) -> tuple[Difference, ...]:
        """Return in which fields a derived report differs from this one.

        Figures are compared as numbers, items without regard to the order of their list, and a
        field that is missing here is passed over. A body or an item that was altered differs from
        any report, and so do figures that are the same beside a body that says others.
        """
        pairs = self._different_figures(derived)
        altered = self.altered
        if not pairs and self.body is not None and StoredReport.of(self.body).differences(derived):
            # Nothing tells whether it was the body that somebody changed, but it is not the report.
            altered = AlteredBody(self.body.digest(), self.body.digest())
        if altered is not None:
            pairs.append(("body", derived.digest(), str(altered)))
        if self.altered_items:
            pairs.append(("itemDigest", *_altered_text(self.altered_items)))
        return tuple(Difference(*pair) for pair in pairs)

    def _different_figures(self, derived: Report) -> list[tuple[str, str, str]]:
        pairs: list[tuple[str, str, str]] = []
        if self.report_date != derived.report_date:
            pairs.append(
                ("reportDate", derived.report_date.isoformat(), self.report_date.isoformat())
            )
        if self.total_orders is not None and self.total_orders != derived.total_orders:
            pairs.append(("totalOrders", str(derived.total_orders), str(self.total_orders)))
        if self.total_revenue is not None and self.total_revenue != derived.total_revenue:
            pairs.append(("totalRevenue", str(derived.total_revenue), str(self.total_revenue)))
        if self.top_items is not None:
            here, there = (
                Counter(map(_compared, derived.top_items)),
                Counter(map(_compared, self.top_items)),
            )
            if here != there:
                shared = (here & there).total()
                pairs.append(
                    (
                        "topItems",
                        _items_text(derived.top_items, there, shared),
                        _items_text(self.top_items, here, shared),
                    )
                )
        return pairs


def _top_items(items: Mapping[str, Decimal], top_items_max: int) -> tuple[TopItem, ...]:
    # Not ``-quantity``: the minus sign rounds to the digits of the thread's own context.
    sold = ((quantity.copy_negate(), name) for name, quantity in items.items() if quantity >= _ONE)
    ranked = heapq.nsmallest(top_items_max, sold)
    return tuple(TopItem(name, items[name]) for _, name in ranked)


def _is_count(number: Decimal) -> bool:
    return number.is_finite() and 0 <= number < _COUNT_LIMIT and exact.is_whole(number)


def _is_amount(number: Decimal) -> bool:
    return number.is_finite() and exact.is_within_bounds(number)


def _compared(item: TopItem) -> tuple[str, Decimal]:
    return normal_name(item.name), item.quantity


def _items_text(
    items: tuple[TopItem, ...], others: Counter[tuple[str, Decimal]], shared: int
) -> str:
    """Return those of a list's items that another list lacks, and how many both have."""
    left = others.copy()
    told = []
    for item in items:
        compared = _compared(item)
        if left[compared] > 0:
            left[compared] -= 1
        else:
            told.append(f"{item.name} x {item.quantity}")
    if shared:
        told.append(f"{shared} that {'is' if shared == 1 else 'are'} in both")
    return f"[{', '.join(told)}]"


def _altered_text(items: tuple[AlteredItem, ...]) -> tuple[str, str]:
    first = items[0]
    more = f", and {len(items) - 1} more" if len(items) > 1 else ""
    return f"{first.digest} (rank {first.rank})", f"{first.kept_digest}, altered by hand{more}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
