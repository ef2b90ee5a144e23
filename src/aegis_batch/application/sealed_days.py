"""Adds up a week or a month from the seals of its days, where these are known to be true still."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.earlier_attempts import may_have_handed_over
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.verifying import Sealed, newest_seal
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_chain import judge_alone
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Verdict

__all__ = ["MergedDays", "SealedDays"]


@dataclass(frozen=True, slots=True)
class MergedDays:
    """What the seals of a period's days add up to, in the form of a reading of orders.

    Its snapshot names how many seals it was merged from, and the digest over theirs.
    """

    days: int
    reading: Reading


class SealedDays:
    """Knows the seals of days, and merges them; no order is read for it.

    Merged totals equal a direct reading's as far as seals can tell. An order id that stands in two
    days breaks no rule in either of them, so a reading of the whole period alone would find it.
    """

    def __init__(
        self, look: Callable[[], AbstractContextManager[Turn]], policy: ReportPolicy
    ) -> None:
        """Take what opens the state to read in (``State.look``), and what reports depend on."""
        self._look = look
        self._policy = policy

    def may_be_ours(self, key: CloseKey, run_id: str) -> bool:
        """Say whether the report that is found of a period may have come from here.

        So it is where the period has a seal, and where an attempt before that of a run may have
        handed it over, and ended before it could be sealed. Raises as ``merged`` does.
        """
        with self._look() as turn:
            return bool(turn.seals.of(key, 1)) or may_have_handed_over(turn, key, run_id)

    def sealed(self, key: CloseKey) -> Sealed | None:
        """Return what a period was closed with here last.

        Raises ``StateUnavailable``, and ``StateMisfit`` also for a seal that is not as it was kept.
        """
        with self._look() as turn:
            sealed = newest_seal(turn, key)
        if isinstance(sealed, BrokenLink):
            raise _misfit_of(sealed)
        return sealed

    def merged(self, key: CloseKey, zone_name: str | None = None) -> MergedDays | None:
        """Return what the days of a week or a month add up to, by the calendar of a zone.

        ``None`` where any day of the period has no seal, has one that was made for
        another window or with another version of Unicode, or was not found to be equal when that
        very seal was verified last. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        calendar = self._policy.calendars.of(zone_name)
        totals, digests = Totals(), hashlib.sha256()
        days = key.period.days
        for day in days:
            link = self._true_still(CloseKey(key.tenant, day), calendar)
            if link is None:
                return None
            # One at a time: memory is bounded by the items of the period, not of all its days.
            totals = totals.merge(link.sealed.totals)
            digests.update(f"{link.kept().digest}\n".encode())
        snapshot = f"merged from {len(days)} seals sha256:{digests.hexdigest()}"
        return MergedDays(len(days), Reading(snapshot, (totals,)))

    def _true_still(self, key: CloseKey, calendar: Calendar) -> SealLink | None:
        """Return the newest seal of a day where it can stand for the day's orders."""
        with self._look() as turn:
            newest = turn.seals.of(key, 1)
            verification = turn.verifications.get(key)
        if not newest or verification is None:
            return None
        link = judge_alone(newest[0])
        if isinstance(link, BrokenLink):
            raise _misfit_of(link)
        is_verified = (
            verification.verdict is Verdict.EQUAL and verification.seal_digest == newest[0].digest
        )
        return link if is_verified and self._fits(link, calendar.window_of(key.period)) else None

    def _fits(self, link: SealLink, window: Window) -> bool:
        sealed = link.sealed
        # Another calendar makes other days; another Unicode may tell names apart that are one.
        return (
            sealed.seal.window == window
            and sealed.seal.versions.unicode == self._policy.versions.unicode
        )


def _misfit_of(broken: BrokenLink) -> StateMisfit:
    problem = broken.as_problem()
    return StateMisfit(problem.code, problem.message, problem.remedy)
