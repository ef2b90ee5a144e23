"""The port for telling people, and a dead man's switch, outside of the logs."""

from typing import Protocol

from aegis_batch.domain.notice import Notice, NoticeKind

__all__ = ["Notifier"]


class Notifier(Protocol):
    """Delivers notices."""

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether the settings name somewhere to send this kind."""
        ...

    def deliver(self, notice: Notice) -> None:
        """Send a notice once, within a bounded time.

        Raises ``NoticeUndelivered`` where that did not come about for sure.
        """
        ...
