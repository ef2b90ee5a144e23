"""One closed period, looked at again: the verdict, and exactly what is off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.application.verification_text import found_lines
from aegis_batch.domain.errors import BackendUnavailable, StateMisfit
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, SealedReport, SealLink
from aegis_batch.domain.verification import Change, ItemChange, Verdict, Verification
from tests.unit.application.closed_days import FIRST, ClosedDays, key_of, order_of

RUN = Run("run-v", "2" * 32, key_of(FIRST))
ZERO = Decimal(0)


def test_a_day_that_is_as_it_was_closed_is_equal() -> None:
    days = ClosedDays()
    sealed = days.sealed(FIRST)
    assert sealed is not None

    found = days.look(FIRST)

    assert (found.verdict, found.seal_digest) == (Verdict.EQUAL, sealed.digest)
    assert (found.change, found.differences, found.problem) == (None, (), None)
    assert found_lines(found) == []


def test_an_order_dated_back_is_told_to_the_cent() -> None:
    days = ClosedDays()
    days.date_back(FIRST, "late")

    found = days.look(FIRST)

    assert found.verdict is Verdict.CHANGED
    assert found.change == Change(
        orders_sealed=2,
        orders_present=3,
        lines_sealed=2,
        lines_present=3,
        revenue_sealed=Decimal("20.00"),
        revenue_present=Decimal("27.50"),
        items=(ItemChange("Soup", ZERO, Decimal(1)),),
    )
    assert found_lines(found) == [
        "orders: 3 now, 2 when it was sealed (+1)",
        "lines: 3 now, 2 when it was sealed (+1)",
        "revenue: 27.5 now, 20 when it was sealed (+7.5)",
        "item Soup: 1 now, 0 when it was sealed (+1)",
    ]


def test_a_changed_and_a_deleted_order_are_told_too() -> None:
    days = ClosedDays()
    days.change("0-0", "9.99")
    days.delete("1-0")

    changed, deleted = days.look(FIRST), days.look(FIRST + timedelta(days=1))

    assert found_lines(changed) == ["revenue: 19.99 now, 20 when it was sealed (-0.01)"]
    assert found_lines(deleted) == [
        "orders: 1 now, 2 when it was sealed (-1)",
        "lines: 1 now, 2 when it was sealed (-1)",
        "revenue: 10 now, 20 when it was sealed (-10)",
        "item Tea: 1 now, 2 when it was sealed (-1)",
    ]


def test_many_items_are_told_by_the_largest_and_a_count_of_the_rest() -> None:
    days = ClosedDays()
    days.reader.orders += [order_of(FIRST, f"n{number}", "1", f"i{number}") for number in range(14)]

    assert found_lines(days.look(FIRST))[-1] == "and 4 more items"


def test_a_report_that_the_backend_lost_is_missing() -> None:
    days = ClosedDays()
    del days.backend.stored[key_of(FIRST)]

    found = days.look(FIRST)

    assert found.verdict is Verdict.MISSING
    assert found_lines(found) == ["the Backend has no report of it"]


def test_a_backend_with_another_report_than_was_sealed_is_in_conflict() -> None:
    days = ClosedDays()
    stored = days.backend.stored[key_of(FIRST)]
    days.backend.stored[key_of(FIRST)] = replace(stored, total_orders=Decimal(5))
    days.date_back(FIRST, "late")

    found = days.look(FIRST)

    assert found.verdict is Verdict.CONFLICT
    assert [each.field for each in found.differences] == ["totalOrders"]
    # What else is off stands beside it.
    assert found.change is not None
    assert found_lines(found)[0] == "totalOrders is 2 here and 5 at the Backend"


def test_settings_that_give_another_report_of_the_same_orders_are_a_conflict() -> None:
    days = ClosedDays()
    days.settle(currency_decimals=0, top_items_max=0)

    found = days.look(FIRST)

    assert (found.verdict, found.change) == (Verdict.CONFLICT, None)
    assert [each.field for each in found.differences] == ["topItems"]


def test_without_a_seal_the_orders_and_the_backend_are_compared() -> None:
    days = ClosedDays()
    days.forget_seals()
    assert days.look(FIRST).verdict is Verdict.EQUAL
    days.date_back(FIRST, "late")

    found = days.look(FIRST)

    assert (found.verdict, found.seal_digest, found.change) == (Verdict.CONFLICT, None, None)
    assert {each.field for each in found.differences} == {
        "totalOrders",
        "totalRevenue",
        "topItems",
    }


@pytest.mark.parametrize("has_seals", [True, False])
def test_orders_that_break_a_rule_now_are_rejected_and_named(has_seals: bool) -> None:  # noqa: FBT001 - a table's row
    days = ClosedDays()
    if not has_seals:
        days.forget_seals()
    days.reader.orders.append(order_of(FIRST, "bad", "-1"))

    found = days.look(FIRST)

    assert found.verdict is Verdict.REJECTED
    assert found.problem is not None
    assert "order bad" in found.problem.message
    assert "orders_rejected" in found_lines(found)[0]
    assert (found.change is not None) is has_seals


def test_where_nobody_can_be_asked_the_seal_alone_counts() -> None:
    days = ClosedDays()
    days.backend.can_find = False
    assert days.look(FIRST).verdict is Verdict.EQUAL
    found = days.verifying(without_backend=True).verify(RUN, days.sealed(FIRST))
    assert found is not None
    assert found.verdict is Verdict.EQUAL
    days.forget_seals()

    found = days.look(FIRST)

    assert found.verdict is Verdict.UNKNOWN
    assert found.problem is not None
    assert found.problem.code == "nothing_to_compare"


def test_a_day_that_may_not_be_closed_is_left_alone_where_the_backend_has_no_report() -> None:
    days = ClosedDays()
    verifying = days.verifying()
    assert verifying.verify(RUN, None, is_closed=False) is not None
    days.backend.stored.clear()

    assert verifying.verify(RUN, days.sealed(FIRST), is_closed=False) is None


def test_a_backend_that_is_away_is_an_error() -> None:
    days = ClosedDays()
    days.backend.find_faults.append(BackendUnavailable("timeout", "It is away.", "Wait."))

    with pytest.raises(BackendUnavailable):
        days.look(FIRST)


def test_a_seal_that_holds_no_report_is_a_misfit_of_the_state() -> None:
    days = ClosedDays()
    with days.state.turn() as turn:
        link = turn.seals.newest_of(key_of(FIRST))
        assert link is not None
        sealed = SealedReport(link.sealed.seal, link.sealed.totals, "{}")
        turn.seals.add(
            SealLink(
                number=99,
                key=key_of(FIRST),
                run_id="by hand",
                outcome=Outcome.CREATED,
                sealed_at=link.sealed_at,
                previous=FIRST_PREVIOUS,
                sealed=sealed,
            )
        )

    with pytest.raises(StateMisfit, match="holds no report"):
        days.look(FIRST)


def test_the_same_finding_is_known_again_and_another_is_not() -> None:
    days = ClosedDays()
    days.date_back(FIRST, "late")
    first = days.look(FIRST)
    days.clock.advance(timedelta(days=1))
    again = days.look(FIRST)
    days.date_back(FIRST, "later")
    other = days.look(FIRST)
    days.delete("late")
    days.delete("later")
    days.reader.orders.append(order_of(FIRST, "bad", "-1"))

    assert again.verified_at > first.verified_at
    assert again.finding() == first.finding() != other.finding()
    assert days.look(FIRST).finding() not in (first.finding(), other.finding())


_amounts = st.decimals(0, 10**15, places=2, allow_nan=False)
_lines = st.lists(
    st.builds(
        OrderLine,
        st.sampled_from(["Tea", "Soup", "Chá"]),
        st.integers(1, 99).map(Decimal),
        _amounts,
    ),
    max_size=3,
).map(tuple)


@st.composite
def _a_history(
    draw: st.DrawFn,
) -> tuple[list[PlacedOrder], list[PlacedOrder], list[PlacedOrder]]:
    """Return the orders that stay, those that go, and those that come."""
    orders = draw(st.lists(st.tuples(_amounts, _lines), max_size=8))
    placed = [
        PlacedOrder(datetime(2026, 11, 16, 15, tzinfo=UTC), Order(str(number), total, lines))
        for number, (total, lines) in enumerate(orders)
    ]
    fates = draw(st.lists(st.sampled_from("sgc"), min_size=len(placed), max_size=len(placed)))
    groups = {
        fate: [it for it, its_fate in zip(placed, fates, strict=True) if its_fate == fate]
        for fate in "sgc"
    }
    return groups["s"], groups["g"], groups["c"]


def _sums(orders: list[PlacedOrder]) -> tuple[int, Decimal, dict[str, Decimal]]:
    items: dict[str, Decimal] = {}
    for placed in orders:
        for line in placed.order.lines:
            assert line.name is not None
            assert line.quantity is not None
            items[line.name] = items.get(line.name, ZERO) + line.quantity
    return len(orders), sum((placed.order.total or ZERO for placed in orders), ZERO), items


@given(history=_a_history())
def test_late_changed_and_deleted_orders_give_exactly_the_difference(
    history: tuple[list[PlacedOrder], list[PlacedOrder], list[PlacedOrder]],
) -> None:
    stay, go, come = history
    days = ClosedDays(days=0)
    days.backend.takes_reports = True
    days.reader.orders = stay + go
    days.close(FIRST)
    days.backend.takes_reports = False
    days.reader.orders = stay + come

    found: Verification = days.look(FIRST)

    gone, came = _sums(go), _sums(come)
    items = {
        name: came[2].get(name, ZERO) - gone[2].get(name, ZERO) for name in {*came[2], *gone[2]}
    }
    if found.change is None:
        assert found.verdict is Verdict.EQUAL
        assert came[:2] == gone[:2]
        assert not any(items.values())
        return
    assert found.verdict is Verdict.CHANGED
    assert (found.change.orders, found.change.revenue) == (came[0] - gone[0], came[1] - gone[1])
    told = {item.name: item.difference for item in found.change.items if item.difference}
    assert told == {name: count for name, count in items.items() if count}
