"""What every keeper of the history of runs promises."""

from aegis_batch.application.ports.state import State
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.state_records import NOON, SECOND


def entry(text: str, run_id: str = "r") -> TimelineEntry:
    return TimelineEntry(run_id, NOON, "job.started", text)


def texts(state: State, run_id: str = "r") -> list[str]:
    with state.turn() as turn:
        return [each.text for each in turn.timeline.of(run_id)]


def test_entries_come_in_the_order_in_which_they_were_added(state: State) -> None:
    # The clock went back between them.
    later = TimelineEntry("r", NOON + SECOND, "job.dispatched", "z: first")
    with state.turn() as turn:
        turn.timeline.add([later, entry("a: second")])
    with state.turn() as turn:
        turn.timeline.add([])
        turn.timeline.add([entry("of another", "s"), entry("b: third")])

    with state.turn() as turn:
        assert list(turn.timeline.of("r")) == [later, entry("a: second"), entry("b: third")]
        assert list(turn.timeline.of("s")) == [entry("of another", "s")]
        assert list(turn.timeline.of("unknown")) == []


def test_of_each_run_the_last_two_hundred_entries_are_kept(state: State) -> None:
    with state.turn() as turn:
        turn.timeline.add([entry("alone", "s")])
        turn.timeline.add([entry(str(number)) for number in range(200)])
    assert texts(state) == [str(number) for number in range(200)]

    with state.turn() as turn:
        turn.timeline.add([entry("200"), entry("alone too", "s")])
        turn.timeline.add([entry(str(number)) for number in range(201, 205)])

    assert texts(state) == [str(number) for number in range(5, 205)]
    assert texts(state, "s") == ["alone", "alone too"]
