"""The sweep: verify the last closed days every night, and tell people what is no longer true."""

import hashlib
import shlex
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.at_once import AtOnce
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.swept_days import SweptDay, SweptDays
from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verify import verified_event
from aegis_batch.application.verifying import Verifying
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.job_events import JobCompleted, JobStarted, PeriodVerified
from aegis_batch.domain.notice import Notice, NoticeKind, NoticeState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.verification import Verdict, Verification

if TYPE_CHECKING:
    from aegis_batch.domain.run import CloseKey

__all__ = ["SweepJob"]

# What a message has room for, beside the command that shows them all.
_DAYS_NAMED_MAX = 31


class SweepJob:
    """Verifies the last ``days`` business days that are closed; it sends nothing to the Backend.

    Days in flight and days with an open dead letter are left out: others look after them.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what is looked at
        self,
        *,
        ledger: Ledger,
        verifying: Verifying,
        clock: Clock,
        metrics: MetricsSink,
        swept: SweptDays,
        at_once: AtOnce,
    ) -> None:
        """Take the ports, and what knows which days are looked at.

        The days of a tenant are read one after the other, and so many tenants ``at_once``.
        """
        self._ledger = ledger
        self._verifying = verifying
        self._clock = clock
        self._metrics = metrics
        self._swept = swept
        self._at_once = at_once

    def do(self, record: RunRecord) -> Ended:
        """Look at every closed day, and keep and tell what was found; see ``Job``.

        A day that can't be read doesn't keep back what was found of the others.
        """
        started = self._clock.monotonic_seconds()
        self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=record.job))
        verified = off = 0
        first_error: AegisError | None = None
        for days in self._swept.pages(record):
            found, error = self._verify(days)
            with self._ledger.turn() as turn:
                _keep(turn, record, found)
            verified += len(found)
            off += sum(verification.verdict.is_off for verification in found)
            first_error = first_error or error
            if error is not None and error.retryable:
                break
        if first_error is not None:
            raise first_error

        def tell(turn: LedgerTurn) -> None:
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=record.job,
                    told=f"{verified} closed days verified, {off} off",
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=tell)

    def _verify(self, days: Sequence[SweptDay]) -> tuple[list[Verification], AegisError | None]:
        """Return what was found, in the order of the days, and the error that one met, if any did.

        Of several errors it is one that may pass, since the next attempt looks at all of them.
        """
        found: dict[CloseKey, Verification] = {}
        errors: list[AegisError] = []
        passing: list[AegisError] = []

        def look_at(tenants_days: Sequence[SweptDay]) -> None:
            for day in tenants_days:
                if passing:
                    # The rest would only wait for the same silence; the next attempt has them all.
                    return
                try:
                    verification = self._verifying.verify(
                        day.run, day.sealed, is_closed=day.is_closed, zone_name=day.zone_name
                    )
                except AegisError as error:
                    (passing if error.retryable else errors).append(error)
                    continue
                if verification is not None:
                    found[day.run.key] = verification

        # What is found is gathered as it is found.
        list(self._at_once.each(look_at, _by_tenant(days)))
        in_order = [found[day.run.key] for day in days if day.run.key in found]
        return in_order, next(iter(passing + errors), None)


def _by_tenant(days: Sequence[SweptDay]) -> Sequence[Sequence[SweptDay]]:
    of_tenants: dict[str, list[SweptDay]] = {}
    for day in days:
        of_tenants.setdefault(day.run.key.tenant, []).append(day)
    return list(of_tenants.values())


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
    named = ", ".join(_named(each) for each in new[:_DAYS_NAMED_MAX])
    if len(days) > _DAYS_NAMED_MAX:
        named += f" and {len(days) - _DAYS_NAMED_MAX} more"
    tenants = {each.key.tenant for each in new}
    # What one tenant's orders say goes into no message about another.
    told = " ".join(
        f"{_named(each)} is {each.verdict}"
        + (f": {'; '.join(found_lines(each))}." if len(tenants) == 1 else ".")
        for each in new
    )
    turn.announce(
        NoticeKind.MESSAGE,
        key=f"verify:{record.key.tenant}:{digest}",
        event=PeriodVerified.name,
        # The command comes before the differences, which may be too long to be told in full.
        text=f"Closed days that are off: {named}."
        f" See: aegis-batch verify{_whose(tenants)} --from {min(days)} --to {max(days)}. {told}",
    )


def _whose(tenants: Collection[str]) -> str:
    """Return the option that names the tenants, where there may be others."""
    if len(tenants) > 1:
        return " --all"
    (tenant,) = tenants
    return "" if tenant == SINGLE else f" --tenant {shlex.quote(tenant)}"


def _named(verification: Verification) -> str:
    """Return a day as people name it, with its tenant where there may be others."""
    tenant, period = verification.key.tenant, verification.key.period
    return str(period) if tenant == SINGLE else f"{tenant} {period}"
