"""What every way has to find out about a day, so that a fast way can't be a wrong one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = [
    "Figures",
    "figures_of_close",
    "figures_of_json",
    "figures_of_psql",
    "figures_of_report",
]

_TOP_ITEMS = 10
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Figures:
    """A day's orders, revenue and top items, largest quantity first, then by name."""

    orders: int
    revenue: Decimal
    top_items: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, orders: int, revenue: Decimal, quantities: Mapping[str, int]) -> "Figures":
        """Rank quantities by name and round the revenue."""
        ranked = sorted(quantities.items(), key=lambda item: (-item[1], item[0]))
        return cls(orders, revenue.quantize(_CENT), tuple(ranked[:_TOP_ITEMS]))

    def as_json(self) -> str:
        """Return the form in which the bench's own scripts print figures."""
        return json.dumps([self.orders, str(self.revenue), self.top_items])


def figures_of_json(output: str) -> Figures:
    """Read what the bench's own scripts print."""
    orders, revenue, top_items = json.loads(output)
    return Figures(orders, Decimal(revenue), _pairs(top_items))


def figures_of_close(output: str) -> Figures:
    """Read what ``close --output json`` prints; broken orders are none of the day's figures."""
    result = json.loads(output, parse_float=Decimal)
    if result["outcome"] not in ("dry_run", "created") or result["violations"]:
        raise ValueError(result["outcome"], result["violations"])
    return _figures_of(result["report"])


def figures_of_report(text: str) -> Figures:
    """Read a report as the Backend has it."""
    return _figures_of(json.loads(text, parse_float=Decimal))


def _figures_of(report: Mapping[str, Any]) -> Figures:
    top_items = ((item["name"], item["qty"]) for item in report["topItems"])
    return Figures(report["totalOrders"], Decimal(report["totalRevenue"]), _pairs(top_items))


def figures_of_psql(output: str) -> Figures:
    """Read what psql prints of the SQL files: sums, then top items, then broken orders if any."""
    sums, *rows = (line.split("|") for line in output.splitlines())
    broken = [row for row in rows if row[0] == "broken"]
    if broken:
        raise ValueError(broken)
    return Figures(int(sums[0]), Decimal(sums[1]), _pairs((name, int(qty)) for name, qty in rows))


def _pairs(items: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple((name, int(quantity)) for name, quantity in items)
