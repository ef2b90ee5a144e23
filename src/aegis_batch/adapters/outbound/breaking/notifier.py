"""The receiver of messages, left alone while it rests."""

from datetime import datetime

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.domain.errors import NoticesResting
from aegis_batch.domain.notice import Notice, NoticeKind

__all__ = ["BreakingNotifier"]


class BreakingNotifier:
    """Delivers as the notifier behind it does, unless messages rest; see the port.

    Heartbeats go to somebody else, once a night, and never rest. Raises ``NoticesResting``
    beside what the other raises.
    """

    def __init__(self, notifier: Notifier, breaker: ProviderBreaker) -> None:
        """Take who delivers, and the breaker before it."""
        self._notifier = notifier
        self._breaker = breaker

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether there is somewhere to send this kind."""
        return self._notifier.takes(kind)

    def deliver(self, notice: Notice) -> None:
        """Deliver a notice once."""
        if notice.kind is NoticeKind.MESSAGE:
            self._breaker.ask(lambda: self._notifier.deliver(notice), _resting)
        else:
            self._notifier.deliver(notice)


def _resting(until: datetime) -> NoticesResting:
    return NoticesResting(
        "breaker_open",
        "Messages have failed to arrive many times in a row, and wait until"
        f" {until.isoformat(timespec='seconds')}.",
        "Check AEGIS_NOTIFY_URL and what it leads to; they are sent when it is back.",
        until,
    )
