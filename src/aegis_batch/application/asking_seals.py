"""What a close asks the seals, which it can do without: the state is no condition for a close."""

from aegis_batch.application.close_journal import CloseJournal
from aegis_batch.application.sealed_days import MergedDays, SealedDays
from aegis_batch.application.verification_text import change_lines
from aegis_batch.application.verifying import Sealed
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.totals import Totals

__all__ = ["may_be_ours", "merged_of", "other_than_sealed", "sealed_of"]


def may_be_ours(seals: SealedDays | None, run: Run, journal: CloseJournal) -> bool:
    """Say whether the report that a run finds may be one from here, as far as can be known."""
    if seals is None:
        return False
    try:
        return seals.may_be_ours(run.key, run.id)
    except (StateUnavailable, StateMisfit) as error:
        journal.could_not_merge(error.code)
        return True


def merged_of(
    seals: SealedDays | None, key: CloseKey, zone_name: str | None, journal: CloseJournal
) -> MergedDays | None:
    """Return what the days of a period add up to; ``None`` where the orders have to be read."""
    if seals is None:
        return None
    try:
        return seals.merged(key, zone_name)
    except (StateUnavailable, StateMisfit) as error:
        journal.could_not_merge(error.code)
        return None


def other_than_sealed(  # noqa: PLR0913 - what was derived, and what it is held against
    sealed: Sealed | None,
    key: CloseKey,
    totals: Totals,
    report: Report,
    *,
    can_replace: bool,
    is_rebuild: bool,
) -> Problem | None:
    """Return how what was derived differs from what the period was closed with here.

    ``None`` where it is the same, and where no seal is known. Where reports can be replaced, a
    rebuild may bring another report: it takes the place of the sealed one, and both are kept. Other
    totals under the same report are a problem always: nothing is replaced that would show them.
    """
    if sealed is None:
        return None
    differences = sealed.differences(report)
    if differences and can_replace and is_rebuild:
        return None
    change = sealed.change_to(totals)
    told = [each.told("now", "there") for each in differences]
    if change is not None:
        told = change_lines(change)
    if not told:
        return None
    replaceable = can_replace and bool(differences)
    return Problem.of_another_seal(told, key.period.kind, is_replaceable=replaceable)


def sealed_of(seals: SealedDays | None, key: CloseKey, journal: CloseJournal) -> Sealed | None:
    """Return what a period was closed with here last; ``None`` where no seal is known."""
    if seals is None:
        return None
    try:
        return seals.sealed(key)
    except (StateUnavailable, StateMisfit) as error:
        journal.could_not_merge(error.code)
        return None
