"""A notifier that keeps what it is to deliver."""

from collections import deque
from collections.abc import Collection

from aegis_batch.domain.notice import Notice, NoticeKind

__all__ = ["InMemoryNotifier"]


class InMemoryNotifier:
    """Keeps notices in the order in which they were delivered.

    ``faults`` holds errors that the next deliveries raise, oldest first.
    """

    def __init__(self, kinds: Collection[NoticeKind] = tuple(NoticeKind)) -> None:
        """Take the kinds for which there is somewhere to send them."""
        self._kinds = frozenset(kinds)
        self.delivered: list[Notice] = []
        self.faults: deque[Exception] = deque()

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether there is somewhere to send this kind."""
        return kind in self._kinds

    def deliver(self, notice: Notice) -> None:
        """Keep a notice; ``ValueError`` for a kind that it doesn't take: a defect."""
        if not self.takes(notice.kind):
            raise ValueError(notice.kind)
        if self.faults:
            raise self.faults.popleft()
        self.delivered.append(notice)
