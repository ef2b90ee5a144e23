"""What whoever looks up many schedules promises."""

from aegis_batch.application.ports.state import State
from tests.integration.state_records import a_schedule


def test_schedules_are_found_by_many_names_retired_ones_too(state: State) -> None:
    kept = [a_schedule("b"), a_schedule("c", None), a_schedule("a", retired=True)]
    with state.turn() as turn:
        for each in kept:
            turn.schedules.save(each)

    with state.look() as turn:
        asked = ["a", "c", *(f"none-{number}" for number in range(1_000))]
        assert turn.many_schedules.of(asked) == {"a": kept[2], "c": kept[1]}
        assert turn.many_schedules.of([]) == {}
