"""Delivers notices: each until it has arrived, or has been tried often enough."""

from dataclasses import replace
from datetime import datetime, timedelta

from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.timings import AHEAD_MAX
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.job_events import NoticeDelivered, NoticeFailed, NoticeGivenUp
from aegis_batch.domain.notice import LETTER_KEY, Notice, NoticeState
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["DeliverNoticesUseCase"]

_NOTICES_MAX = 10
_ATTEMPTS_MAX = 20
_WAIT = timedelta(seconds=30)
_WAIT_MAX = timedelta(hours=1)
_EVER = timedelta(days=36_500)
# Longer than a sending and the turn that notes it can take.
_CLAIMED_FOR = timedelta(minutes=1)


class DeliverNoticesUseCase:
    """Sends what is due, one notice after the other, each claimed before it is sent.

    While it is claimed it is due for nobody else. Who dies meanwhile leaves it to be sent when the
    claim has run out, once more if that was between sending and noting it: the key in the message
    says that it is the same.
    """

    def __init__(
        self, ledger: Ledger, notifier: Notifier, claimed_for: timedelta = _CLAIMED_FOR
    ) -> None:
        """Take the ledger, what delivers, and for how long a notice is claimed."""
        self._ledger = ledger
        self._notifier = notifier
        self._claimed_for = claimed_for

    def deliver(self) -> int:
        """Try notices that are due, ten at most, and return how many there were.

        A defect in a delivery counts as a failed attempt, and is raised when all have been tried.
        """
        count, defects = 0, list[Exception]()
        while count < _NOTICES_MAX and (notice := self._claim()) is not None:
            count += 1
            if (defect := self._deliver(notice)) is not None:
                defects.append(defect)
        if defects:
            raise defects[0]
        return count

    def _claim(self) -> Notice | None:
        """Return a notice that is due, and have it due for nobody else while it is sent."""
        with self._ledger.turn() as turn:
            due = list(turn.state.notices.due(turn.now, 1))
            if not due:
                # What waits for a moment that only a clock far ahead can have named is due now.
                pending = turn.state.notices.due(turn.now + _EVER, _NOTICES_MAX)
                due = [notice for notice in pending if notice.due_at > turn.now + AHEAD_MAX]
            if not due:
                return None
            claimed = replace(due[0], due_at=turn.now + self._claimed_for)
            turn.state.notices.save(claimed)
            return replace(claimed, tenant=_tenant_of(turn, claimed))

    def _deliver(self, notice: Notice) -> Exception | None:
        attempts = notice.attempts + 1
        is_last = attempts >= _ATTEMPTS_MAX
        code, defect = None, None
        if self._notifier.takes(notice.kind):
            try:
                self._notifier.deliver(notice)
            except NoticeUndelivered as error:
                if error.not_before is not None:
                    self._put_back(notice, error.not_before)
                    return None
                code = error.code
            except Exception as error:  # noqa: BLE001 - it must not hold up the others for ever
                code, defect = "defect", error
        else:
            # The settings have changed since it was written.
            code, is_last = "no_receiver", True
        with self._ledger.turn() as turn:
            tried = replace(notice, attempts=attempts, tenant=None)
            if code is None:
                turn.state.notices.save(replace(tried, state=NoticeState.SENT))
                turn.tell(NoticeDelivered(at=turn.now, key=notice.key, attempts=attempts))
            elif is_last:
                turn.state.notices.save(replace(tried, state=NoticeState.GIVEN_UP))
                turn.tell(NoticeGivenUp(at=turn.now, key=notice.key, attempts=attempts, code=code))
            else:
                wait = min(_WAIT * 2 ** (attempts - 1), _WAIT_MAX)
                due_at = turn.now + wait
                turn.state.notices.save(replace(tried, due_at=due_at))
                turn.tell(
                    NoticeFailed(
                        at=turn.now, key=notice.key, attempts=attempts, code=code, due_at=due_at
                    )
                )
        return defect

    def _put_back(self, notice: Notice, due_at: datetime) -> None:
        """Let a notice wait that nobody was asked to take: that is no attempt."""
        with self._ledger.turn() as turn:
            turn.state.notices.save(replace(notice, due_at=due_at, tenant=None))


def _tenant_of(turn: LedgerTurn, notice: Notice) -> str | None:
    """Return whose the run is that a notice of a dead letter tells of."""
    run_id = notice.key.removeprefix(LETTER_KEY)
    record = None if run_id == notice.key else turn.state.runs.get(run_id)
    return None if record is None or record.key.tenant == EVERYONE else record.key.tenant
