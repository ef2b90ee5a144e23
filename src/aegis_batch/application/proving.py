"""Prove a closed period: all that is kept of it, whether that still holds, and what is so now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.application.chain_check import ChainCheckUseCase, CheckedChain
from aegis_batch.application.earlier_attempts import may_have_sent, was_begun_before
from aegis_batch.application.history import RunHistory
from aegis_batch.application.period_links import PeriodLinks
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.broken_link import Breach, BrokenLink
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import AegisError, StateMisfit
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run import CloseKey, JobKind
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_chain import judge_absence
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["Proof", "ProveUseCase", "Verifier"]

# Of each kind; more attempts at one period than anybody reads.
_RUNS_MAX = 100
_OF_A_PERIOD = tuple(job for job in JobKind if job.is_of_a_period)


class Verifier(Protocol):
    """Says what is so now of a period that was closed."""

    def verify(self, key: CloseKey, zone_name: str | None) -> Verification:
        """Read again by the calendar of a zone, derive again, and compare; sends nothing.

        Raises ``AegisError`` where the orders, the Backend or a setting stands in the way.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All that is known of a period.

    ``links`` are its links, none where one can't be read; ``link`` the one of them that says what
    was sent, or found there where no run saw its report taken; ``None`` where there is none.
    ``chain`` is how far its tenant's chain holds. ``runs`` are those about it that are still in
    the ledger, oldest first, at most 100 of each kind of job and then the newest of them;
    ``letters`` its dead letters, which are kept longer. ``absence`` says what is wrong where the
    run of the link is not there, and is too young to have been deleted for its age. Where the row
    of one run can't be read, ``runs_are_unreadable``, and none is here.
    """

    key: CloseKey
    made_at: datetime
    links: PeriodLinks
    chain: CheckedChain
    runs: tuple[RunHistory, ...]
    letters: tuple[DeadLetter, ...]
    verification: Verification
    absence: BrokenLink | None = None
    runs_are_unreadable: bool = False

    @property
    def link(self) -> SealLink | None:
        """The link that the proof is about."""
        return self.links.shown

    @property
    def link_fault(self) -> BrokenLink | None:
        """What is wrong with the link by itself, or with how it stands between its neighbours.

        Then the link says what somebody made of it, and nothing says what was sealed.
        """
        broken = self.chain.broken
        if self.link is None or broken is None or self.links.fault is not None:
            return self.links.fault
        is_beside = broken.number in (self.link.number, self.link.number + 1)
        return broken if is_beside and broken.breach is Breach.PREVIOUS else None

    @property
    def run(self) -> RunHistory | None:
        """The run of the link; ``None`` where it is no longer in the ledger."""
        if self.link is None:
            return None
        run_id = self.link.run_id
        return next((history for history in self.runs if history.record.id == run_id), None)

    @property
    def may_have_been_sent(self) -> bool:
        """Whether no run saw the report taken that is sealed, but one may have sent it before.

        That is an earlier attempt of the link's run, or another run, whose answer was lost.
        """
        link = self.link
        if link is None or self.links.was_sent:
            return False
        if link.made is not None and link.made.attempt > 1:
            return True
        before = [each for each in self.runs if _began_before(each.record, link.sealed_at)]
        return any(was_begun_before(each.record, each.timeline) for each in before) or any(
            may_have_sent(each.record) for each in before
        )

    @property
    def is_off(self) -> bool:
        """Whether the evidence was changed, or a later look found other figures, or one of now."""
        is_otherwise = self.links.later_differ or self.verification.verdict.is_off
        return self.was_changed or is_otherwise

    @property
    def was_changed(self) -> bool:
        """Whether the chain or the seal is broken, or the run of the link was taken away."""
        is_broken = self.chain.broken is not None or self.seal_was_changed
        return is_broken or self.absence is not None

    @property
    def seal_was_changed(self) -> bool:
        """Whether the comparison of now found the seal changed, and so compared nothing."""
        return self.verification.verdict is Verdict.SEAL_CHANGED

    @property
    def link_holds(self) -> bool:
        """Whether the chain holds up to its link, and the next link vouches for it too."""
        broken = self.chain.broken
        if self.link is None:
            return False
        # What follows carries the digest of this one, so that a fault there may be one of this.
        return broken is None or broken.number > self.link.number + 1


class ProveUseCase:
    """Gathers the proof of a period; nothing is sent."""

    def __init__(
        self, state: State, chains: ChainCheckUseCase, verifier: Verifier, clock: Clock
    ) -> None:
        """Take the state, what checks its chains, what looks again, and the clock."""
        self._state = state
        self._chains = chains
        self._verifier = verifier
        self._clock = clock

    def prove(self, key: CloseKey, zone_name: str | None = None) -> Proof:
        """Gather all that is known of a period.

        ``zone_name`` is the zone of the tenant's calendar, where no run says by which one the
        period was closed.
        Raises ``StateUnavailable`` and ``StateMisfit``. What keeps the comparison of now from
        being made is told in it, and spoils nothing else.
        """
        made_at = self._clock.now()
        with self._state.look() as turn:
            links = PeriodLinks.of(turn, key)
            link = links.shown
            runs = _runs_of(turn, key, link)
            letters = turn.dead_letters.of(key, _RUNS_MAX)
            absence = None if runs is None else _absence(turn, link, runs)
        chain = self._chains.check_of(key.tenant)
        return Proof(
            key=key,
            made_at=made_at,
            links=links,
            chain=chain,
            runs=runs or (),
            runs_are_unreadable=runs is None,
            letters=tuple(letters),
            verification=self._verify(key, runs[-1].record.zone_name if runs else zone_name),
            absence=absence,
        )

    def _verify(self, key: CloseKey, zone_name: str | None) -> Verification:
        try:
            return self._verifier.verify(key, zone_name)
        except AegisError as error:
            return Verification(
                key=key,
                verdict=Verdict.UNKNOWN,
                seal_digest=None,
                verified_at=self._clock.now(),
                problem=Problem.of(error),
            )


def _began_before(record: RunRecord, at: datetime) -> bool:
    return record.started_at is not None and record.started_at < at


def _absence(turn: Turn, link: SealLink | None, runs: tuple[RunHistory, ...]) -> BrokenLink | None:
    if link is None or any(history.record.id == link.run_id for history in runs):
        return None
    return judge_absence(link, turn.retention.runs_forgotten_before())


def _runs_of(turn: Turn, key: CloseKey, link: SealLink | None) -> tuple[RunHistory, ...] | None:
    """Return the runs of a period; ``None`` where one of them can't be read."""
    try:
        return _readable_runs_of(turn, key, link)
    except StateMisfit as misfit:
        if misfit.code != "state_unreadable_row":
            raise
        return None


def _readable_runs_of(turn: Turn, key: CloseKey, link: SealLink | None) -> tuple[RunHistory, ...]:
    found = [
        record
        for job in _OF_A_PERIOD
        for record in turn.runs.search(RunFilter(key=key, job=job), _RUNS_MAX)
    ]
    if link is not None and all(record.id != link.run_id for record in found):
        # It may be among those that are too many, or stand under another key, as no run should.
        record = turn.runs.get(link.run_id)
        found += [] if record is None else [record]
    found.sort(key=lambda record: (record.enqueued_at, record.id))
    return tuple(
        RunHistory(record, tuple(turn.timeline.of(record.id)), turn.dead_letters.get(record.id))
        for record in found
    )
