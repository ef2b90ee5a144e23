"""One closed period, looked at again: the verdict, and exactly what is off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verifying import Sealed
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.errors import BackendUnavailable
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.report import AlteredBody
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal_link import SealedReport, SealLink, digest_of
from aegis_batch.domain.verification import (
    Change,
    FindingChange,
    ItemChange,
    Verdict,
    Verification,
)
from tests.unit.application.closed_days import FIRST, ClosedDays, key_of, order_of

RUN = Run("run-v", "2" * 32, key_of(FIRST))
ZERO = Decimal(0)


def test_a_day_that_is_as_it_was_closed_is_equal() -> None:
    days = ClosedDays()
    sealed = days.sealed(FIRST)
    assert isinstance(sealed, Sealed)

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
        "revenue: 27.50 now, 20.00 when it was sealed (+7.50)",
        "item Soup: 1 now, 0 when it was sealed (+1)",
    ]


def test_a_changed_and_a_deleted_order_are_told_too() -> None:
    days = ClosedDays()
    days.change("0-0", "9.99")
    days.delete("1-0")

    changed, deleted = days.look(FIRST), days.look(FIRST + timedelta(days=1))

    assert found_lines(changed) == ["revenue: 19.99 now, 20.00 when it was sealed (-0.01)"]
    assert found_lines(deleted) == [
        "orders: 1 now, 2 when it was sealed (-1)",
        "lines: 1 now, 2 when it was sealed (-1)",
        "revenue: 10.00 now, 20.00 when it was sealed (-10.00)",
        "item Tea: 1 now, 2 when it was sealed (-1)",
    ]


def test_a_name_that_was_sealed_in_the_form_of_an_older_unicode_is_no_change() -> None:
    days = ClosedDays(days=0)
    days.backend.takes_reports = True
    days.reader.orders = [order_of(FIRST, "1", item="Caf\u00e9")]
    days.close(FIRST)
    sealed = days.sealed(FIRST)
    assert isinstance(sealed, Sealed)
    # Decomposed, as a name stays in a Python that doesn't know its characters.
    items = {"Cafe\u0301": Decimal(1)}
    older = replace(sealed, totals=replace(sealed.totals, items=items))

    found = days.verifying().verify(RUN, older)

    assert found is not None
    assert (found.verdict, found.change) == (Verdict.EQUAL, None)


def test_many_items_are_told_by_the_largest_and_a_count_of_the_rest() -> None:
    days = ClosedDays()
    days.reader.orders += [order_of(FIRST, f"n{number}", "1", f"i{number}") for number in range(14)]

    assert found_lines(days.look(FIRST))[-1] == "and 4 more items"


def test_a_price_that_changed_under_the_same_total_is_a_change_by_the_rule_that_it_breaks() -> None:
    days = ClosedDays()
    days.reprice("0-0", "11")

    found = days.look(FIRST)

    assert found.verdict is Verdict.CHANGED
    assert found.change is not None
    assert (found.change.revenue, found.change.items) == (ZERO, ())
    mismatch = Finding.LINE_TOTAL_MISMATCH
    assert found.change.findings == (FindingChange(mismatch, 0, 1, came=("0-0",)),)
    assert found_lines(found) == [
        "orders that break line_total_mismatch: 1 now, 0 when it was sealed (+1), with order 0-0"
    ]
    assert found.finding() == days.look(FIRST).finding()


def test_other_orders_that_break_a_rule_are_a_change_though_they_are_as_many() -> None:
    days = ClosedDays(days=0)
    days.backend.takes_reports = True
    days.reprice("0-0", "11")
    days.close(FIRST)
    days.backend.takes_reports = False
    assert days.look(FIRST).verdict is Verdict.EQUAL
    days.reprice("0-0", "10")
    days.reprice("0-1", "11")

    assert found_lines(days.look(FIRST)) == [
        (
            "orders that break line_total_mismatch: 1 now, 1 when it was sealed, with order 0-1,"
            " without order 0-0"
        )
    ]


def test_of_more_orders_than_are_known_by_name_only_the_count_is_told() -> None:
    days = ClosedDays(days=0)
    days.backend.takes_reports = True
    days.reader.orders += [order_of(FIRST, f"n{number}") for number in range(11)]
    for number in range(11):
        days.reprice(f"n{number}", "11")
    days.close(FIRST)
    days.backend.takes_reports = False
    days.reprice("n0", "10")
    fewer = found_lines(days.look(FIRST))
    days.reprice("0-0", "11")

    assert fewer == ["orders that break line_total_mismatch: 10 now, 11 when it was sealed (-1)"]
    assert found_lines(days.look(FIRST)) == [
        "orders that break line_total_mismatch: 11 now, 11 when it was sealed, others"
    ]


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


def test_of_long_lists_of_items_only_what_differs_is_told_and_where() -> None:
    days = ClosedDays(days=0)
    days.backend.takes_reports = True
    days.reader.orders = [
        order_of(FIRST, str(number), item=f"The {number} Pizza with all that there is on top of it")
        for number in range(10)
    ]
    days.close(FIRST)
    days.backend.takes_reports = False
    stored = days.backend.stored[key_of(FIRST)]
    assert stored.top_items is not None
    *others, last = stored.top_items
    items = (*others, replace(last, quantity=Decimal(7)))
    days.backend.stored[key_of(FIRST)] = replace(stored, top_items=items)

    assert found_lines(days.look(FIRST)) == [
        (
            f"topItems is [{last.name} x 1, 9 that are in both] here and [{last.name} x 7, 9 that"
            " are in both] at the Backend"
        )
    ]


def test_what_is_cut_off_leaves_a_mark_and_the_figures() -> None:
    days = ClosedDays()
    long = "Cod\n" * 400
    days.reader.orders += [order_of(FIRST, "n", "1", long), order_of(FIRST, long, "-1")]

    [problem, *change] = found_lines(days.look(FIRST))

    assert len(problem) == 500
    assert problem.startswith("orders_rejected: ")
    assert problem.endswith("\u2026")
    [named] = [line for line in change if line.startswith("item Cod")]
    assert named.endswith("\u2026: 1 now, 0 when it was sealed (+1)")


def test_a_body_that_was_altered_where_it_is_kept_is_in_conflict_beside_its_seal() -> None:
    days = ClosedDays()
    stored = days.backend.stored[key_of(FIRST)]
    altered = AlteredBody("sha256:aa", "sha256:bb")
    days.backend.stored[key_of(FIRST)] = replace(stored, altered=altered)

    found = days.look(FIRST)

    assert (found.verdict, found.verdict.is_off) == (Verdict.CONFLICT, True)
    with days.state.turn() as turn:
        (kept,) = turn.seals.of(key_of(FIRST), 1)
    link = SealLink.of(kept.content)
    assert found_lines(found) == [
        (
            f"body is {link.sealed.seal.body_digest} here and sha256:aa, altered by hand (the"
            " digest beside it is sha256:bb) at the Backend"
        )
    ]
    assert found.finding() == days.look(FIRST).finding()


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


def test_what_is_off_names_the_database_where_one_takes_the_reports() -> None:
    days = ClosedDays()
    days.backend.can_replace = True
    days.forget_seals()
    days.change("0-0", "9.99")
    del days.backend.stored[key_of(FIRST + timedelta(days=1))]

    assert found_lines(days.look(FIRST)) == [
        "totalRevenue is 19.99 here and 20.00 in the reports' database"
    ]
    assert found_lines(days.look(FIRST + timedelta(days=1))) == [
        "the reports' database has no report of it"
    ]


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


@pytest.mark.parametrize(
    ("changes", "meaning"),
    [
        ({"content": "hello"}, "is not the one that its digest was taken of"),
        ({"digest": "sha256:0"}, "is not the one that its digest was taken of"),
        ({"content": "hello", "digest": digest_of("hello")}, "is none that this program writes"),
        ({"run_id": "another"}, "stands in a place other than its own"),
    ],
)
def test_a_seal_that_was_changed_is_a_finding_and_says_nothing_of_the_orders(
    changes: dict[str, str], meaning: str
) -> None:
    days = ClosedDays()
    days.date_back(FIRST, "late")
    days.seal_by_hand(FIRST, **changes)

    found = days.look(FIRST)

    assert (found.verdict, found.verdict.is_off) == (Verdict.SEAL_CHANGED, True)
    assert (found.change, found.differences, found.seal_digest) == (None, (), None)
    [line] = found_lines(found)
    assert line.startswith(
        f"seal_changed: Link 9 of default, the seal of {FIRST}, is not as it was"
    )
    assert meaning in line
    assert line.endswith("See: aegis-batch audit --check.")
    assert found.finding() == days.look(FIRST).finding()


@pytest.mark.parametrize("field", ["totals", "body", "report"])
def test_a_seal_is_held_against_its_own_digests(field: str) -> None:
    days = ClosedDays()
    with days.state.turn() as turn:
        (kept,) = turn.seals.of(key_of(FIRST), 1)
        link = SealLink.of(kept.content)
        seal, totals, body = link.sealed.seal, link.sealed.totals, link.sealed.body
        if field == "totals":
            totals = replace(totals, orders=955)
        elif field == "body":
            body = "{}"
        else:
            # Its digests are right; no report of this program's was ever so short.
            seal, body = replace(seal, body_digest=digest_of("{}")), "{}"
        turn.seals.add(replace(link, number=99, sealed=SealedReport(seal, totals, body)))

    found = days.look(FIRST)

    assert (found.verdict, found.change) == (Verdict.SEAL_CHANGED, None)
    [line] = found_lines(found)
    assert line.startswith("seal_changed: Link 99 of default")


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
