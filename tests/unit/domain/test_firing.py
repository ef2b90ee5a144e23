"""What becomes of nominal times: catching up, pauses, overlap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.domain.firing import Going, judge_firings
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import (
    Decision,
    Overlap,
    Pause,
    Schedule,
    ScheduleKind,
    ScheduleState,
    Timing,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Schedule("hourly", JobKind.NIGHT, Timing(ScheduleKind.FIXED_RATE, every=HOUR))
THREE = [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR]
RAN, SKIPPED = Decision.RAN, Decision.SKIPPED
MISSED, SUPERSEDED = Decision.MISSED, Decision.SUPERSEDED


def a_state(schedule: Schedule = HOURLY, pause: Pause | None = None) -> ScheduleState:
    return ScheduleState(schedule, THREE[0], pause=pause)


NOTHING_GOING = Going()


def decisions(
    schedule: Schedule, going: Going = NOTHING_GOING, *, more_follow: bool = False
) -> list[Decision]:
    verdicts = judge_firings(a_state(schedule), THREE, NOW, going, more_follow=more_follow)
    assert [verdict.nominal for verdict in verdicts] == THREE
    assert all(verdict.reason for verdict in verdicts)
    return [verdict.decision for verdict in verdicts]


def test_what_came_before_the_catch_up_window_is_missed() -> None:
    short = replace(HOURLY, catch_up=timedelta(minutes=90), overlap=Overlap.ALLOW_ALL)

    assert decisions(short) == [MISSED, MISSED, RAN]


@pytest.mark.parametrize(("days", "told"), [(7, "7 days"), (1, "1 day")])
def test_what_is_missed_is_said_to_be_so_late(days: int, told: str) -> None:
    schedule = replace(HOURLY, catch_up=timedelta(days=days))
    nominal = NOW - timedelta(days=days, seconds=1)

    [verdict] = judge_firings(a_state(schedule), [nominal], NOW, NOTHING_GOING)

    assert verdict.decision is MISSED
    assert verdict.reason == f"it came more than {told} before it could be decided"


def test_the_edge_of_the_catch_up_window_is_within_it() -> None:
    to_the_edge = replace(HOURLY, catch_up=3 * HOUR, overlap=Overlap.ALLOW_ALL)

    assert decisions(to_the_edge) == [RAN, RAN, RAN]


def test_a_firing_whose_day_is_no_longer_caught_up_is_missed_whatever_else_holds() -> None:
    newest_only = replace(HOURLY, newest_only=True)

    verdicts = judge_firings(
        a_state(newest_only), THREE, NOW, NOTHING_GOING, days_from=NOW - 2 * HOUR
    )

    assert [verdict.decision for verdict in verdicts] == [MISSED, SUPERSEDED, RAN]
    assert verdicts[0].reason == ("its day had left the catch-up window before it could be decided")


def test_the_newest_of_late_firings_does_the_work_of_all() -> None:
    assert decisions(replace(HOURLY, newest_only=True)) == [SUPERSEDED, SUPERSEDED, RAN]


def test_none_is_the_newest_where_more_follow() -> None:
    newest_only = replace(HOURLY, newest_only=True)

    assert decisions(newest_only, more_follow=True) == [SUPERSEDED] * 3


def test_a_paused_schedule_skips_with_the_note_as_its_reason() -> None:
    pause = Pause("ana", NOW, "stock-taking")

    verdicts = judge_firings(a_state(pause=pause), THREE, NOW, Going())

    assert [verdict.decision for verdict in verdicts] == [SKIPPED] * 3
    assert {verdict.reason for verdict in verdicts} == {"paused by ana: stock-taking"}


def test_a_pause_makes_nothing_of_what_was_missed() -> None:
    short = replace(HOURLY, catch_up=timedelta(minutes=90))
    pause = Pause("ana", NOW, "stock-taking")

    verdicts = judge_firings(a_state(short, pause), THREE, NOW, Going())

    assert [verdict.decision for verdict in verdicts] == [MISSED, MISSED, SKIPPED]


@pytest.mark.parametrize(
    ("overlap", "going", "wanted"),
    [
        (Overlap.SKIP, Going(), [RAN, SKIPPED, SKIPPED]),
        (Overlap.SKIP, Going(under_way=1), [SKIPPED, SKIPPED, SKIPPED]),
        (Overlap.BUFFER_ONE, Going(), [RAN, RAN, SKIPPED]),
        (Overlap.BUFFER_ONE, Going(under_way=1), [RAN, SKIPPED, SKIPPED]),
        (Overlap.BUFFER_ONE, Going(under_way=1, held=1), [SKIPPED, SKIPPED, SKIPPED]),
        (Overlap.BUFFER_ALL, Going(under_way=1, held=4), [RAN, RAN, RAN]),
        (Overlap.CANCEL_OTHER, Going(under_way=1, held=1), [RAN, RAN, RAN]),
        (Overlap.ALLOW_ALL, Going(under_way=3), [RAN, RAN, RAN]),
    ],
)
def test_overlap_policies_do_as_they_are_called(
    overlap: Overlap, going: Going, wanted: list[Decision]
) -> None:
    assert decisions(replace(HOURLY, overlap=overlap), going) == wanted


@pytest.mark.parametrize(
    ("overlap", "held", "cancels"),
    [
        (Overlap.BUFFER_ONE, [False, True], [False, False]),
        (Overlap.BUFFER_ALL, [False, True], [False, False]),
        (Overlap.CANCEL_OTHER, [False, False], [False, True]),
        (Overlap.ALLOW_ALL, [False, False], [False, False]),
    ],
)
def test_of_two_that_run_the_second_waits_cancels_or_goes_beside(
    overlap: Overlap, held: list[bool], cancels: list[bool]
) -> None:
    state = a_state(replace(HOURLY, overlap=overlap))

    verdicts = judge_firings(state, THREE[:2], NOW, Going())

    assert [verdict.is_held for verdict in verdicts] == held
    assert [verdict.cancels for verdict in verdicts] == cancels
