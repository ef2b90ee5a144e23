#!/usr/bin/env python3
"""Cut the demo's sample orders out of the data set "Pizza Place Sales".

Usage: make_sample_orders.py FOLDER_OF_THE_DATA_SET

It reads orders.csv, order_details.csv, pizzas.csv and pizza_types.csv, and writes one week of them
into the package. The same input gives the same bytes.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from aegis_batch.adapters.outbound.system.time_zones import load_zone

_FIRST_DAY, _LAST_DAY = date(2015, 11, 23), date(2015, 11, 29)
_ZONE = "America/Sao_Paulo"
_TARGET = Path("src/aegis_batch/adapters/outbound/embedded/sample_orders")


def main(source: Path) -> None:
    """Write orders.csv and order_items.csv of the week."""
    times = dict(_times(source))
    items = list(_items(source, times))
    totals = dict.fromkeys(times, Decimal(0))
    for order_id, _name, quantity, unit_price in items:
        totals[order_id] += int(quantity) * Decimal(unit_price)
    orders = [(order_id, placed_at, totals[order_id]) for order_id, placed_at in times.items()]
    _write("orders.csv", ("id", "created_at", "total"), orders)
    _write("order_items.csv", ("order_id", "name", "quantity", "unit_price"), items)


def _times(source: Path) -> Iterator[tuple[str, str]]:
    """Yield the orders of the week: id and instant, as the clock on the wall of the zone has it."""
    zone = load_zone(_ZONE)
    for row in _rows(source / "orders.csv"):
        reading = datetime.strptime(
            f"{row['order_date']} {row['order_time']}", "%d-%m-%Y %H:%M:%S"
        ).replace(tzinfo=zone)
        if _FIRST_DAY <= reading.date() <= _LAST_DAY:
            yield row["order_id"], reading.astimezone(UTC).astimezone(zone).isoformat()


def _items(source: Path, times: dict[str, str]) -> Iterator[tuple[str, str, str, str]]:
    names = {row["Pizza_Type_Id"]: row["Name"] for row in _rows(source / "pizza_types.csv")}
    pizzas = {row["Pizza_Id"]: row for row in _rows(source / "pizzas.csv")}
    for row in _rows(source / "order_details.csv"):
        if row["Order_Id"] in times:
            pizza = pizzas[row["Pizza_Id"]]
            name = names[pizza["Pizza_Type_Id"]]
            yield row["Order_Id"], name, row["Quantity"], pizza["Price"]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="cp1252", newline="") as file:
        yield from csv.DictReader(file)


def _write(name: str, heading: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with (_TARGET / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
