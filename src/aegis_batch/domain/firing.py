"""What becomes of nominal times that have come: the rules of catching up and of overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aegis_batch.domain.schedule import Decision, Overlap, ScheduleState

__all__ = ["Going", "Verdict", "judge_firings"]


@dataclass(frozen=True, slots=True)
class Going:
    """How many runs of a schedule have not ended: under way (or queued), and held behind them."""

    under_way: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a nominal time, with its reason.

    Of one that ran, ``is_held`` says that it waits for the runs before it, and ``cancels`` that it
    cancels them.
    """

    nominal: datetime
    decision: Decision
    reason: str
    is_held: bool = False
    cancels: bool = False


def judge_firings(  # noqa: PLR0913 - the rules look at just these
    state: ScheduleState,
    nominals: Sequence[datetime],
    now: datetime,
    going: Going,
    *,
    more_follow: bool = False,
    days_from: datetime | None = None,
) -> list[Verdict]:
    """Decide about nominal times that have come, oldest first, one verdict for each.

    ``going`` counts the schedule's runs before these; ``more_follow`` says that further nominal
    times have come that are decided after these. A run of a nominal time before ``days_from``
    would find its day no longer among those that are caught up.
    """
    schedule = state.schedule
    oldest = now - schedule.catch_up
    verdicts = []
    for place, nominal in enumerate(nominals):
        is_newest = place == len(nominals) - 1 and not more_follow
        if nominal < oldest:
            reason = f"it came more than {_in_days(schedule.catch_up)} before it could be decided"
            verdict = Verdict(nominal, Decision.MISSED, reason)
        elif days_from is not None and nominal < days_from:
            reason = "its day had left the catch-up window before it could be decided"
            verdict = Verdict(nominal, Decision.MISSED, reason)
        elif state.pause is not None:
            reason = f"paused by {state.pause.by}: {state.pause.note}"
            verdict = Verdict(nominal, Decision.SKIPPED, reason)
        elif schedule.newest_only and not is_newest:
            reason = "a later firing does its work too"
            verdict = Verdict(nominal, Decision.SUPERSEDED, reason)
        else:
            verdict = _overlapping(schedule.overlap, nominal, going)
            going = _after(verdict, going)
        verdicts.append(verdict)
    return verdicts


def _overlapping(overlap: Overlap, nominal: datetime, going: Going) -> Verdict:
    if going.under_way == 0 or overlap is Overlap.ALLOW_ALL:
        return Verdict(nominal, Decision.RAN, "it was due")
    if overlap is Overlap.CANCEL_OTHER:
        return Verdict(nominal, Decision.RAN, "it cancels the run before it", cancels=True)
    if overlap is Overlap.BUFFER_ALL or (overlap is Overlap.BUFFER_ONE and going.held == 0):
        return Verdict(nominal, Decision.RAN, "it follows the run before it", is_held=True)
    if overlap is Overlap.BUFFER_ONE:
        return Verdict(nominal, Decision.SKIPPED, "another one waits for the run before it already")
    return Verdict(nominal, Decision.SKIPPED, "the run before it had not ended")


def _after(verdict: Verdict, going: Going) -> Going:
    if verdict.decision is not Decision.RAN:
        return going
    if verdict.is_held:
        return Going(going.under_way, going.held + 1)
    if verdict.cancels:
        return Going(under_way=1)
    return Going(going.under_way + 1, going.held)


def _in_days(duration: timedelta) -> str:
    days = duration / timedelta(days=1)
    return f"{days:g} day{'' if days == 1 else 's'}"
