"""A night that waited for days does the work of the nights that were skipped behind it."""

from tests.unit.application.office import DAY, HOUR, NIGHTLY, NOON, ONE_DAY, Office

NIGHT = NOON + 14 * HOUR


def a_night_that_waits_for_days() -> Office:
    office = Office([NIGHTLY])
    for days in range(3):
        office.sleep_until(NIGHT + days * ONE_DAY)
        office.fire()
    assert office.decisions("daily-close") == ["RAN", "SKIPPED", "SKIPPED"]
    return office


def test_days_of_the_nights_skipped_behind_it_are_closed_by_the_one_that_ran() -> None:
    office = a_night_that_waits_for_days()

    office.work()

    assert office.closed_days() == [DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY]


def test_what_a_pause_keeps_back_is_not_closed_by_a_night_from_before_it() -> None:
    office = a_night_that_waits_for_days()
    office.control.pause("daily-close", "ana", "stock-taking")

    office.work()

    assert office.closed_days() == [DAY]


def test_a_run_of_no_schedule_looks_at_the_days_of_its_own_time() -> None:
    office = a_night_that_waits_for_days()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()
    office.restart([])

    office.dead_letters.replay([office.letters()[0].run_id], "ana", "mended")
    office.work()

    assert office.closed_days() == [DAY]
