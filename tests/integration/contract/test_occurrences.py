"""What every keeper of decisions promises."""

from dataclasses import replace
from datetime import datetime

import pytest

from aegis_batch.application.ports.state import State
from aegis_batch.domain.schedule import Decision, Occurrence
from tests.integration.state_records import MICROSECOND, NOON, SECOND, an_occurrence


def keep(state: State, *occurrences: Occurrence) -> None:
    with state.turn() as turn:
        for each in occurrences:
            turn.occurrences.add(each)


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_comes_back_as_it_was_kept(state: State, decision: Decision) -> None:
    ran = decision is Decision.RAN
    kept = replace(an_occurrence(run_id="r" if ran else None), decision=decision)
    keep(state, kept)

    with state.turn() as turn:
        assert turn.occurrences.find("daily-close", NOON) == kept
        assert turn.occurrences.find("daily-close", NOON + MICROSECOND) is None
        assert turn.occurrences.find("other", NOON) is None


def test_a_nominal_time_is_decided_once(state: State) -> None:
    keep(state, an_occurrence())

    with pytest.raises(ValueError, match="daily-close"):
        keep(state, an_occurrence(run_id="another"))

    keep(state, an_occurrence(schedule="other"), an_occurrence(NOON + MICROSECOND))
    with state.turn() as turn:
        assert turn.occurrences.find("daily-close", NOON) == an_occurrence()


def test_the_newest_nominal_times_come_first_whatever_the_order_of_deciding(state: State) -> None:
    second, first, third = NOON, NOON - SECOND, NOON + MICROSECOND
    keep(state, an_occurrence(second), an_occurrence(first), an_occurrence(third))
    keep(state, an_occurrence(schedule="other"))

    with state.turn() as turn:
        newest = [each.nominal for each in turn.occurrences.newest("daily-close", 9)]
        two = [each.nominal for each in turn.occurrences.newest("daily-close", 2)]
        assert (newest, two) == ([third, second, first], [third, second])
        assert list(turn.occurrences.newest("unknown", 9)) == []


def withdrawn(state: State, after: datetime, limit: int) -> list[datetime]:
    with state.turn() as turn:
        return [each.nominal for each in turn.occurrences.withdraw("daily-close", after, limit)]


def left(state: State, schedule: str = "daily-close") -> list[datetime]:
    with state.turn() as turn:
        return [each.nominal for each in turn.occurrences.newest(schedule, 99)][::-1]


def test_decisions_after_an_instant_are_withdrawn_newest_first_and_none_about_it_or_before(
    state: State,
) -> None:
    times = [NOON - SECOND, NOON, NOON + MICROSECOND, NOON + SECOND, NOON + 2 * SECOND]
    keep(state, *map(an_occurrence, times), an_occurrence(times[-1], schedule="other"))

    assert withdrawn(state, NOON, 2) == [times[4], times[3]]
    assert left(state) == times[:3]
    assert withdrawn(state, NOON, 2) == [times[2]]
    assert withdrawn(state, NOON, 2) == []
    assert left(state) == times[:2]
    assert left(state, "other") == [times[-1]]


def test_a_decision_that_was_withdrawn_comes_back_as_it_was_and_may_be_made_again(
    state: State,
) -> None:
    kept = an_occurrence(run_id="r")
    keep(state, kept)

    with state.turn() as turn:
        assert list(turn.occurrences.withdraw("daily-close", NOON - SECOND, 9)) == [kept]
        assert turn.occurrences.find("daily-close", NOON) is None

    keep(state, an_occurrence(run_id="another"))
    assert left(state) == [NOON]


def test_what_was_withdrawn_in_a_turn_that_breaks_is_there_again(state: State) -> None:
    keep(state, an_occurrence(), an_occurrence(NOON + SECOND))

    def break_off() -> None:
        with state.turn() as turn:
            turn.occurrences.withdraw("daily-close", NOON - SECOND, 9)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        break_off()

    assert left(state) == [NOON, NOON + SECOND]
