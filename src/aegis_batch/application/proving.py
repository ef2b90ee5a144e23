"""Prove a closed period: all that is kept of it, whether that still holds, and what is so now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.application.chain_check import ChainCheckUseCase, CheckedChain
from aegis_batch.application.history import RunHistory
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import AegisError, StateMisfit
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run import CloseKey, JobKind
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["Proof", "ProveUseCase", "Verifier"]

# Of each kind; more attempts at one period than anybody reads.
_RUNS_MAX = 100
_OF_A_PERIOD = tuple(job for job in JobKind if job.is_of_a_period)


class Verifier(Protocol):
    """Says what is so now of a period that was closed."""

    def verify(self, key: CloseKey) -> Verification:
        """Read again, derive again, and compare; sends nothing.

        Raises ``AegisError`` where the orders, the Backend or a setting stands in the way.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All that is known of a period.

    ``link`` is its newest link, ``None`` where it has none, or none that can be read; ``chain``
    how far its tenant's chain holds. ``runs`` are those about it that are still in the ledger,
    oldest first, at most 100 of each kind of job and then the newest of them; ``letters`` its dead
    letters, which are kept longer.
    """

    key: CloseKey
    made_at: datetime
    link: SealLink | None
    chain: CheckedChain
    runs: tuple[RunHistory, ...]
    letters: tuple[DeadLetter, ...]
    verification: Verification

    @property
    def run(self) -> RunHistory | None:
        """The run that closed it; ``None`` where it is no longer in the ledger."""
        if self.link is None:
            return None
        run_id = self.link.run_id
        return next((history for history in self.runs if history.record.id == run_id), None)

    @property
    def is_off(self) -> bool:
        """Whether the chain, or the comparison of now, found something."""
        return self.chain.broken is not None or self.verification.verdict.is_off

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

    def prove(self, key: CloseKey) -> Proof:
        """Gather all that is known of a period.

        Raises ``StateUnavailable`` and ``StateMisfit``. What keeps the comparison of now from
        being made is told in it, and spoils nothing else.
        """
        made_at = self._clock.now()
        with self._state.look() as turn:
            link = _newest_link(turn, key)
            runs = _runs_of(turn, key, link)
            letters = turn.dead_letters.of(key, _RUNS_MAX)
        chain = self._chains.check_of(key.tenant)
        return Proof(
            key=key,
            made_at=made_at,
            link=link,
            chain=chain,
            runs=runs,
            letters=tuple(letters),
            verification=self._verify(key),
        )

    def _verify(self, key: CloseKey) -> Verification:
        try:
            return self._verifier.verify(key)
        except AegisError as error:
            return Verification(
                key=key,
                verdict=Verdict.UNKNOWN,
                seal_digest=None,
                verified_at=self._clock.now(),
                problem=Problem.of(error),
            )


def _newest_link(turn: Turn, key: CloseKey) -> SealLink | None:
    try:
        return turn.seals.newest_of(key)
    except StateMisfit as misfit:
        if misfit.code != "state_unreadable_row":
            raise
        # What is wrong with it, the check of its chain says.
        return None


def _runs_of(turn: Turn, key: CloseKey, link: SealLink | None) -> tuple[RunHistory, ...]:
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
