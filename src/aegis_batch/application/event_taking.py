"""Takes the events that others have put into a table of theirs."""

from collections import OrderedDict
from dataclasses import dataclass

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.event_inbox import EventInbox, Horizon, InboxRow
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["TakeEventsUseCase"]

_BATCH = 200
_BATCHES_MAX = 50
# So far behind what was read rows are looked for each time, so that most that come late are taken
# at once, and those that were given their numbers outside of any transaction are, too.
_OVERLAP = 1_000
_SEEN_MAX = 200_000
_ACTOR = Actor("event-inbox")


@dataclass(frozen=True, slots=True)
class _Fence:
    """A number, and the transaction before which all have to end until no smaller one appears."""

    number: int
    transaction: int


class TakeEventsUseCase:
    """Takes each event once, whatever number its row has, and however often it is read.

    Rows are taken when they are seen first. Since one with a smaller number may appear whenever the
    transaction that it is of ends, the mark that is kept moves up to a number only once all
    transactions have ended that went on when it was seen, and what is before it was read again.
    """

    def __init__(self, ledger: Ledger, starts: JobStarts, inbox: EventInbox) -> None:
        """Take the ledger, what starts jobs, and where the events are."""
        self._ledger = ledger
        self._starts = starts
        self._inbox = inbox
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._newest = 0
        self._fence: _Fence | None = None

    def take(self) -> int:
        """Take a number of events, and return how many were new to this process.

        Where as many runs wait as may, the rest is left for later. Raises ``InboxUnreadable``,
        ``StateUnavailable`` and ``StateMisfit``: nothing is lost.
        """
        horizon = self._inbox.horizon()
        with self._ledger.look() as turn:
            position = turn.job_events.position()
        ended_until = self._ended_until(position, horizon)
        begin = self._newest if ended_until is None else position
        taken, after = 0, max(begin - _OVERLAP, 0)
        for _ in range(_BATCHES_MAX):
            rows = self._inbox.read(after, _BATCH)
            for row in rows:
                if row.number not in self._seen:
                    if not self._take(row):
                        return taken
                    taken += 1
            after = rows[-1].number if rows else max(after, self._newest)
            if ended_until is not None:
                self._advance(min(after, ended_until))
            if not rows:
                break
        return taken

    def _ended_until(self, position: int, horizon: Horizon) -> int | None:
        """Return up to which number no row appears any more, if that is behind the mark."""
        self._newest = max(self._newest, position)
        if self._fence is None or self._fence.number <= position:
            # What was seen before now, and all that may still be given smaller numbers.
            self._fence = _Fence(self._newest, horizon.next)
            old = [number for number in self._seen if number <= position - _OVERLAP]
            for number in old:
                del self._seen[number]
        has_ended = horizon.oldest_open >= self._fence.transaction
        return self._fence.number if has_ended and self._fence.number > position else None

    def _take(self, row: InboxRow) -> bool:
        """Take one event, and say whether that could be done now."""
        if row.event is None:
            self._refuse(row, row.fault or "")
        else:
            try:
                self._starts.take_event(row.event, _ACTOR)
            except InvalidRequest as error:
                if error.code == "queue_full":
                    return False
                self._refuse(row, error.code)
        self._seen[row.number] = None
        self._newest = max(self._newest, row.number)
        while len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        return True

    def _refuse(self, row: InboxRow, why: str) -> None:
        told = f"row {row.number} is no event that can be taken: {why}"
        with self._ledger.turn() as turn:
            # Whoever reads it again is not to tell it again; no event has everyone for its tenant.
            refused = JobEvent(f"row:{row.number}", "RowRefused", EVERYONE, turn.now)
            if turn.state.job_events.add(refused, turn.now):
                turn.state.audit.add(
                    AuditEntry(turn.now, _ACTOR.name, "event.refuse", str(row.number), told)
                )

    def _advance(self, number: int) -> None:
        with self._ledger.look() as turn:
            is_further = number > turn.job_events.position()
        if is_further:
            with self._ledger.turn() as turn:
                turn.state.job_events.advance(number)
