"""What two promise who deliver notices from one state, whatever keeps it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.state import State
from aegis_batch.domain.notice import Notice, NoticeKind
from tests.integration.state_records import NOON, a_notice

if TYPE_CHECKING:
    from collections.abc import Callable


class _Died(BaseException):
    """The end of a process, which nothing catches."""


class _Receiver(InMemoryNotifier):
    """A receiver before whose next answer something else happens."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def deliver(self, notice: Notice) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().deliver(notice)


class _Deliverers:
    """Two processes on one state."""

    def __init__(self, state: State) -> None:
        self.clock, self.receiver = InMemoryClock(NOON), _Receiver()
        ledger = Ledger(state, self.clock, InMemoryMetricsSink(), self.receiver)
        self.one = DeliverNoticesUseCase(ledger, self.receiver)
        self.other = DeliverNoticesUseCase(ledger, self.receiver)
        with state.turn() as turn:
            turn.notices.add(a_notice("a", kind=NoticeKind.NIGHT_FAILED))
            turn.notices.add(a_notice("b"))

    def sent(self) -> list[str]:
        return sorted(notice.key for notice in self.receiver.delivered)


def test_two_who_deliver_at_once_send_each_notice_and_heartbeat_once(state: State) -> None:
    both = _Deliverers(state)
    both.receiver.meanwhile = both.other.deliver

    both.one.deliver()
    both.clock.advance(timedelta(hours=1))
    both.other.deliver()

    assert both.sent() == ["a", "b"]


def test_what_one_who_died_was_sending_the_other_sends_later(state: State) -> None:
    both = _Deliverers(state)

    def die() -> None:
        raise _Died

    both.receiver.meanwhile = die
    with pytest.raises(_Died):
        both.one.deliver()

    both.other.deliver()
    assert both.sent() == ["b"]
    both.clock.advance(timedelta(minutes=1))
    both.other.deliver()

    assert both.sent() == ["a", "b"]
