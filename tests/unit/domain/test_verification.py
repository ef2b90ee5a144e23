"""What changed in a period since it was sealed, to the last cent and the last item."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain import exact
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import ITEM_CHANGES_MAX, Change, ItemChange, Verdict

_ITEMS = [f"item {number}" for number in range(ITEM_CHANGES_MAX)]
_amounts = st.decimals(0, 10**30, places=2, allow_nan=False)
_lines = st.builds(
    OrderLine, st.sampled_from(_ITEMS), st.integers(1, 10**30).map(Decimal), _amounts
)
_orders = st.lists(
    st.builds(Order, st.uuids().map(str), _amounts, st.lists(_lines, max_size=4).map(tuple)),
    max_size=5,
)


def _totals(*orders: Order) -> Totals:
    return Totals.sum(map(Totals.of, orders))


def _summed(orders: list[Order]) -> Counter[str]:
    """Add up quantities as whole numbers, in a way of its own."""
    sums: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            assert line.name is not None
            assert line.quantity is not None
            sums[line.name] += int(line.quantity)
    return sums


def _cents(orders: list[Order]) -> int:
    return sum(int(exact.multiply(order.total or exact.ZERO, Decimal(100))) for order in orders)


@given(kept=_orders, gone=_orders, late=_orders)
def test_a_change_is_what_came_less_what_went(
    kept: list[Order], gone: list[Order], late: list[Order]
) -> None:
    # A changed order is one that went and another that came.
    change = Change.between(_totals(*kept, *gone), _totals(*kept, *late))

    items = _summed(late)
    items.subtract(_summed(gone))
    if change is None:
        assert (len(late), _cents(late)) == (len(gone), _cents(gone))
        assert set(items.values()) <= {0}
        return
    assert change.orders == len(late) - len(gone)
    assert change.lines == sum(len(order.lines) for order in late) - sum(
        len(order.lines) for order in gone
    )
    assert int(exact.multiply(change.revenue, Decimal(100))) == _cents(late) - _cents(gone)
    assert change.items_left_out == 0
    told = {item.name: int(item.difference) for item in change.items if item.difference}
    assert told == {name: count for name, count in items.items() if count}
    sizes = [abs(int(item.difference)) for item in change.items]
    assert sizes == sorted(sizes, reverse=True)


def test_equal_totals_are_no_change_however_they_are_written() -> None:
    assert (
        Change.between(
            Totals(orders=1, revenue=Decimal("1.50"), items={"Tea": Decimal("2.0")}),
            Totals(orders=1, revenue=Decimal("1.5"), items={"Tea": Decimal(2)}),
        )
        is None
    )


def test_an_item_that_nets_to_nothing_is_told_where_it_came_or_went() -> None:
    change = Change.between(Totals(items={"Tea": Decimal(0)}), Totals())

    assert change is not None
    assert change.items == (ItemChange("Tea", Decimal(0), Decimal(0)),)


def test_the_items_that_changed_most_are_told_and_the_others_counted() -> None:
    sealed = {f"item {number:02}": Decimal(number) for number in range(1, 14)}
    change = Change.between(Totals(items=sealed), Totals(items={"item 99": Decimal(13)}))

    assert change is not None
    assert [item.name for item in change.items] == [
        "item 13",
        "item 99",
        *(f"item {number:02}" for number in range(12, 4, -1)),
    ]
    assert change.items_left_out == 4


@pytest.mark.parametrize("verdict", Verdict)
def test_a_period_is_off_where_it_is_known_to_be_another(verdict: Verdict) -> None:
    assert verdict.is_off is (verdict not in {Verdict.EQUAL, Verdict.UNKNOWN})
