"""Delivers notices: each until it has arrived, or has been tried often enough."""

from dataclasses import replace
from datetime import timedelta

from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.job_events import NoticeDelivered, NoticeFailed, NoticeGivenUp
from aegis_batch.domain.notice import Notice, NoticeState

__all__ = ["DeliverNoticesUseCase"]

_NOTICES_MAX = 10
_ATTEMPTS_MAX = 20
_WAIT = timedelta(seconds=30)
_WAIT_MAX = timedelta(hours=1)


class DeliverNoticesUseCase:
    """Sends what is due, one notice after the other.

    A process that dies between sending and noting it sends once more: the key in the message says
    that it is the same.
    """

    def __init__(self, ledger: Ledger, notifier: Notifier) -> None:
        """Take the ledger and what delivers."""
        self._ledger = ledger
        self._notifier = notifier

    def deliver(self) -> int:
        """Try each notice that is due once, and return how many there were.

        A defect in a delivery counts as a failed attempt, and is raised when all have been tried.
        """
        with self._ledger.turn() as turn:
            due = list(turn.state.notices.due(turn.now, _NOTICES_MAX))
        defects = [defect for notice in due if (defect := self._deliver(notice)) is not None]
        if defects:
            raise defects[0]
        return len(due)

    def _deliver(self, notice: Notice) -> Exception | None:
        attempts = notice.attempts + 1
        is_last = attempts >= _ATTEMPTS_MAX
        code, defect = None, None
        if self._notifier.takes(notice.kind):
            try:
                self._notifier.deliver(notice)
            except NoticeUndelivered as error:
                code = error.code
            except Exception as error:  # noqa: BLE001 - it must not hold up the others for ever
                code, defect = "defect", error
        else:
            # The settings have changed since it was written.
            code, is_last = "no_receiver", True
        with self._ledger.turn() as turn:
            tried = replace(notice, attempts=attempts)
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
