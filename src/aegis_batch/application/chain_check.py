"""Walk the chains of seals, and name the first link of each that does not hold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_chain import (
    Footing,
    judge_absence,
    judge_link,
    judge_run,
    judge_stray,
    unlinked,
)
from aegis_batch.domain.seal_link import SealLink

__all__ = ["ChainCheckUseCase", "ChainsChecked", "CheckedChain"]

_LINKS_A_PAGE = 200
_TENANTS_A_PAGE = 200
_UNLINKED_MAX = 1_000
# No number is as low, whatever somebody made of one.
_BELOW_ALL = -(2**63)
_UNLINKED = RunFilter(states=frozenset({RunState.SUCCEEDED}), unlinked=True, oldest_first=True)


@dataclass(frozen=True, slots=True)
class CheckedChain:
    """How far a tenant's chain holds.

    ``holds`` is the last link that does: its number counts them, its digest stands for them all.
    ``runs`` counts those that are still in the ledger and were compared. ``broken`` is the first
    link that doesn't hold, if one doesn't; none behind it was looked at.
    """

    tenant: str
    holds: Footing
    runs: int
    broken: BrokenLink | None = None


@dataclass(frozen=True, slots=True)
class ChainsChecked:
    """What came of checking the chains of all tenants, in the order of their names.

    ``forgotten_before`` is the instant that runs were deleted up to for their age, so that no
    younger one may be missing; ``None`` where none was deleted.
    """

    chains: tuple[CheckedChain, ...]
    forgotten_before: datetime | None = None

    @property
    def links(self) -> int:
        """How many links hold."""
        return sum(chain.holds.number for chain in self.chains)

    @property
    def runs(self) -> int:
        """How many runs were compared with their links."""
        return sum(chain.runs for chain in self.chains)

    @property
    def broken(self) -> tuple[BrokenLink, ...]:
        """The first broken link of each chain that has one."""
        return tuple(chain.broken for chain in self.chains if chain.broken is not None)


class ChainCheckUseCase:
    """Checks chains page by page; nothing is written, and no close waits for it."""

    def __init__(self, state: State) -> None:
        """Take the state."""
        self._state = state

    def check(self) -> ChainsChecked:
        """Check the chains of all tenants; raises ``StateUnavailable`` and ``StateMisfit``."""
        chains = {tenant: self._walk(tenant) for tenant in self._tenants()}
        # Looked for after the walk: what was closed meanwhile has both, its run and its link.
        for record in self._unlinked():
            tenant = record.key.tenant
            chains[tenant] = _ended_early(chains.get(tenant, _empty(tenant)), record)
        with self._state.look() as turn:
            forgotten_before = turn.retention.runs_forgotten_before()
        return ChainsChecked(tuple(chains[tenant] for tenant in sorted(chains)), forgotten_before)

    def check_only(self, tenant: str) -> ChainsChecked:
        """Check the chain of one tenant as ``check`` does those of all."""
        chain = self.check_of(tenant)
        with self._state.look() as turn:
            forgotten_before = turn.retention.runs_forgotten_before()
        is_there = chain.holds.number or chain.broken is not None
        return ChainsChecked((chain,) if is_there else (), forgotten_before)

    def check_of(self, tenant: str) -> CheckedChain:
        """Check the chain of one tenant; raises ``StateUnavailable`` and ``StateMisfit``."""
        chain = self._walk(tenant)
        for record in self._unlinked():
            if record.key.tenant == tenant:
                chain = _ended_early(chain, record)
        return chain

    def _tenants(self) -> Iterator[str]:
        last = ""
        while True:
            with self._state.look() as turn:
                found = turn.seals.tenants_after(last, _TENANTS_A_PAGE)
            yield from found
            if len(found) < _TENANTS_A_PAGE:
                return
            last = found[-1]

    def _unlinked(self) -> list[RunRecord]:
        with self._state.look() as turn:
            return list(turn.runs.search(_UNLINKED, _UNLINKED_MAX))

    def _walk(self, tenant: str) -> CheckedChain:
        footing, runs = Footing(), 0
        while True:
            with self._state.look() as turn:
                page = turn.seals.after(tenant, footing.number, _LINKS_A_PAGE)
                for kept in page:
                    link = judge_link(kept, footing)
                    if isinstance(link, BrokenLink):
                        return CheckedChain(tenant, footing, runs, link)
                    is_known, broken = _compare(link, turn)
                    if broken is not None:
                        return CheckedChain(tenant, footing, runs, broken)
                    runs += is_known
                    footing = Footing(kept.number, kept.digest)
                if len(page) < _LINKS_A_PAGE:
                    lowest = turn.seals.after(tenant, _BELOW_ALL, 1)
                    stray = judge_stray(lowest[0], footing) if lowest else None
                    return CheckedChain(tenant, footing, runs, stray)


def _compare(link: SealLink, turn: Turn) -> tuple[bool, BrokenLink | None]:
    """Say whether a link's run is still in the ledger, and what is wrong with it."""
    try:
        record = turn.runs.get(link.run_id)
    except StateMisfit as misfit:
        if misfit.code != "state_unreadable_row":
            raise
        return True, judge_run(link, None)
    if record is None:
        # Of the same moment as the run: what is forgotten meanwhile is old in both, or in neither.
        return False, judge_absence(link, turn.retention.runs_forgotten_before())
    return True, judge_run(link, record)


def _empty(tenant: str) -> CheckedChain:
    return CheckedChain(tenant, Footing(), 0)


def _ended_early(chain: CheckedChain, record: RunRecord) -> CheckedChain:
    """Return a chain of which a run's link is missing, at its end unless it is broken before."""
    broken = chain.broken
    broken = unlinked(record, chain.holds) if broken is None else broken.of_run(record)
    return replace(chain, broken=broken)
