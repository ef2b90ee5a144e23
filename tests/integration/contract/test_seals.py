"""What every keeper of the chains of seals promises."""

from dataclasses import replace
from datetime import date

import pytest

from aegis_batch.application.ports.state import State
from tests.integration.state_records import a_key, a_seal_link
from tests.sealed_chain import altered_by_hand

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


def test_links_come_back_as_they_were_kept(state: State) -> None:
    first, second = a_seal_link(1), a_seal_link(2, a_key(TUESDAY))
    with state.turn() as turn:
        assert turn.seals.last("default") is None
        turn.seals.add(first)
        turn.seals.add(second)

    with state.turn() as turn:
        assert turn.seals.last("default") == second.kept()
        assert list(turn.seals.after("default", 0, 9)) == [first.kept(), second.kept()]
        assert list(turn.seals.after("default", 0, 1)) == [first.kept()]
        assert list(turn.seals.after("default", 1, 9)) == [second.kept()]


def test_the_links_of_a_key_come_newest_first_and_without_those_of_others(state: State) -> None:
    with state.turn() as turn:
        turn.seals.add(a_seal_link(1, a_key(MONDAY)))
        turn.seals.add(a_seal_link(2, a_key(TUESDAY)))
        turn.seals.add(a_seal_link(3, a_key(MONDAY)))

    with state.turn() as turn:
        first, third = (a_seal_link(number, a_key(MONDAY)).kept() for number in (1, 3))
        assert list(turn.seals.of(a_key(MONDAY), 1)) == [third]
        assert list(turn.seals.of(a_key(MONDAY), 9)) == [third, first]
        assert list(turn.seals.of(a_key(MONDAY), 9, below=3)) == [first]
        assert list(turn.seals.of(a_key(MONDAY), 9, below=1)) == []
        assert list(turn.seals.of(a_key(TUESDAY), 9)) == [a_seal_link(2, a_key(TUESDAY)).kept()]
        assert list(turn.seals.of(a_key(date(2026, 11, 18)), 9)) == []


def test_the_links_of_a_key_come_as_they_are_kept_whatever_was_done_to_them(state: State) -> None:
    first, by_hand = a_seal_link(1), altered_by_hand(a_seal_link(2), content="hello")
    with state.turn() as turn:
        turn.seals.add(first)
        turn.seals.add(by_hand)

    with state.turn() as turn:
        newest, oldest = turn.seals.of(a_key(), 9)
        assert (newest, oldest) == (by_hand.kept(), first.kept())
        assert newest.content == "hello"
        assert newest.digest == a_seal_link(2).kept().digest


def test_each_tenant_has_a_chain_of_its_own(state: State) -> None:
    ours, theirs = a_seal_link(1), a_seal_link(1, a_key(tenant="shop-é"))
    with state.turn() as turn:
        turn.seals.add(ours)
        turn.seals.add(theirs)
        turn.seals.add(a_seal_link(1, a_key(tenant="Z")))

    with state.turn() as turn:
        assert turn.seals.last("shop-é") == theirs.kept()
        assert list(turn.seals.after("default", 0, 9)) == [ours.kept()]
        assert list(turn.seals.of(a_key(), 9)) == [ours.kept()]
        assert list(turn.seals.tenants_after("", 9)) == ["Z", "default", "shop-é"]
        assert list(turn.seals.tenants_after("Z", 1)) == ["default"]


def test_a_number_is_taken_once(state: State) -> None:
    with state.turn() as turn:
        turn.seals.add(a_seal_link(1))
    with pytest.raises(ValueError, match="taken"), state.turn() as turn:
        turn.seals.add(replace(a_seal_link(1), run_id="another"))

    with state.turn() as turn:
        assert turn.seals.last("default") == a_seal_link(1).kept()
