"""What every keeper of events promises."""

from dataclasses import replace

from aegis_batch.application.ports.state import State
from aegis_batch.domain.job_event import JobEvent
from tests.integration.state_records import NOON, SECOND

EVENT = JobEvent("1", "TenantCreated", "north", NOON)


def test_an_event_is_new_once_for_each_tenant_and_id(state: State) -> None:
    with state.turn() as turn:
        assert turn.job_events.add(EVENT, NOON)
        assert not turn.job_events.add(replace(EVENT, type="Other"), NOON + SECOND)
        assert turn.job_events.add(replace(EVENT, tenant="south"), NOON)
        assert turn.job_events.add(replace(EVENT, id="2"), NOON)


def test_how_far_an_inbox_was_read_never_goes_back(state: State) -> None:
    with state.turn() as turn:
        assert turn.job_events.position() == 0
        turn.job_events.advance(2**40)
        turn.job_events.advance(7)

    with state.look() as turn:
        assert turn.job_events.position() == 2**40


def test_the_oldest_events_are_forgotten_first(state: State) -> None:
    with state.turn() as turn:
        for place in range(3):
            turn.job_events.add(replace(EVENT, id=str(place)), NOON + place * SECOND)

    with state.turn() as turn:
        assert turn.job_events.forget(NOON + 2 * SECOND, 1) == 1
        assert turn.job_events.add(replace(EVENT, id="0"), NOON + 9 * SECOND)
        assert not turn.job_events.add(replace(EVENT, id="1"), NOON)
        assert turn.job_events.forget(NOON + 2 * SECOND, 9) == 1
