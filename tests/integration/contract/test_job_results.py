"""What every keeper of results promises."""

from aegis_batch.application.ports.state import State
from aegis_batch.domain.job_result import JobResult
from tests.integration.state_records import MICROSECOND, NOON, SECOND


def test_a_result_comes_back_as_it_was_kept_last(state: State) -> None:
    last = JobResult("1", NOON + MICROSECOND, '{"ação":1}')
    with state.turn() as turn:
        turn.job_results.keep(JobResult("1", NOON, "{}"))
        turn.job_results.keep(last)
        turn.job_results.keep(JobResult("2", NOON, "{}"))

    with state.look() as turn:
        assert turn.job_results.of(["1", "3"]) == {"1": last}
        assert turn.job_results.of([]) == {}


def test_the_oldest_results_are_forgotten_first(state: State) -> None:
    with state.turn() as turn:
        for place in range(4):
            turn.job_results.keep(JobResult(str(place), NOON + place * SECOND, "{}"))

    with state.turn() as turn:
        assert turn.job_results.forget(NOON + 3 * SECOND, 2) == 2
        assert sorted(turn.job_results.of("0123")) == ["2", "3"]
        assert turn.job_results.forget(NOON + 3 * SECOND, 2) == 1
        assert turn.job_results.forget(NOON + 3 * SECOND, 2) == 0
