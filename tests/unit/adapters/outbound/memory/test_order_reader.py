"""Orders in memory: what counts for a window, and which files of orders are good."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import (
    InMemoryOrderReader,
    JsonOrderReader,
    PlacedOrder,
    orders_from_json,
)
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.errors import OrdersMisfit
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals

_START = datetime(2026, 11, 21, 3, tzinfo=UTC)
_END = datetime(2026, 11, 22, 3, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WINDOW = Window(
    day=date(2026, 11, 21),
    start=_START,
    end=_END,
    wall_start=_START.replace(hour=0, tzinfo=None),
    wall_end=_END.replace(hour=0, tzinfo=None),
)


def _placed(order_id: str, at: datetime, *, status: str | None = None) -> PlacedOrder:
    line = OrderLine("Soup", Decimal(1), Decimal(5))
    return PlacedOrder(at, Order(order_id, Decimal("5.01"), (line,)), status)


def _read(reader: InMemoryOrderReader, tolerance: Decimal = Decimal("0.01")) -> Totals:
    return Totals.sum(reader.read(SINGLE, _WINDOW, tolerance).parts)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    moments = [_START - _MICROSECOND, _START, _END - _MICROSECOND, _END]
    reader = InMemoryOrderReader(_placed(str(n), at) for n, at in enumerate(moments))

    assert _read(reader).orders == 2


def test_there_is_a_part_for_each_order_and_one_for_ids_that_stand_twice() -> None:
    reader = InMemoryOrderReader([_placed("1", _START), _placed("2", _START), _placed("1", _START)])

    parts = reader.read(SINGLE, _WINDOW, Decimal(1)).parts

    assert len(parts) == 4
    assert Totals.sum(parts).tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("1",))}


def test_an_id_that_stands_twice_in_different_windows_is_none_that_stands_twice_in_one() -> None:
    reader = InMemoryOrderReader([_placed("1", _START), _placed("1", _END)])

    assert _read(reader).tallies == {}


def test_the_tolerance_decides_about_totals_and_lines() -> None:
    reader = InMemoryOrderReader([_placed("1", _START)])

    assert _read(reader).tallies == {}
    assert set(_read(reader, Decimal(0)).tallies) == {Finding.LINE_TOTAL_MISMATCH}


def test_only_orders_of_the_named_statuses_count() -> None:
    orders = [
        _placed("1", _START, status="paid"),
        _placed("2", _START, status="sent"),
        _placed("3", _START, status="draft"),
        _placed("4", _START),
    ]

    assert _read(InMemoryOrderReader(orders)).orders == 4
    assert _read(InMemoryOrderReader(orders, ["paid", "sent"])).orders == 2


def test_a_snapshot_is_known_by_what_it_holds() -> None:
    one, other = _placed("1", _START), _placed("2", _START)

    def snapshot(*orders: PlacedOrder) -> str:
        return InMemoryOrderReader(orders).read(SINGLE, _WINDOW, Decimal(0)).snapshot

    assert snapshot(one, other) == snapshot(other, one)
    assert len({snapshot(), snapshot(one), snapshot(one, one), snapshot(one, other)}) == 4


def _file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _entry(**changes: object) -> dict[str, object]:
    return {
        "id": "17",
        "placedAt": "2026-11-21T12:30:00-03:00",
        "total": 41.00,
        "status": "paid",
        "items": [{"name": "Soup", "quantity": 2, "unitPrice": 20.50}],
    } | changes


def test_a_file_of_orders_is_read(tmp_path: Path) -> None:
    assert orders_from_json(_file(tmp_path, [_entry()])) == [
        PlacedOrder(
            datetime(2026, 11, 21, 15, 30, tzinfo=UTC),
            Order("17", Decimal("41.0"), (OrderLine("Soup", Decimal(2), Decimal("20.5")),)),
            "paid",
        )
    ]
    assert orders_from_json(_file(tmp_path, [])) == []


def test_an_order_of_a_file_is_of_the_tenant_that_it_names(tmp_path: Path) -> None:
    reader = JsonOrderReader(_file(tmp_path, [_entry(tenant="a"), _entry(id="18")]))

    readings = reader.read_each(("a", "b", SINGLE), _WINDOW, Decimal(0))

    read = {tenant: Totals.sum(reading.parts).orders for tenant, reading in readings.items()}
    assert read == {"a": 1, "b": 0, SINGLE: 1}


def test_numbers_of_a_file_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text(
        '[{"id": "1", "placedAt": "2026-11-21T12:30:00Z", "total": 0.1000000000000000000000000001,'
        ' "items": [{"name": "a", "quantity": "3.00", "unitPrice": "1000000000000000000000.01"}]}]',
        encoding="utf-8",
    )

    [placed] = orders_from_json(path)

    assert placed.order.total == Decimal("0.1000000000000000000000000001")
    assert placed.order.lines == (OrderLine("a", Decimal(3), Decimal("1000000000000000000000.01")),)


def test_an_order_without_a_total_is_priced_by_its_lines(tmp_path: Path) -> None:
    entry = _entry()
    del entry["total"]
    del entry["status"]

    [placed] = orders_from_json(_file(tmp_path, [entry]))

    assert (placed.order.total, placed.status) == (Decimal(41), None)


def test_what_is_missing_or_no_number_is_left_to_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text(
        '[{"id": 17, "placedAt": "2026-11-21T12:30:00Z", "total": null, "status": null,'
        ' "items": [{"name": null, "quantity": NaN, "unitPrice": -Infinity}]}]',
        encoding="utf-8",
    )

    [placed] = orders_from_json(path)

    assert set(Totals.of(placed.order).tallies) == {Finding.INVALID_NUMBER, Finding.INVALID_NAME}
    assert (placed.order.id, placed.order.total, placed.status) == ("17", None, None)


def _item(**changes: object) -> list[dict[str, object]]:
    return [{"name": "Soup", "quantity": 2, "unitPrice": 20.50} | changes]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        17,
        "order",
        [],
        {},
        *({key: value for key, value in _entry().items() if key != gone}
          for gone in ("id", "placedAt", "items")),
        _entry(id=None),
        _entry(tenant=None),
        _entry(tenant=17),
        _entry(id=True),
        _entry(id=1.5),
        _entry(id=1e3),
        _entry(id=[1]),
        _entry(id="\ud800"),
        _entry(placedAt=None),
        _entry(placedAt=1_700_000_000),
        _entry(placedAt="yesterday"),
        _entry(placedAt="2026-13-01T00:00:00Z"),
        _entry(total=True),
        _entry(total="much"),
        _entry(total=[]),
        _entry(total="1e131072"),
        _entry(total="1e-16384"),
        _entry(total="1e9999999999999999999"),
        _entry(status=1),
        _entry(status="\udfff"),
        _entry(items=None),
        _entry(items={}),
        _entry(items=""),
        _entry(items="Soup"),
        _entry(items=[None]),
        _entry(items=[[]]),
        _entry(items=[{}]),
        _entry(items=_item(name=5)),
        _entry(items=_item(name="\ud800")),
        _entry(items=_item(quantity=False)),
        _entry(items=_item(quantity="two")),
        _entry(items=_item(quantity="1e400000")),
        _entry(items=_item(unitPrice={})),
    ],
)  # fmt: skip
def test_an_order_of_another_form_is_refused_by_its_number(tmp_path: Path, entry: object) -> None:
    with pytest.raises(OrdersMisfit, match="an order \\(number 2\\)") as caught:
        orders_from_json(_file(tmp_path, [_entry(), entry]))

    assert caught.value.code == "memory_orders_unusable"


def test_a_time_without_an_offset_is_refused(tmp_path: Path) -> None:
    entry = _entry(placedAt="2026-11-21T12:30:00")

    with pytest.raises(OrdersMisfit, match="number 1\\) whose placedAt names no offset"):
        orders_from_json(_file(tmp_path, [entry]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1,]",
        b"\xff\xfe[]",
        b'["\xe9"]',
        b"[" * 100_000,
        b"[1e9999999999999999999999]",
    ],
    ids=["empty", "cut off", "comma", "UTF-16", "Latin-1", "deep", "wide"],
)
def test_a_file_that_is_no_json_in_utf8_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(content)

    with pytest.raises(OrdersMisfit, match="is not JSON in UTF-8"):
        orders_from_json(path)


@pytest.mark.parametrize("content", [{}, "orders", None, 5, {"orders": []}])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(OrdersMisfit, match="is not a list of orders"):
        orders_from_json(_file(tmp_path, content))


def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrdersMisfit, match="FileNotFoundError"):
        orders_from_json(tmp_path / "missing.json")
    with pytest.raises(OrdersMisfit, match="IsADirectoryError"):
        orders_from_json(tmp_path)


def test_a_refusal_shows_nothing_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OrdersMisfit) as caught:
        orders_from_json(_file(tmp_path, [_entry(total="a secret")]))

    assert "a secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_is_read_anew_for_each_window(tmp_path: Path) -> None:
    reader = JsonOrderReader(_file(tmp_path, [_entry()]), ["paid"])
    before = Totals.sum(reader.read(SINGLE, _WINDOW, Decimal(0)).parts)

    _file(tmp_path, [_entry(), _entry(id="18"), _entry(id="19", status="draft")])
    after = Totals.sum(reader.read(SINGLE, _WINDOW, Decimal(0)).parts)

    assert (before.orders, after.orders) == (1, 2)
