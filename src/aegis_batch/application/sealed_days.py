"""Adds up a week or a month from the seals of its days, where these are known to be true still."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey
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

    def merged(self, key: CloseKey) -> MergedDays | None:
        """Return what the days of a week or a month add up to.

        ``None`` for a day, and where any day of the period has no seal, has one that was made for
        another window or with another version of Unicode, or was not found to be equal when that
        very seal was verified last. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if key.period.kind is PeriodKind.DAY:
            return None
        totals, digests = Totals(), hashlib.sha256()
        days = key.period.days
        for day in days:
            link = self._true_still(CloseKey(key.tenant, day))
            if link is None:
                return None
            # One at a time: memory is bounded by the items of the period, not of all its days.
            totals = totals.merge(link.sealed.totals)
            digests.update(f"{link.kept().digest}\n".encode())
        snapshot = f"merged from {len(days)} seals sha256:{digests.hexdigest()}"
        return MergedDays(len(days), Reading(snapshot, (totals,)))

    def _true_still(self, key: CloseKey) -> SealLink | None:
        """Return the newest seal of a day where it can stand for the day's orders."""
        with self._look() as turn:
            link = turn.seals.newest_of(key)
            verification = turn.verifications.get(key)
        if link is None or verification is None:
            return None
        is_verified = (
            verification.verdict is Verdict.EQUAL and verification.seal_digest == link.kept().digest
        )
        return link if is_verified and self._fits(link, key.period) else None

    def _fits(self, link: SealLink, day: Period) -> bool:
        sealed = link.sealed
        # Another calendar makes other days; another Unicode may tell names apart that are one.
        return (
            sealed.seal.window == self._policy.calendar.window_of(day)
            and sealed.seal.versions.unicode == self._policy.versions.unicode
        )
