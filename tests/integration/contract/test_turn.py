"""What every turn promises: its parts are parts of one transaction, and see one another's work."""

from datetime import timedelta

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.state_records import (
    NOON,
    a_dead_letter,
    a_key,
    a_notice,
    a_run,
    a_schedule,
    a_seal_link,
    a_verification,
    an_audit_entry,
    an_occurrence,
)

ENTRY = TimelineEntry("r", NOON, "job.started", "It began.")


def test_each_part_of_a_turn_sees_what_was_written_in_it(state: State) -> None:
    due_at = NOON + timedelta(hours=1)
    with state.turn() as turn:
        turn.schedules.save(a_schedule("s", due_at))
        turn.occurrences.add(an_occurrence(schedule="s"))
        turn.runs.add(a_run("r"))
        turn.timeline.add([ENTRY])
        turn.dead_letters.save(a_dead_letter("r"))
        turn.seals.add(a_seal_link(1))
        turn.verifications.save(a_verification())
        turn.audit.add(an_audit_entry("r"))
        turn.notices.add(a_notice("n"))

        assert list(turn.schedules.due(due_at, 10)) == [a_schedule("s", due_at)]
        assert list(turn.occurrences.newest("s", 10)) == [an_occurrence(schedule="s")]
        assert turn.runs.get("r") == a_run("r")
        assert list(turn.timeline.of("r")) == [ENTRY]
        assert turn.dead_letters.open_of(a_key(), JobKind.CLOSE) == a_dead_letter("r")
        assert turn.seals.last("default") == a_seal_link(1).kept()
        assert turn.verifications.get(a_key()) == a_verification()
        assert list(turn.audit.newest(10)) == [an_audit_entry("r")]
        assert [notice.key for notice in turn.notices.due(NOON, 10)] == ["n"]


def test_a_turn_sees_its_latest_word_on_what_it_wrote_twice(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        turn.runs.save(a_run("r", attempt=3))

        assert turn.runs.get("r") == a_run("r", attempt=3)
        assert list(turn.runs.search(RunFilter(), 9)) == [a_run("r", attempt=3)]


def test_the_next_turn_sees_what_the_one_before_it_wrote(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        turn.timeline.add([ENTRY])

    with state.turn() as turn:
        assert turn.runs.get("r") == a_run("r")
        assert list(turn.timeline.of("r")) == [ENTRY]


def test_a_turn_goes_on_after_a_deed_that_was_refused(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        with pytest.raises(ValueError, match="r"):
            turn.runs.add(a_run("r"))
        with pytest.raises(KeyError):
            turn.runs.save(a_run("unknown"))
        turn.runs.add(a_run("s"))

    with state.turn() as turn:
        assert [run.id for run in turn.runs.search(RunFilter(oldest_first=True), 9)] == ["r", "s"]
