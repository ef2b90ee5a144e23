"""What has been, for people to look at."""

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind
from tests.unit.application.office import BROKEN, DAY, HOUR, NIGHTLY, NOON, ONE_DAY, Office

NIGHT = NOON + 14 * HOUR


@pytest.fixture
def office() -> Office:
    """Return an office after two nights, the first with a day that was rejected."""
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT + ONE_DAY)
    return office


def test_runs_are_listed_newest_first_and_no_more_than_asked_for(office: Office) -> None:
    runs = office.history.runs(RunFilter(job=JobKind.CLOSE), 10)

    assert [run.key.period.first_day for run in runs] == [DAY + ONE_DAY, DAY]
    assert len(office.history.runs(RunFilter(), 3)) == 3
    assert [run.key.period.first_day for run in office.history.runs(RunFilter(day=DAY), 9)] == [
        DAY,
        DAY,
    ]


def test_runs_of_one_moment_are_listed_by_their_day() -> None:
    office = Office([])
    days = [DAY - place * ONE_DAY for place in range(4)]
    # Ids come in the order of enqueueing, which here is not that of the days.
    for place in (2, 0, 3, 1):
        office.enqueue_close(days[place])

    newest = office.history.runs(RunFilter(), 10)
    oldest = office.history.runs(RunFilter(oldest_first=True), 10)

    assert [run.key.period.first_day for run in newest] == days
    assert [run.key.period.first_day for run in oldest] == days[::-1]


def test_a_run_is_shown_with_its_timeline_and_its_dead_letter(office: Office) -> None:
    (letter,) = office.letters()

    history = office.history.run(letter.run_id)

    assert history.dead_letter == letter == office.history.dead_letter(letter.run_id)
    assert history.record.problem == letter.problem
    assert history.timeline[0].name == "job.dispatched"
    assert history.timeline[-1].name == "job.sent_to_dlq"


def test_a_run_that_went_well_has_no_dead_letter(office: Office) -> None:
    (night, *_) = office.runs(JobKind.NIGHT)

    assert office.history.run(night.id).dead_letter is None


def test_what_there_is_not_is_said_with_where_to_look(office: Office) -> None:
    with pytest.raises(InvalidRequest, match=r"There is no run x\. See .*: aegis-batch runs"):
        office.history.run("x")
    with pytest.raises(InvalidRequest, match=r"There is no dead letter x\. .*dead-letters list"):
        office.history.dead_letter("x")


def test_dead_letters_are_listed_by_their_state(office: Office) -> None:
    office.dead_letters.discard([office.letters()[0].run_id], "ana", "never mind")

    assert list(office.history.dead_letters(DeadLetterState.OPEN, 10)) == []
    assert len(office.history.dead_letters(DeadLetterState.DISCARDED, 10)) == 1


def test_the_audit_is_shown_newest_first_and_no_more_than_asked_for(office: Office) -> None:
    office.control.pause("daily-close", "ana", "stock-taking")
    office.control.resume("daily-close", "bob")

    assert [entry.action for entry in office.history.audit(10)] == [
        "schedule.resume",
        "schedule.pause",
    ]
    assert len(office.history.audit(1)) == 1
