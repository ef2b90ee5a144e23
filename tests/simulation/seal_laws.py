"""The laws of seals: an unbroken chain, one link for each close that derived what it confirmed."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.application.chain_check import ChainsChecked
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import SealLink
from tests.simulation.law import BrokenLawError
from tests.simulation.oracle import Facts, Oracle
from tests.simulation.snapshots import Snapshots
from tests.simulation.watched_state import Changes

__all__ = ["KnownSeal", "SealLaws"]

_TENANT = "default"
_ALL = 1_000_000
_CLOSES = (JobKind.CLOSE, JobKind.REBUILD)


@dataclass(frozen=True, slots=True)
class KnownSeal:
    """A link of the chain, as it was when it was committed."""

    key: CloseKey
    digest: str
    facts: Facts
    sealed_at: datetime


class SealLaws:
    """Knows the chain as it must be, from the text of its links alone."""

    def __init__(
        self,
        oracle: Oracle,
        snapshots: Snapshots,
        state: InMemoryState,
        reached: Callable[[str], None],
    ) -> None:
        """Take what readers are shown, and the state behind its faults."""
        self._oracle = oracle
        self._snapshots = snapshots
        self._state = state
        self._reached = reached
        self._chain: list[str] = []
        # The runs that have handed something over, in whichever attempt.
        self.have_sent: set[str] = set()
        self.by_digest: dict[str, KnownSeal] = {}
        self.newest: dict[CloseKey, KnownSeal] = {}

    def of_commit(self, changes: Changes) -> None:
        """Each close that ended well and had derived a report is sealed with it; no other is."""
        ended_well = [
            after
            for before, after in changes.runs
            if after.state is RunState.SUCCEEDED
            and after.job in _CLOSES
            and (before is None or before.state is not after.state)
        ]
        sealed = [link.run_id for link in changes.seals]
        # A longer period that the Backend has already may be merged from seals: nothing is read.
        derived = [
            run.id
            for run in ended_well
            if self._derived(run)
            or (run.key.period.kind is not PeriodKind.DAY and run.id in sealed)
        ]
        if derived != sealed:
            raise BrokenLawError(f"{derived} have derived what they confirmed, sealed is {sealed}")
        for run in ended_well:
            if run.id in self.have_sent and run.id not in sealed:
                raise BrokenLawError(f"{run.id} has handed over, was confirmed, and is not sealed")
        for link in changes.seals:
            if link.outcome is Outcome.ALREADY_CLOSED and link.run_id in self.have_sent:
                self._reached("seal: of what an earlier attempt sent")
            self._of_a_link(link)

    def of_the_chain(self) -> None:
        """The chain is what was committed, link by link."""
        with self._state.turn() as turn:
            kept = turn.seals.after(_TENANT, 0, _ALL)
        digests = [_digest(link.content) for link in kept]
        if digests != self._chain:
            raise BrokenLawError(f"{len(digests)} links are not the {len(self._chain)} committed")

    def of_an_audit(self, checked: ChainsChecked) -> None:
        """An audit finds each link that was committed, and finds it whole."""
        if checked.broken or checked.links != len(self._chain):
            raise BrokenLawError(f"an audit of {len(self._chain)} links finds {checked}")

    def merged(self, period: Period) -> Facts | None:
        """Return what the newest seals of a period's days come to; ``None``: a day has none."""
        facts = Facts()
        for day in period.days:
            known = self.newest.get(CloseKey(_TENANT, day))
            if known is None:
                return None
            facts += known.facts
        return facts

    def _derived(self, run: RunRecord) -> bool:
        attempt = self._snapshots.attempt
        return attempt.facts_of(run.key.period) is not None or run.key in attempt.tried

    def _of_a_link(self, link: SealLink) -> None:
        place = len(self._chain)
        with self._state.turn() as turn:
            kept = turn.seals.after(_TENANT, place, 2)
        told = json.loads(kept[0].content) if kept else {}
        previous = self._chain[-1] if self._chain else "sha256:" + "0" * 64
        if len(kept) != 1 or (told["number"], told["previous"]) != (place + 1, previous):
            raise BrokenLawError(f"link {place + 1}, of run {link.run_id}, breaks the chain")
        digest = _digest(kept[0].content)
        if kept[0].digest != digest:
            raise BrokenLawError(f"link {place + 1} is kept with another digest than its own")
        period, facts = link.key.period, _facts(told["totals"])
        shown = self._snapshots.attempt.facts_of(period)
        if shown is None and period.kind is not PeriodKind.DAY:
            shown = self.merged(period)
            self._reached(f"{period.kind}: merged from seals")
        elif period.kind is not PeriodKind.DAY:
            self._reached(f"{period.kind}: read")
        if shown != facts:
            raise BrokenLawError(f"{period} is sealed with {facts}, and was read as {shown}")
        if told["body"].encode() != self._oracle.body(period.first_day, facts):
            raise BrokenLawError(f"{period} is sealed with a report of something else")
        known = KnownSeal(link.key, digest, facts, link.sealed_at)
        self._chain.append(digest)
        if link.key in self.newest:
            self._reached("seal: of a period that has one")
        self.by_digest[digest] = self.newest[link.key] = known


def _digest(content: str) -> str:
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _facts(totals: dict[str, Any]) -> Facts:
    items = tuple((name, int(quantity)) for name, quantity in totals["items"])
    return Facts(totals["orders"], totals["lines"], int(Decimal(totals["revenue"]) * 100), items)
