"""What every keeper of pauses promises."""

from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.ports.state import State
from aegis_batch.domain.schedule import Pause
from tests.integration.state_records import MICROSECOND, NOON


def test_pauses_are_kept_by_their_scope_until_they_are_taken_away(state: State) -> None:
    first, second = Pause("ana", NOON, "why"), Pause("rui", NOON + MICROSECOND, "ação")
    with state.turn() as turn:
        turn.scheduler_pauses.save(EVERYTHING, first)
        turn.scheduler_pauses.save("nights", first)
        turn.scheduler_pauses.save("nights", second)

    with state.turn() as turn:
        assert turn.scheduler_pauses.all() == {EVERYTHING: first, "nights": second}
        turn.scheduler_pauses.remove(EVERYTHING)
        turn.scheduler_pauses.remove("unknown")
        assert turn.scheduler_pauses.all() == {"nights": second}
