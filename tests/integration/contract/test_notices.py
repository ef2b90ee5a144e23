"""What every keeper of notices promises."""

from dataclasses import replace

import pytest

from aegis_batch.application.ports.state import State
from aegis_batch.domain.notice import Notice, NoticeKind, NoticeState
from tests.integration.state_records import MICROSECOND, NOON, SECOND, a_notice


def keep(state: State, *notices: Notice) -> list[bool]:
    with state.turn() as turn:
        return [turn.notices.add(each) for each in notices]


def due(state: State, limit: int = 9) -> list[Notice]:
    with state.turn() as turn:
        return list(turn.notices.due(NOON, limit))


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_comes_back_as_it_was_kept(state: State, kind: NoticeKind) -> None:
    kept = a_notice("n", NOON - MICROSECOND, kind=kind, attempts=4)
    keep(state, kept)

    assert due(state) == [kept]


def test_the_same_key_is_told_once_for_ever(state: State) -> None:
    assert keep(state, a_notice("n"), a_notice("n")) == [True, False]
    with state.turn() as turn:
        turn.notices.save(a_notice("n", state=NoticeState.SENT))

    assert keep(state, replace(a_notice("n"), text="again")) == [False]
    assert due(state) == []


def test_due_are_pending_ones_longest_due_first(state: State) -> None:
    keep(
        state,
        a_notice("b"),
        a_notice("a"),
        a_notice("early", NOON - SECOND),
        a_notice("late", NOON + MICROSECOND),
        a_notice("sent", state=NoticeState.SENT),
        a_notice("given up", state=NoticeState.GIVEN_UP),
    )

    assert [each.key for each in due(state)] == ["early", "a", "b"]
    assert [each.key for each in due(state, 1)] == ["early"]


def test_a_notice_is_due_as_it_was_saved_last(state: State) -> None:
    keep(state, a_notice("n"))
    again = a_notice("n", NOON + SECOND, attempts=1)

    with state.turn() as turn:
        turn.notices.save(again)

    assert due(state) == []
    with state.turn() as turn:
        assert list(turn.notices.due(NOON + SECOND, 9)) == [again]


def test_only_a_known_notice_can_be_saved(state: State) -> None:
    with state.turn() as turn, pytest.raises(KeyError):
        turn.notices.save(a_notice("n"))
