"""What every keeper of totals promises."""

from aegis_batch.application.ports.state import State
from aegis_batch.domain.job_total import JOBS_MAX, OTHERS, JobTotal


def test_counts_of_the_same_end_add_up(state: State) -> None:
    one = JobTotal("a", "FAILED", "service_failing", 10, 1, 1_500.0)
    with state.turn() as turn:
        turn.job_totals.add(JobTotal("b", "SUCCESS", "", 1, 1, 0.5))
        turn.job_totals.add(one)
        turn.job_totals.add(JobTotal("a", "FAILED", "service_failing", 10, 2, 500.0))
        turn.job_totals.add(JobTotal("a", "FAILED", "service_failing", 1, 1, 2.0))

    with state.look() as turn:
        assert list(turn.job_totals.all()) == [
            JobTotal("a", "FAILED", "service_failing", 1, 1, 2.0),
            JobTotal("a", "FAILED", "service_failing", 10, 3, 2_000.0),
            JobTotal("b", "SUCCESS", "", 1, 1, 0.5),
        ]


def test_jobs_beyond_the_first_are_counted_together(state: State) -> None:
    with state.turn() as turn:
        for number in range(JOBS_MAX + 2):
            turn.job_totals.add(JobTotal(f"job-{number:03}", "SUCCESS", "", 1, 1, 2.0))
        turn.job_totals.add(JobTotal("job-000", "FAILED", "service_failing", 1, 1, 2.0))

    with state.look() as turn:
        found = turn.job_totals.all()
    assert len({each.job for each in found}) == JOBS_MAX + 1
    assert found[0] == JobTotal(OTHERS, "SUCCESS", "", 1, 2, 4.0)
    assert [each.status for each in found if each.job == "job-000"] == ["FAILED", "SUCCESS"]
