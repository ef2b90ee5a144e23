"""The report: the same bytes from the same orders, exact figures, and fair comparison."""

import decimal
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.consistency import Action, Rules
from aegis_batch.domain.order import Order
from aegis_batch.domain.report import (
    AlteredBody,
    AlteredItem,
    Difference,
    Report,
    StoredReport,
    TopItem,
)
from aegis_batch.domain.totals import Totals
from tests.generated_orders import any_orders, names, sound_orders

REPORT = Report(date(2026, 11, 21), 2, Decimal("85.25"), (TopItem("Soup", Decimal(4)),))

_DAY = date(2026, 11, 21)


def _derive(totals: Totals, *, top_items_max: int = 10, currency_decimals: int = 2) -> Report:
    return Report.derive(
        _DAY, totals, top_items_max=top_items_max, currency_decimals=currency_decimals
    )


def _parsed(body: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    return content


def _whole(orders: list[Order]) -> Totals:
    parts = [Totals.of(order) for order in orders]
    return Totals.sum([*parts, Totals.of_duplicates(order.id for order in orders)])


@given(any_orders(max_size=12), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_permutation_and_partition_gives_the_same_bytes_and_digests(
    orders: list[Order], random: Random, groups: int
) -> None:
    whole = _whole(orders)
    shuffled = random.sample(orders, len(orders))
    parts = [Totals.sum(map(Totals.of, shuffled[start::groups])) for start in range(groups)]
    parts.insert(random.randrange(groups), Totals.of_duplicates(order.id for order in shuffled))

    again = Totals.sum(parts)

    assert _derive(again).body() == _derive(whole).body()
    assert _derive(again).digest() == _derive(whole).digest()
    assert again.digest() == whole.digest()
    assert Rules().judge(again.tallies) == Rules().judge(whole.tallies)


@given(sound_orders(), st.integers(0, 4))
def test_the_body_parses_back_to_the_same_numbers(orders: list[Order], decimals: int) -> None:
    report = _derive(_whole(orders), currency_decimals=decimals)

    content = _parsed(report.body())

    assert list(content) == ["reportDate", "totalOrders", "totalRevenue", "topItems"]
    assert content["reportDate"] == "2026-11-21"
    assert content["totalOrders"] == len(orders)
    assert content["totalRevenue"] == report.total_revenue
    assert content["totalRevenue"].as_tuple().exponent == -decimals
    assert content["topItems"] == [
        {"name": item.name, "qty": item.quantity} for item in report.top_items
    ]


@given(sound_orders())
def test_orders_that_break_no_rule_are_let_through(orders: list[Order]) -> None:
    violations = Rules().judge(_whole(orders).tallies)

    assert [v for v in violations if v.action is Action.REJECT] == []


def test_the_body_is_compact_utf8_in_the_order_of_the_contract() -> None:
    report = Report(
        _DAY,
        128,
        Decimal("24560.50"),
        (
            TopItem('P\u00e3o "de" queijo\n', Decimal(40)),
            TopItem("\U0001f355\u2028\\", Decimal("3.00")),
        ),
    )

    assert (
        report.body()
        == (
            '{"reportDate":"2026-11-21","totalOrders":128,"totalRevenue":24560.50,"topItems":['
            '{"name":"P\u00e3o \\"de\\" queijo\\n","qty":40},'
            '{"name":"\U0001f355\u2028\\\\","qty":3}]}'
        ).encode()
    )


def test_the_digest_of_a_body_is_that_of_its_bytes() -> None:
    # printf '{"reportDate":"2026-11-21","totalOrders":0,...}' | sha256sum
    report = _derive(Totals())

    assert report.body() == (
        b'{"reportDate":"2026-11-21","totalOrders":0,"totalRevenue":0.00,"topItems":[]}'
    )
    assert report.digest() == (
        "sha256:f0fdc5b8464abdd6df0ac8581580f863c5707e54a1a91bc43835687779439a3a"
    )


@pytest.mark.parametrize(
    ("revenue", "decimals", "written"),
    [
        ("24560.5", 2, b"24560.50"),
        ("24560.505", 2, b"24560.50"),
        ("24560.515", 2, b"24560.52"),
        ("1E+3", 2, b"1000.00"),
        ("0E-30", 2, b"0.00"),
        ("-0.001", 2, b"0.00"),
        ("-3.005", 2, b"-3.00"),
        (f"{10**30}.015", 2, f"{10**30}.02".encode()),
        ("99.5", 0, b"100"),
        ("1.0005", 3, b"1.000"),
        ("1E-9", 8, b"0.00000000"),
    ],
)
def test_revenue_is_rounded_once_half_to_even_and_written_with_every_decimal(
    revenue: str, decimals: int, written: bytes
) -> None:
    body = _derive(Totals(revenue=Decimal(revenue)), currency_decimals=decimals).body()

    assert b'"totalRevenue":' + written + b"," in body


def _top(items: dict[str, Decimal], *, top_items_max: int = 10) -> list[tuple[str, Decimal]]:
    report = _derive(Totals(items=items), top_items_max=top_items_max)
    return [(item.name, item.quantity) for item in report.top_items]


def test_items_rank_by_quantity_and_then_by_code_point() -> None:
    # By UTF-16 units, as some languages sort, U+1F600 would stand before U+FF21.
    ranked = ["z", "A", "B", "a", "\u00c4", "\uff21", "\U0001f600", "b"]
    quantities = [3, 2, 2, 2, 2, 2, 2, 1]

    items = dict(zip(ranked, map(Decimal, quantities), strict=True))

    assert [name for name, _ in _top(dict(sorted(items.items(), reverse=True)))] == ranked


def test_quantities_that_differ_beyond_28_digits_rank_apart() -> None:
    items = {"a": Decimal(10**30 + 1), "b": Decimal(10**30 + 2)}

    assert [name for name, _ in _top(items)] == ["b", "a"]
    with decimal.localcontext(decimal.Context(prec=3)):
        assert [name for name, _ in _top(items)] == ["b", "a"]


def test_items_whose_net_quantity_is_below_one_are_left_out() -> None:
    items = {
        "returned": Decimal(-3), "none": Decimal(0), "half": Decimal("0.999"), "one": Decimal(1)
    }  # fmt: skip

    assert _top(items) == [("one", Decimal(1))]


def test_returned_items_are_subtracted_before_they_are_ranked() -> None:
    sold = Totals(items={"a": Decimal(5), "b": Decimal(4), "c": Decimal(1)})
    returned = Totals(items={"a": Decimal(-2), "c": Decimal(-1)})

    assert _top(dict(sold.merge(returned).items)) == [("b", Decimal(4)), ("a", Decimal(3))]


def test_no_more_items_are_listed_than_asked_for() -> None:
    items = {f"item {number:02}": Decimal(number) for number in range(1, 31)}

    assert [quantity for _, quantity in _top(items)] == list(range(30, 20, -1))
    assert len(_top(items, top_items_max=3)) == 3
    assert _top(items, top_items_max=0) == []


@given(st.dictionaries(names(), st.integers(-2, 5).map(Decimal)), st.integers(0, 4))
def test_ranking_holds_for_any_items(items: dict[str, Decimal], top_items_max: int) -> None:
    top = _top(items, top_items_max=top_items_max)
    left = {name: quantity for name, quantity in items.items() if quantity >= 1}

    assert len(top) == min(top_items_max, len(left))
    for (name, quantity), (next_name, next_quantity) in pairwise(top):
        assert quantity > next_quantity or (quantity == next_quantity and name < next_name)
    for name, quantity in top:
        assert left.pop(name) == quantity
    if top:
        last_name, last_quantity = top[-1]
        for name, quantity in left.items():
            assert quantity < last_quantity or (quantity == last_quantity and name > last_name)


_DERIVED = Report(
    _DAY, 2, Decimal("41.50"), (TopItem("Caf\u00e9", Decimal(2)), TopItem("Tea", Decimal(1)))
)
_EQUAL = StoredReport(
    _DAY,
    Decimal("2.0"),
    Decimal("41.5"),
    (TopItem("Tea", Decimal("1.00")), TopItem("Cafe\u0301", Decimal(2))),
)


def test_reports_are_compared_as_numbers_and_items_in_any_order() -> None:
    assert _EQUAL.differences(_DERIVED) == ()


def test_a_field_that_is_missing_is_passed_over() -> None:
    assert StoredReport(_DAY).differences(_DERIVED) == ()


@pytest.mark.parametrize(
    ("stored", "difference"),
    [
        (StoredReport(date(2026, 11, 20)), Difference("reportDate", "2026-11-21", "2026-11-20")),
        (StoredReport(_DAY, total_orders=Decimal(3)), Difference("totalOrders", "2", "3")),
        (StoredReport(_DAY, total_orders=Decimal(0)), Difference("totalOrders", "2", "0")),
        (
            StoredReport(_DAY, total_revenue=Decimal("41.51")),
            Difference("totalRevenue", "41.50", "41.51"),
        ),
        (
            StoredReport(_DAY, top_items=()),
            Difference("topItems", "[Caf\u00e9 x 2, Tea x 1]", "[]"),
        ),
        (
            StoredReport(
                _DAY, top_items=(TopItem("Tea", Decimal(2)), TopItem("Caf\u00e9", Decimal(1)))
            ),
            Difference("topItems", "[Caf\u00e9 x 2, Tea x 1]", "[Tea x 2, Caf\u00e9 x 1]"),
        ),
        (
            StoredReport(
                _DAY, top_items=(TopItem("Tea", Decimal(3)), TopItem("Cafe\u0301", Decimal(2)))
            ),
            Difference("topItems", "[Tea x 1, 1 that is in both]", "[Tea x 3, 1 that is in both]"),
        ),
        (
            StoredReport(_DAY, top_items=(*_DERIVED.top_items, _DERIVED.top_items[0])),
            Difference("topItems", "[2 that are in both]", "[Caf\u00e9 x 2, 2 that are in both]"),
        ),
    ],
)
def test_a_difference_names_its_field_and_both_values(
    stored: StoredReport, difference: Difference
) -> None:
    assert stored.differences(_DERIVED) == (difference,)


def test_every_difference_is_told() -> None:
    stored = StoredReport(date(2026, 11, 20), Decimal(1), Decimal(1), ())

    assert [difference.field for difference in stored.differences(_DERIVED)] == [
        "reportDate", "totalOrders", "totalRevenue", "topItems",
    ]  # fmt: skip


def test_a_difference_reads_as_a_clause() -> None:
    assert str(Difference("totalOrders", "2", "3")) == "totalOrders is 2 here and 3 at the Backend"


def test_an_item_that_was_altered_where_it_is_kept_differs_from_any_report() -> None:
    first, second = AlteredItem(2, "sha256:a", "sha256:b"), AlteredItem(3, "sha256:c", "sha256:d")
    one, two = (
        replace(_EQUAL, altered_items=(first,)),
        replace(_EQUAL, altered_items=(first, second)),
    )

    assert _EQUAL.is_whole
    assert not one.is_whole
    assert list(map(str, one.differences(_DERIVED))) == [
        "itemDigest is sha256:a (rank 2) here and sha256:b, altered by hand at the Backend"
    ]
    [difference] = two.differences(_DERIVED)
    assert difference.stored == "sha256:b, altered by hand, and 1 more"


def test_of_long_values_a_clause_keeps_what_differs_and_who_has_it() -> None:
    long = "Caf\u00e9 " * 300

    told = str(Difference("topItems", f"[{long} x 2]\n", f"[{long} x 3]"))

    assert "x 2]\\n here and \u2026" in told
    assert told.endswith("x 3] at the Backend")
    assert len(told) < 500


def test_a_stored_report_is_complete_with_all_four_fields() -> None:
    assert _EQUAL.is_complete
    assert StoredReport(_DAY, Decimal(0), Decimal(0), ()).is_complete
    for missing in (
        StoredReport(_DAY, None, Decimal(1), ()),
        StoredReport(_DAY, Decimal(1), None, ()),
        StoredReport(_DAY, Decimal(1), Decimal(1), None),
    ):
        assert not missing.is_complete
        assert missing.as_report(2) is None


def test_a_stored_report_is_shown_with_the_decimals_of_the_currency() -> None:
    shown = _EQUAL.as_report(2)

    assert shown is not None
    assert (shown.total_orders, type(shown.total_orders)) == (2, int)
    assert str(shown.total_revenue) == "41.50"
    assert shown.top_items == _EQUAL.top_items


def test_a_stored_revenue_finer_than_the_currency_is_not_rounded() -> None:
    shown = StoredReport(_DAY, Decimal(1), Decimal("41.505"), ()).as_report(2)

    assert shown is not None
    assert str(shown.total_revenue) == "41.505"


@pytest.mark.parametrize("orders", ["2.5", "-1", "1e18", "1e999999"])
def test_a_count_that_is_no_count_is_not_shown(orders: str) -> None:
    assert StoredReport(_DAY, Decimal(orders), Decimal(1), ()).as_report(2) is None


@pytest.mark.parametrize("amount", ["1e999999", "1e-999999"])
def test_amounts_too_wide_to_be_written_are_not_shown(amount: str) -> None:
    wide = Decimal(amount)

    assert StoredReport(_DAY, Decimal(1), wide, ()).as_report(2) is None
    assert StoredReport(_DAY, Decimal(1), Decimal(1), (TopItem("a", wide),)).as_report(2) is None


@given(sound_orders())
def test_what_a_body_says_is_equal_to_the_report_it_was_made_of(orders: list[Order]) -> None:
    report = _derive(_whole(orders))
    content = _parsed(report.body())
    stored = StoredReport(
        _DAY,
        content["totalOrders"],
        content["totalRevenue"],
        tuple(TopItem(item["name"], item["qty"]) for item in content["topItems"]),
    )

    assert stored.differences(report) == ()
    assert stored.as_report(2) == report


def test_a_report_comes_back_from_its_body() -> None:
    items = (TopItem('"Chá"', Decimal("1.50")), TopItem("b", Decimal(1)))
    report = Report(date(2026, 11, 21), 3, Decimal("24560.50"), items)

    again = Report.of_body(report.body().decode())

    assert again == report
    assert again.body() == report.body()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"reportDate":"2026-11-21","totalOrders":1,"totalRevenue":"x","topItems":[]}',
        '{"reportDate":"2026-11-21","totalOrders":1e999999999,"totalRevenue":1,"topItems":[]}',
        '{"reportDate":"2026-11-21","totalOrders":NaN,"totalRevenue":1,"topItems":[]}',
        '{"reportDate":"2026-11-21","totalOrders":1,"totalRevenue":1e999999,"topItems":[]}',
        '{"reportDate":"2026-11-21","totalOrders":1,"totalRevenue":Infinity,"topItems":[]}',
        '{"reportDate":"2026-11-21","totalOrders":1,"totalRevenue":1,"topItems":[{"name":1,"qty":1}]}',
        '{"reportDate":"2026-11-21","totalOrders":1,"totalRevenue":1,"topItems":[1]}',
        '{"reportDate":20261121,"totalOrders":1,"totalRevenue":1,"topItems":[]}',
        "[" * 100_000,
    ],
)
def test_a_text_that_is_no_body_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Report.of_body(body)


def test_figures_beside_a_body_that_says_others_are_no_report() -> None:
    said = replace(REPORT, total_orders=REPORT.total_orders + 1)
    stored = replace(StoredReport.of(REPORT), body=said)

    (difference,) = stored.differences(REPORT)

    assert (difference.field, difference.derived) == ("body", REPORT.digest())
    assert difference.stored == (
        f"{said.digest()}, altered by hand together with the digest beside it"
    )
    assert not stored.is_whole
    # Of figures that differ anyway the body is not told beside them.
    assert [each.field for each in stored.differences(said)] == ["totalOrders"]


def test_a_stored_report_is_whole_where_its_body_is_as_it_was_and_says_its_figures() -> None:
    stored = StoredReport.of(REPORT)

    assert stored.is_whole
    assert replace(stored, body=REPORT).is_whole
    assert not replace(stored, altered=AlteredBody("sha256:1", "sha256:2")).is_whole
