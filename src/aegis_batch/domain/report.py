"""The report: what the Backend receives, and how two of them are compared.

Source: the payload of ``spec/1`` and the schemas of ``contract/backend.yaml``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.totals import Totals, normal_name

__all__ = ["Difference", "Report", "StoredReport", "TopItem", "digest_of_body"]

# Far more orders than there are, and few enough digits to be written out.
_COUNT_LIMIT = 10**18


@dataclass(frozen=True, slots=True)
class TopItem:
    """An item and the net quantity sold of it."""

    name: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two reports differ, with both values as text."""

    field: str
    derived: str
    stored: str

    def __str__(self) -> str:
        """Return the difference as a clause of a sentence."""
        return f"{self.field} is {self.derived} here and {self.stored} at the Backend"


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
            return cls(
                report_date=date.fromisoformat(fields["reportDate"]),
                total_orders=int(fields["totalOrders"]),
                total_revenue=Decimal(fields["totalRevenue"]),
                top_items=tuple(
                    TopItem(item["name"], Decimal(item["qty"])) for item in fields["topItems"]
                ),
            )
        except (LookupError, TypeError, ArithmeticError, RecursionError) as error:
            raise ValueError("no body of a report") from error

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
class StoredReport:
    """A report as a Backend or a table gives it back; only the date is sure to be there.

    Its figures are finite, and whatever numbers the source chose to write.
    """

    report_date: date
    total_orders: Decimal | None = None
    total_revenue: Decimal | None = None
    top_items: tuple[TopItem, ...] | None = None

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
        field that is missing here is passed over.
        """
        pairs: list[tuple[str, str, str]] = []
        if self.report_date != derived.report_date:
            pairs.append(
                ("reportDate", derived.report_date.isoformat(), self.report_date.isoformat())
            )
        if self.total_orders is not None and self.total_orders != derived.total_orders:
            pairs.append(("totalOrders", str(derived.total_orders), str(self.total_orders)))
        if self.total_revenue is not None and self.total_revenue != derived.total_revenue:
            pairs.append(("totalRevenue", str(derived.total_revenue), str(self.total_revenue)))
        if self.top_items is not None and _comparable(self.top_items) != _comparable(
            derived.top_items
        ):
            pairs.append(("topItems", _items_text(derived.top_items), _items_text(self.top_items)))
        return tuple(Difference(*pair) for pair in pairs)


def _top_items(items: Mapping[str, Decimal], top_items_max: int) -> tuple[TopItem, ...]:
    sold = (TopItem(name, quantity) for name, quantity in items.items() if quantity >= 1)
    # Not ``-quantity``: the minus sign rounds to the digits of the thread's own context.
    ranked = sorted(sold, key=lambda item: (item.quantity.copy_negate(), item.name))
    return tuple(ranked[:top_items_max])


def _is_count(number: Decimal) -> bool:
    return 0 <= number < _COUNT_LIMIT and exact.is_whole(number)


def _comparable(items: tuple[TopItem, ...]) -> list[tuple[str, Decimal]]:
    return sorted((normal_name(item.name), item.quantity) for item in items)


def _items_text(items: tuple[TopItem, ...]) -> str:
    return "[" + ", ".join(f"{item.name} x {item.quantity}" for item in items) + "]"


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
