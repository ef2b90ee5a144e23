"""What every counter of open runs promises."""

from aegis_batch.application.ports.open_runs import OpenCount
from aegis_batch.application.ports.state import State
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.task import Priority, Task
from tests.integration.state_records import a_key, a_run


def test_runs_that_have_not_ended_are_counted_by_kind_state_and_priority(state: State) -> None:
    urgent = Task(job_name="x", priority=Priority.CRITICAL)
    with state.turn() as turn:
        for place, run_state in enumerate(RunState):
            turn.runs.add(a_run(f"close-{place}", state=run_state))
        for place in range(2):
            turn.runs.add(a_run(f"http-{place}", job=JobKind.HTTP, task=urgent))

    with state.look() as turn:
        counts = turn.open_runs.counts()
    going = [RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING]
    expected = {OpenCount(JobKind.CLOSE, each, None, 1) for each in going}
    expected.add(OpenCount(JobKind.HTTP, RunState.QUEUED, Priority.CRITICAL, 2))
    assert set(counts) == expected
    assert len(counts) == len(expected)


def test_runs_of_one_tenant_are_counted_alone(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("a", key=a_key(tenant="north")))
        turn.runs.add(a_run("b", key=a_key(tenant="south")))

    with state.look() as turn:
        assert turn.open_runs.counts(tenant="north") == [
            OpenCount(JobKind.CLOSE, RunState.QUEUED, None, 1)
        ]
        assert turn.open_runs.counts(tenant="west") == []
