"""Takes the events that others have put into a table of theirs."""

from collections import OrderedDict

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.event_inbox import EventInbox, InboxRow
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["TakeEventsUseCase"]

_BATCH = 200
_BATCHES_MAX = 50
# Rows with smaller numbers than those that were read may appear later: so far back is looked.
_OVERLAP = 1_000
_SEEN_MAX = 10_000
_ACTOR = Actor("event-inbox")


class TakeEventsUseCase:
    """Takes each event once, whatever number its row has, and however often it is read."""

    def __init__(self, ledger: Ledger, starts: JobStarts, inbox: EventInbox) -> None:
        """Take the ledger, what starts jobs, and where the events are."""
        self._ledger = ledger
        self._starts = starts
        self._inbox = inbox
        self._seen: OrderedDict[int, None] = OrderedDict()

    def take(self) -> int:
        """Take a number of events, and return how many were new to this process.

        Where as many runs wait as may, the rest is left for later. Raises ``InboxUnreadable``,
        ``StateUnavailable`` and ``StateMisfit``: nothing is lost.
        """
        with self._ledger.look() as turn:
            position = turn.job_events.position()
        taken, after = 0, max(position - _OVERLAP, 0)
        for _ in range(_BATCHES_MAX):
            rows = self._inbox.read(after, _BATCH)
            if not rows:
                break
            for row in rows:
                if row.number not in self._seen:
                    if not self._take(row):
                        return taken
                    taken += 1
            after = rows[-1].number
            self._advance(after)
        return taken

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
        while len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        return True

    def _refuse(self, row: InboxRow, why: str) -> None:
        told = f"row {row.number} is no event that can be taken: {why}"
        with self._ledger.turn() as turn:
            turn.state.audit.add(
                AuditEntry(turn.now, _ACTOR.name, "event.refuse", str(row.number), told)
            )

    def _advance(self, number: int) -> None:
        with self._ledger.look() as turn:
            is_further = number > turn.job_events.position()
        if is_further:
            with self._ledger.turn() as turn:
                turn.state.job_events.advance(number)
