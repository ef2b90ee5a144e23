"""What every audit trail promises."""

from dataclasses import replace

from aegis_batch.application.ports.state import State
from tests.integration.state_records import NOON, SECOND, an_audit_entry


def test_the_last_entries_come_first_whatever_the_clock_said(state: State) -> None:
    first = replace(an_audit_entry("a"), at=NOON + SECOND)
    second, third = an_audit_entry("b"), an_audit_entry("b")
    with state.turn() as turn:
        assert list(turn.audit.newest(9)) == []
        turn.audit.add(first)
        turn.audit.add(second)
    with state.turn() as turn:
        turn.audit.add(third)

    with state.turn() as turn:
        assert list(turn.audit.newest(9)) == [third, second, first]
        assert list(turn.audit.newest(1)) == [third]
