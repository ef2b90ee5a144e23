"""The rules: what each finds, at which edge, and what a broken one leads to."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.consistency import (
    ORDER_IDS_MAX,
    Action,
    Finding,
    Rule,
    Rules,
    Tally,
    Violation,
    findings_of,
    tally_duplicates,
)
from aegis_batch.domain.order import Order, OrderLine


def _line(quantity: str | None = "1", price: str | None = "5", name: str | None = "a") -> OrderLine:
    return OrderLine(
        name,
        None if quantity is None else Decimal(quantity),
        None if price is None else Decimal(price),
    )


def _order(total: str | None, *lines: OrderLine) -> Order:
    return Order("1", None if total is None else Decimal(total), lines)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (_order("5", _line()), set()),
        (_order("10.00", _line("2.00")), set()),
        (_order("0", _line("1", "0")), set()),
        (_order("-0", _line("1", "0")), set()),
        (_order("0"), {Finding.EMPTY_ORDER}),
        (_order("4"), {Finding.EMPTY_ORDER, Finding.LINE_TOTAL_MISMATCH}),
        (_order("-5", _line()), {Finding.NEGATIVE_TOTAL, Finding.LINE_TOTAL_MISMATCH}),
        (_order("-0.001", _line()), {Finding.NEGATIVE_TOTAL, Finding.LINE_TOTAL_MISMATCH}),
        (_order("-5", _line("1", "-5")), {Finding.NEGATIVE_TOTAL, Finding.NEGATIVE_PRICE}),
        (_order("0", _line("0")), {Finding.QUANTITY_BELOW_ONE}),
        (_order("-5", _line("-1")), {Finding.QUANTITY_BELOW_ONE, Finding.NEGATIVE_TOTAL}),
        (_order("7.5", _line("1.5")), {Finding.FRACTIONAL_QUANTITY}),
        (_order("2.5", _line("0.5")), {Finding.FRACTIONAL_QUANTITY}),
        (_order("2.5", _line("0.5"), _line("0")), {Finding.FRACTIONAL_QUANTITY}),
        (_order("5", _line(name=None)), {Finding.INVALID_NAME}),
        (_order("5", _line(name=" ")), {Finding.INVALID_NAME}),
        (_order("10", _line(), _line(name="")), {Finding.INVALID_NAME}),
        (_order(None, _line()), {Finding.INVALID_NUMBER}),
        (_order("NaN", _line()), {Finding.INVALID_NUMBER}),
        (_order("Infinity", _line()), {Finding.INVALID_NUMBER}),
        (_order("-Infinity", _line()), {Finding.INVALID_NUMBER}),
        (_order("-1", _line(None)), {Finding.INVALID_NUMBER, Finding.NEGATIVE_TOTAL}),
        (_order("5", _line("NaN")), {Finding.INVALID_NUMBER}),
        (_order("5", _line("-Infinity")), {Finding.INVALID_NUMBER}),
        (_order("5", _line("1", None)), {Finding.INVALID_NUMBER}),
        (_order("5", _line("1", "-Infinity")), {Finding.INVALID_NUMBER}),
        (_order("5", _line("0", "NaN")), {Finding.INVALID_NUMBER, Finding.QUANTITY_BELOW_ONE}),
        (_order(None), {Finding.INVALID_NUMBER, Finding.EMPTY_ORDER}),
    ],
)
def test_an_order_shows_what_is_wrong_with_it(order: Order, expected: set[Finding]) -> None:
    assert findings_of(order, Decimal(0)) == expected


@pytest.mark.parametrize(
    ("total", "tolerance", "found"),
    [
        ("5.00", "0", False),
        ("5.01", "0", True),
        ("5.01", "0.01", False),
        ("4.99", "0.01", False),
        ("5.011", "0.01", True),
        ("4.989", "0.01", True),
        (f"{10**30}.01", f"{10**30 - 5}", True),
    ],
)
def test_total_and_lines_may_be_apart_by_the_tolerance(
    total: str,
    tolerance: str,
    found: bool,  # noqa: FBT001 - a column of the table
) -> None:
    findings = findings_of(_order(total, _line()), Decimal(tolerance))

    assert (Finding.LINE_TOTAL_MISMATCH in findings) == found


def test_the_defaults_are_those_of_the_table() -> None:
    rules = Rules()

    assert {finding: rules.action_for(finding) for finding in Finding} == {
        Finding.NEGATIVE_TOTAL: Action.REJECT,
        Finding.INVALID_NUMBER: Action.REJECT,
        Finding.QUANTITY_BELOW_ONE: Action.REJECT,
        Finding.FRACTIONAL_QUANTITY: Action.REJECT,
        Finding.NEGATIVE_PRICE: Action.REJECT,
        Finding.INVALID_NAME: Action.REJECT,
        Finding.DUPLICATE_ORDER: Action.REJECT,
        Finding.EMPTY_ORDER: Action.WARN,
        Finding.LINE_TOTAL_MISMATCH: Action.WARN,
    }
    assert rules.tolerance == 0


def test_what_is_always_rejected_can_be_neither_waived_nor_chosen() -> None:
    rules = Rules(dict.fromkeys(Rule, Action.IGNORE))

    rejecting = {finding for finding in Finding if rules.action_for(finding) is Action.REJECT}

    assert rejecting == {
        Finding.INVALID_NUMBER,
        Finding.FRACTIONAL_QUANTITY,
        Finding.INVALID_NAME,
        Finding.DUPLICATE_ORDER,
    }
    assert {rule for rule in Rule if not Rules.can_override(rule)} == {
        Rule.INVALID_NUMBER,
        Rule.INVALID_NAME,
        Rule.DUPLICATE_ORDER,
    }


def test_every_rule_has_a_finding() -> None:
    assert [rule for rule in Rule if rule not in {finding.rule for finding in Finding}] == []


def test_broken_rules_are_reported_in_the_order_of_the_table() -> None:
    tallies = {finding: Tally(1, ("1",)) for finding in reversed(Finding)}

    violations = Rules().judge(tallies)

    assert [violation.rule for violation in violations] == list(Rule)
    assert Violation(Rule.EMPTY_ORDER, Action.WARN, 1, ("1",)) in violations


def test_rules_that_are_ignored_or_kept_are_not_reported() -> None:
    rules = Rules({Rule.NEGATIVE_TOTAL: Action.IGNORE})

    assert rules.judge({Finding.NEGATIVE_TOTAL: Tally(3, ("1", "2", "3"))}) == ()
    assert rules.judge({}) == ()


def test_both_findings_on_quantities_add_up_to_one_broken_rule() -> None:
    tallies = {
        Finding.QUANTITY_BELOW_ONE: Tally(2, ("3", "10")),
        Finding.FRACTIONAL_QUANTITY: Tally(1, ("9",)),
    }

    assert Rules().judge(tallies) == (
        Violation(Rule.INVALID_QUANTITY, Action.REJECT, 3, ("3", "9", "10")),
    )


def test_waived_quantities_below_one_stand_apart_from_those_that_are_not_whole() -> None:
    rules = Rules({Rule.INVALID_QUANTITY: Action.WARN})
    tallies = {
        Finding.QUANTITY_BELOW_ONE: Tally(2, ("3", "10")),
        Finding.FRACTIONAL_QUANTITY: Tally(1, ("9",)),
    }

    assert rules.judge(tallies) == (
        Violation(Rule.INVALID_QUANTITY, Action.WARN, 2, ("3", "10")),
        Violation(Rule.INVALID_QUANTITY, Action.REJECT, 1, ("9",)),
    )


@given(st.lists(st.lists(st.integers(0, 200).map(str), min_size=1), min_size=1, max_size=6))
def test_merged_tallies_count_all_and_keep_the_smallest_ids(groups: list[list[str]]) -> None:
    merged = None
    for group in groups:
        for order_id in group:
            tally = Tally(1, (order_id,))
            merged = tally if merged is None else merged.merge(tally)

    ids = {order_id for group in groups for order_id in group}
    assert merged is not None
    assert merged.count == sum(map(len, groups))
    assert merged.order_ids == tuple(sorted(ids, key=int)[:ORDER_IDS_MAX])


def test_an_id_that_stands_more_than_once_is_counted_once() -> None:
    assert tally_duplicates(["10", "9", "9", "10", "9", "1"]) == {
        Finding.DUPLICATE_ORDER: Tally(2, ("9", "10"))
    }
    assert tally_duplicates(["1", "2"]) == {}
    assert tally_duplicates([]) == {}


def test_ten_ids_at_most_are_kept_of_those_that_stand_twice() -> None:
    tally = tally_duplicates(str(number // 2) for number in range(50))[Finding.DUPLICATE_ORDER]

    assert tally == Tally(25, tuple(str(number) for number in range(10)))
