"""The dead letters of closed periods, where a backfill that took them up is cancelled."""

from datetime import date

from aegis_batch.application.backfill_letters import open_again
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind
from tests.integration.state_records import a_backfill, a_dead_letter, a_key, a_run
from tests.unit.application.office import Office

DAY = date(2026, 11, 20)


def test_only_the_letter_whose_replay_was_cancelled_is_open_again() -> None:
    office = Office([])
    record = a_run("cancelled", key=a_key(DAY), job=JobKind.REBUILD)
    with office.ledger.turn() as turn:
        for run_id, replayed_as in (("1", "another"), ("2", "cancelled"), ("3", None)):
            turn.state.dead_letters.save(
                a_dead_letter(
                    run_id,
                    key=a_key(DAY),
                    job=JobKind.REBUILD,
                    state=DeadLetterState.REPLAYED,
                    replayed_as=replayed_as,
                )
            )
        open_again(turn, a_backfill("b"), record)

    with office.state.look() as turn:
        letters = {letter.run_id: letter.state for letter in turn.dead_letters.of(a_key(DAY), 9)}
    assert letters == {
        "1": DeadLetterState.REPLAYED,
        "2": DeadLetterState.OPEN,
        "3": DeadLetterState.REPLAYED,
    }
