"""The sweep: verify the last closed days every night, and tell people what is no longer true."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verify import verified_event
from aegis_batch.application.verifying import Sealed, Verifying, newest_seal
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.events import JobCompleted, JobStarted, PeriodVerified
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import Notice, NoticeKind, NoticeState
from aegis_batch.domain.run import JobKind, Run
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["SweepJob"]

_ONE_DAY = timedelta(days=1)
# What a message has room for, beside the command that shows them all.
_DAYS_NAMED_MAX = 31


@dataclass(frozen=True, slots=True)
class _Day:
    """A day to look at; it is surely closed, or the Backend is asked whether it is."""

    run: Run
    is_closed: bool
    sealed: Sealed | None


class SweepJob:
    """Verifies the last ``days`` business days that are closed; it sends nothing to the Backend.

    Days in flight and days with an open dead letter are left out: others look after them.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what days there are
        self,
        *,
        ledger: Ledger,
        verifying: Verifying,
        clock: Clock,
        metrics: MetricsSink,
        expectation: Expectation,
        days: int,
        backend: str,
    ) -> None:
        """Take the ports, which days are expected to be closed, and how many are looked at.

        ``backend`` is the identity of the one that they are closed with.
        """
        self._ledger = ledger
        self._verifying = verifying
        self._clock = clock
        self._metrics = metrics
        self._expectation = expectation
        self._days = days
        self._backend = backend

    def do(self, record: RunRecord) -> Ended:
        """Look at every closed day, and keep and tell what was found; see ``Job``.

        A day that can't be read doesn't keep back what was found of the others.
        """
        started = self._clock.monotonic_seconds()
        self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=JobKind.SWEEP))
        found, error = self._verify(self._look(record))
        with self._ledger.turn() as turn:
            _keep(turn, record, found)
        if error is not None:
            raise error
        off = sum(verification.verdict.is_off for verification in found)

        def tell(turn: LedgerTurn) -> None:
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=JobKind.SWEEP,
                    told=f"{len(found)} closed days verified, {off} off",
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=tell)

    def _look(self, record: RunRecord) -> list[_Day]:
        """Return the days that are closed, or may be, oldest first."""
        found = []
        with self._ledger.turn() as turn:
            newest = self._expectation.newest_day(turn.now)
            for day in self._days_until(newest):
                run = record.run_on(day)
                standing = standing_of(turn.state, run.key, self._backend).standing
                if standing in (Standing.CLOSED, Standing.UNKNOWN):
                    sealed = newest_seal(turn.state, run.key)
                    found.append(_Day(run, standing is Standing.CLOSED, sealed))
        return found

    def _days_until(self, newest: date) -> Iterator[date]:
        close_from = self._expectation.close_from
        for behind in reversed(range(self._days)):
            day = newest - behind * _ONE_DAY
            if close_from is None or day >= close_from:
                yield day

    def _verify(self, days: list[_Day]) -> tuple[list[Verification], AegisError | None]:
        """Return what was found, and the error that one day met, if any did."""
        found: list[Verification] = []
        first_error: AegisError | None = None
        for day in days:
            try:
                verification = self._verifying.verify(day.run, day.sealed, is_closed=day.is_closed)
            except AegisError as error:
                first_error = first_error or error
                if error.retryable:
                    # The rest would only wait for the same silence; the next attempt has them all.
                    return found, error
                continue
            if verification is not None:
                found.append(verification)
        return found, first_error


def _keep(turn: LedgerTurn, record: RunRecord, found: list[Verification]) -> None:
    for verification in found:
        if verification.verdict is not Verdict.UNKNOWN:
            turn.state.verifications.save(verification)
        turn.tell(verified_event(record.run, verification))
    if not turn.notifier.takes(NoticeKind.MESSAGE):
        return
    new = [
        verification
        for verification in found
        if verification.verdict.is_off and _is_new(turn, verification)
    ]
    if new:
        _announce(turn, record, new)


def _is_new(turn: LedgerTurn, verification: Verification) -> bool:
    """Remember a finding as told, by a notice that needs no sending; say whether it was new."""
    return turn.state.notices.add(
        Notice(
            key=f"finding:{verification.finding()}",
            kind=NoticeKind.MESSAGE,
            event=PeriodVerified.name,
            text=f"Told with the other findings of a sweep: {verification.key.period}.",
            created_at=turn.now,
            due_at=turn.now,
            state=NoticeState.SENT,
        )
    )


def _announce(turn: LedgerTurn, record: RunRecord, new: list[Verification]) -> None:
    findings = "".join(each.finding() for each in new)
    digest = "sha256:" + hashlib.sha256(findings.encode()).hexdigest()
    days = [each.key.period.first_day for each in new]
    named = ", ".join(map(str, days[:_DAYS_NAMED_MAX]))
    if len(days) > _DAYS_NAMED_MAX:
        named += f" and {len(days) - _DAYS_NAMED_MAX} more"
    told = " ".join(
        f"{each.key.period} is {each.verdict}: {'; '.join(found_lines(each))}." for each in new
    )
    turn.announce(
        NoticeKind.MESSAGE,
        key=f"verify:{record.key.tenant}:{digest}",
        event=PeriodVerified.name,
        # The command comes before the differences, which may be too long to be told in full.
        text=f"Closed days that are off: {named}."
        f" See: aegis-batch verify --from {min(days)} --to {max(days)}. {told}",
    )
