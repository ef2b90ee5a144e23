"""Totals are a commutative monoid, and their digest covers all that was added up."""

import unicodedata
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding, Tally
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.totals import Totals, normal_name
from tests.generated_orders import any_orders, sound_orders

_totals = any_orders(max_size=4).map(lambda orders: Totals.sum(map(Totals.of, orders)))


@given(_totals)
def test_the_zero_changes_nothing(totals: Totals) -> None:
    assert Totals().merge(totals) == totals
    assert totals.merge(Totals()) == totals


@given(_totals, _totals, _totals)
def test_merging_is_associative(first: Totals, second: Totals, third: Totals) -> None:
    assert first.merge(second).merge(third) == first.merge(second.merge(third))


@given(_totals, _totals)
def test_merging_is_commutative(first: Totals, second: Totals) -> None:
    assert first.merge(second) == second.merge(first)
    assert first.merge(second).digest() == second.merge(first).digest()


@given(st.lists(_totals, max_size=5))
def test_the_sum_is_the_fold_of_merges(parts: list[Totals]) -> None:
    assert Totals.sum(parts) == reduce(Totals.merge, parts, Totals())


@given(any_orders(max_size=12), st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_permutation_and_any_partition_add_up_to_the_same(
    orders: list[Order], random: Random, groups: int
) -> None:
    whole = Totals.sum(map(Totals.of, orders))
    shuffled = random.sample(orders, len(orders))

    parts = [Totals.sum(map(Totals.of, shuffled[start::groups])) for start in range(groups)]

    assert Totals.sum(parts) == whole
    assert Totals.sum(parts).digest() == whole.digest()


@given(any_orders(max_size=20))
def test_tallies_count_every_order_and_keep_the_smallest_ids(orders: list[Order]) -> None:
    totals = Totals.sum(map(Totals.of, orders))

    for finding in Finding:
        ids = [order.id for order in orders if finding in Totals.of(order).tallies]
        smallest = tuple(sorted(set(ids), key=int)[:ORDER_IDS_MAX])
        expected = Tally(len(ids), smallest) if ids else None
        assert totals.tallies.get(finding) == expected


@given(sound_orders())
def test_counts_and_sums_are_those_of_the_orders(orders: list[Order]) -> None:
    totals = Totals.sum(map(Totals.of, orders))
    lines = [line for order in orders for line in order.lines]

    assert totals.orders == len(orders)
    assert totals.lines == len(lines)
    assert Fraction(totals.revenue) == sum(Fraction(order.total or 0) for order in orders)
    assert totals.items_sold == sum(int(line.quantity or 0) for line in lines)
    assert totals.distinct_items == len({normal_name(line.name or "") for line in lines})


def test_what_is_no_number_counts_as_zero_and_as_a_finding() -> None:
    order = Order(
        "1",
        Decimal("NaN"),
        (
            OrderLine("Soup", None, Decimal(1)),
            OrderLine("Soup", Decimal("Infinity"), Decimal(1)),
            OrderLine("Tea", Decimal(2), None),
            OrderLine(None, Decimal(5), Decimal(1)),
            OrderLine(" ", Decimal(5), Decimal(1)),
        ),
    )

    totals = Totals.of(order)

    assert (totals.orders, totals.lines, totals.revenue) == (1, 5, Decimal(0))
    assert totals.items == {"Soup": 0, "Tea": 2}
    assert set(totals.tallies) == {Finding.INVALID_NUMBER, Finding.INVALID_NAME}
    assert Totals.of(replace(order, total=None)).revenue == 0


def test_the_tolerance_reaches_the_rules() -> None:
    order = Order("1", Decimal("5.01"), (OrderLine("Soup", Decimal(1), Decimal(5)),))

    assert set(Totals.of(order).tallies) == {Finding.LINE_TOTAL_MISMATCH}
    assert Totals.of(order, Decimal("0.01")).tallies == {}


def test_ids_that_stand_twice_add_a_finding_and_nothing_else() -> None:
    duplicates = Totals.of_duplicates(["2", "1", "2"])

    assert duplicates == Totals(tallies={Finding.DUPLICATE_ORDER: Tally(1, ("2",))})
    assert Totals.of_duplicates(["1", "2"]) == Totals()


@pytest.mark.parametrize("name", ["Caf\u00e9", "\u212bngstr\u00f6m", "\uac00", "\u1e9b\u0323"])
def test_names_that_differ_in_normal_form_alone_are_one_item(name: str) -> None:
    def order(form: str) -> Order:
        return Order(form, Decimal(0), (OrderLine(form, Decimal(1), Decimal(0)),))

    composed = unicodedata.normalize("NFC", name)
    decomposed = unicodedata.normalize("NFD", name)
    both = Order("1", Decimal(0), order(composed).lines + order(decomposed).lines)

    assert composed != decomposed
    assert Totals.of(order(composed)).merge(Totals.of(order(decomposed))).items == {composed: 2}
    assert Totals.of(both).items == {composed: 2}


def test_names_that_an_older_unicode_left_as_they_were_are_merged_in_the_form_of_now() -> None:
    # Decomposed, as names stay in a Python that doesn't know their characters.
    kept = Totals(orders=2, lines=2, items={"Cafe\u0301": Decimal(2), "Caf\u00e9": Decimal(1)})

    assert kept.with_present_names() == replace(kept, items={"Caf\u00e9": Decimal(3)})
    assert _SOME.with_present_names() is _SOME


@pytest.mark.parametrize("name", [" Soup", "Soup ", "soup", "SOUP", "\ufb01sh", "\uff33oup"])
def test_names_are_otherwise_left_as_they_are(name: str) -> None:
    assert normal_name(name) == name


_SOME = Totals(
    orders=2, lines=3, revenue=Decimal("41.50"), items={"Soup": Decimal(2), "Tea": Decimal(1)}
)


@pytest.mark.parametrize(
    "changed",
    [
        replace(_SOME, orders=3),
        replace(_SOME, lines=4),
        replace(_SOME, revenue=Decimal("41.51")),
        replace(_SOME, revenue=Decimal("41.5000000000000000000000000000000000001")),
        replace(_SOME, revenue=Decimal("-41.50")),
        replace(_SOME, items={"Soup": Decimal(2), "Tea": Decimal(2)}),
        replace(_SOME, items={"Soup": Decimal(1), "Tea": Decimal(2)}),
        replace(_SOME, items={"Soup": Decimal(2)}),
        replace(_SOME, items={"Soup": Decimal(2), "Tea ": Decimal(1)}),
        replace(_SOME, items={**_SOME.items, "Bread": Decimal(0)}),
        replace(_SOME, items={'Soup",2],["Tea': Decimal(1)}),
    ],
)
def test_a_change_anywhere_changes_the_digest(changed: Totals) -> None:
    assert changed.digest() != _SOME.digest()


@given(sound_orders(max_size=4), st.data())
def test_a_change_of_any_order_changes_the_digest(orders: list[Order], data: st.DataObject) -> None:
    def digest(changed: list[Order]) -> str:
        return Totals.sum(map(Totals.of, changed)).digest()

    known = digest(orders)
    extra = Order("1", Decimal(0), ())
    assert digest([*orders, extra]) != known
    for place, order in enumerate(orders):
        assert order.total is not None
        rest = [*orders[:place], *orders[place + 1 :]]
        by = data.draw(st.sampled_from([Decimal("0.01"), Decimal("1e-20"), Decimal(-(10**31))]))
        dearer = Totals.of(order).merge(Totals(revenue=by))
        assert digest(rest) != known
        assert Totals.sum([dearer, *map(Totals.of, rest)]).digest() != known
        more = replace(order, lines=(*order.lines, OrderLine("Soup", Decimal(1), Decimal(0))))
        assert digest([*rest, more]) != known


def test_equal_totals_have_equal_digests_however_they_are_written() -> None:
    same = Totals(
        orders=2,
        lines=3,
        revenue=Decimal("41.5"),
        items={"Tea": Decimal("1.0"), "Soup": Decimal(2)},
    )

    assert same == _SOME
    assert same.digest() == _SOME.digest()


def test_the_digest_is_a_contract() -> None:
    # Seals are kept: another way of counting or writing would make the old ones unprovable.
    # sha256sum of [2,3,"41.5",[["Soup","2"],["Tea","1"]]] and of [0,0,"0",[]].
    assert (
        _SOME.digest() == "sha256:b4a4b37938895b242fc7d8fcf3f2cd359df0037ecb8fada2d2b5200079c7992e"
    )
    assert (
        Totals().digest()
        == "sha256:74eb0005f769186749587183f3d2676eaea1f2ef644af89e0828b12e9d2649c7"
    )


def test_findings_do_not_enter_the_digest() -> None:
    # They are evidence of their own, and a reader may tell them apart or not at all.
    assert Totals(tallies={Finding.EMPTY_ORDER: Tally(1, ("1",))}).digest() == Totals().digest()
