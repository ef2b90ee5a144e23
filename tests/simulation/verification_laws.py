"""The laws of looking again: what is said of a closed period is true, told once, and not sent."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.verification import Verdict, Verification
from tests.simulation.law import BrokenLawError
from tests.simulation.oracle import Facts, Oracle
from tests.simulation.seal_laws import SealLaws
from tests.simulation.snapshots import Snapshots
from tests.simulation.watched_state import Changes
from tests.simulation.world import VERIFY_DAYS

__all__ = ["VerificationLaws"]

_DAY = timedelta(days=1)
_NAMED = re.compile(r"^Closed days that are off: ([0-9, -]+)\.")


@dataclass(frozen=True, slots=True)
class _Begun:
    """What was so when an attempt at a sweep began."""

    at: datetime
    closed: frozenset[CloseKey]
    stored: frozenset[CloseKey]
    left_out: frozenset[CloseKey]
    sealed: frozenset[CloseKey]


class VerificationLaws:
    """Knows what was said of periods, and what of it was told to people."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it compares
        self,
        oracle: Oracle,
        snapshots: Snapshots,
        seals: SealLaws,
        backend: InMemoryReportGateway,
        now: Callable[[], datetime],
        reached: Callable[[str], None],
    ) -> None:
        """Take the oracle, what was shown and sealed, and the clock on the wall."""
        self._oracle = oracle
        self._snapshots = snapshots
        self._seals = seals
        self._backend = backend
        self._now = now
        self._reached = reached
        self.can_find = True
        self.first_day = date.min
        self._begun: dict[str, _Begun] = {}
        # What runs of the queue have closed.
        self.closed: set[CloseKey] = set()
        self._last: dict[CloseKey, Verification] = {}
        self._verified_at: dict[CloseKey, datetime] = {}
        self._told: set[tuple[object, ...]] = set()

    def is_true_still(self, period: Period) -> bool:
        """Say whether each day of a period was found equal to its newest seal when last seen."""
        for day in period.days:
            key = CloseKey("default", day)
            sealed, last = self._seals.newest.get(key), self._last.get(key)
            if sealed is None or last is None or last.verdict is not Verdict.EQUAL:
                return False
            if last.seal_digest != sealed.digest:
                return False
        return True

    def of_commit(self, changes: Changes, left_out: Collection[CloseKey]) -> None:
        """Hold what was verified in a commit, and what a sweep tells of it, against the oracle."""
        found = [self._of_a_verification(verification) for verification in changes.verifications]
        self._of_what_is_told(changes, [finding for finding in found if finding is not None])
        for before, after in changes.runs:
            if after.job is JobKind.SWEEP:
                self._of_a_sweep(before, after, left_out)
            elif after.job is JobKind.CLOSE and after.trigger is not Trigger.HAND:
                self.closed.update({after.key} if after.state is RunState.SUCCEEDED else ())

    def _of_a_verification(self, verified: Verification) -> tuple[object, ...] | None:
        """Return what identifies a finding; ``None`` where all is as it was closed."""
        key = verified.key
        attempt = self._snapshots.attempt
        stored, now = attempt.found.get(key), attempt.facts_of(key.period)
        sealed = self._sealed_beside(verified)
        if now is None:
            raise BrokenLawError(f"{key.period} is {verified.verdict}, and was never read")
        is_missing = self.can_find and stored is None
        base = sealed or now
        apart = () if stored is None else base.apart_from(stored)
        has_changed = sealed is not None and sealed != _whole(now)
        expected = Verdict.EQUAL
        if is_missing:
            expected = Verdict.MISSING
        elif apart and (sealed is not None or not now.broken):
            expected = Verdict.CONFLICT
        elif now.broken:
            expected = Verdict.REJECTED
        elif has_changed:
            expected = Verdict.CHANGED
        if verified.verdict is not expected:
            raise BrokenLawError(
                f"{key.period} is said to be {verified.verdict}: {now}, sealed {sealed},"
                f" at the Backend {stored}"
            )
        self._reached(f"verdict: {verified.verdict}")
        self._last[key], self._verified_at[key] = verified, self._now()
        if expected is Verdict.EQUAL:
            return None
        return (
            *(key, verified.verdict),
            (sealed, _whole(now)) if has_changed else None,
            apart,
            now.broken,
        )

    def _sealed_beside(self, verified: Verification) -> Facts | None:
        newest = self._seals.newest.get(verified.key)
        if verified.seal_digest is None:
            # One that was sealed while a sweep was under way was not there when it began.
            is_known = newest is not None and newest.sealed_at < verified.verified_at
            if is_known and not self._snapshots.attempt.is_interrupted:
                raise BrokenLawError(f"{verified.key.period} was verified without its seal")
            return None
        known = self._seals.by_digest.get(verified.seal_digest)
        if known is None or known.key != verified.key:
            raise BrokenLawError(f"{verified.key.period} was verified beside a seal of others")
        is_newest = newest is known
        if not is_newest and not self._snapshots.attempt.is_interrupted:
            raise BrokenLawError(f"{verified.key.period} was verified beside an older seal")
        return known.facts

    def _of_what_is_told(self, changes: Changes, found: list[tuple[object, ...]]) -> None:
        """A sweep names each finding that nobody was told of, and no other, in one notice."""
        announced = [notice for notice in changes.notices if notice.key.startswith("verify:")]
        if self._snapshots.attempt.is_by_hand:
            if announced:
                raise BrokenLawError("what was verified by hand was told to others")
            return
        new = [finding for finding in found if finding not in self._told]
        if len(new) < len(found):
            self._reached("finding: told before")
        expected = sorted(finding[0].period.first_day for finding in new)  # type: ignore[attr-defined]
        named: list[date] = []
        for notice in announced:
            match = _NAMED.match(notice.text)
            named += map(date.fromisoformat, match[1].split(", ") if match else ())
        if sorted(named) != expected or len(announced) > 1:
            raise BrokenLawError(f"a sweep names {named}, and found anew {expected}")
        if len(new) > 1:
            self._reached("sweep: several findings")
        self._told.update(new)

    def _of_a_sweep(
        self, before: RunRecord | None, after: RunRecord, left_out: Collection[CloseKey]
    ) -> None:
        is_same = before is not None and before.state is after.state
        self._snapshots.attempt.looks_again = after.state is RunState.RUNNING
        if after.state is RunState.RUNNING and (
            before is None or not is_same or before.fence != after.fence
        ):
            self._begun[after.id] = _Begun(
                self._now(),
                frozenset(self.closed),
                frozenset(self._backend.stored),
                frozenset(left_out),
                frozenset(self._seals.newest),
            )
        elif after.state is RunState.SUCCEEDED and not is_same:
            self._of_silence(after, self._begun.pop(after.id), frozenset(left_out))

    def _of_silence(self, sweep: RunRecord, begun: _Begun, left_out: frozenset[CloseKey]) -> None:
        """A sweep that ended well has looked at each day that was surely closed when it began."""
        newest = self._oracle.day_of(begun.at) - _DAY
        oldest = self._oracle.day_of(self._now()) - VERIFY_DAYS * _DAY
        attempt = self._snapshots.attempt
        looked_at = 0
        day = max(oldest, self.first_day)
        while day <= newest:
            key = CloseKey(sweep.key.tenant, Period(PeriodKind.DAY, day))
            day += _DAY
            if key in begun.closed:
                is_due = self.can_find or key in begun.sealed
            else:
                is_due = self.can_find and key in begun.stored
                is_due = is_due and key not in attempt.not_shown and not attempt.is_interrupted
            # One that is closed has a dead letter where another Backend has another report.
            is_left_out = key in begun.left_out or key in left_out
            if is_left_out or not is_due:
                continue
            looked_at += 1
            verified_at = self._verified_at.get(key)
            if verified_at is None or verified_at < begun.at:
                raise BrokenLawError(f"the sweep {sweep.id} has said nothing of {key.period}")
        if looked_at == VERIFY_DAYS:
            self._reached("sweep: a whole window")


def _whole(facts: Facts) -> Facts:
    """Return facts as totals tell them, which don't say what is broken."""
    return Facts(facts.orders, facts.lines, facts.cents, facts.items)
