"""A report that is there is compared first: with several tenants, and where there is a seal."""

from contextlib import AbstractContextManager
from datetime import time

import pytest

from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import OrdersUnreachable, StateUnavailable
from aegis_batch.domain.events import SealsUnreadable
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.seal import Versions
from tests.sealed_books import SealedBooks
from tests.unit.application.shop import (
    DAY,
    EQUAL,
    NEGATIVE,
    ORDERS,
    OTHER,
    REPORT,
    RUN,
    WORDS,
    Shop,
)

POLICY = ReportPolicy(
    SystemCalendars("America/Sao_Paulo", time(0, 0)), Rules(), Versions("1.2.3", "2026a", "14.0.0")
)


@pytest.fixture
def of_several(shop: Shop) -> Shop:
    """A shop among several, whose Backend has a report of the day."""
    shop.compares_first = True
    shop.backend.stored[RUN.key] = EQUAL
    return shop


def test_one_of_several_tenants_is_closed_already_by_its_own_report_alone(
    of_several: Shop,
) -> None:
    result = of_several.close()

    assert (result.outcome, result.report) == (Outcome.ALREADY_CLOSED, REPORT)
    assert result.seal is not None
    assert (len(of_several.reader.windows), of_several.backend.posts) == (1, 0)


def test_the_report_of_another_tenant_is_a_conflict(of_several: Shop) -> None:
    of_several.backend.stored[RUN.key] = OTHER

    result = of_several.close()

    assert result.outcome is Outcome.CONFLICT
    assert result.problem is not None
    assert result.problem.code == "conflict"
    assert of_several.backend.posts == 0


def test_what_cant_be_compared_is_not_said_to_be_closed(of_several: Shop) -> None:
    of_several.reader.fault = OrdersUnreachable(*WORDS)
    assert of_several.close().outcome is Outcome.UNREADABLE

    of_several.reader.fault = None
    of_several.reader.orders = [*ORDERS, NEGATIVE]
    assert of_several.close().outcome is Outcome.REJECTED


def test_a_day_that_was_sealed_here_is_compared_too(shop: Shop) -> None:
    books = SealedBooks(shop.reader, POLICY)
    books.seal(Period(PeriodKind.DAY, DAY))
    shop.sealed_days = SealedDays(books.state.look, POLICY)
    shop.reader.windows.clear()
    shop.backend.stored[RUN.key] = OTHER

    result = shop.close()

    assert (result.outcome, len(shop.reader.windows)) == (Outcome.CONFLICT, 1)


def test_a_day_that_was_sealed_nowhere_is_closed_by_what_the_backend_says(shop: Shop) -> None:
    books = SealedBooks(shop.reader, POLICY)
    shop.sealed_days = SealedDays(books.state.look, POLICY)
    shop.backend.stored[RUN.key] = OTHER

    result = shop.close()

    assert (result.outcome, shop.reader.windows) == (Outcome.ALREADY_CLOSED, [])


def test_a_state_that_is_away_keeps_nobody_from_saying_that_a_day_is_closed(shop: Shop) -> None:
    def away() -> AbstractContextManager[Turn]:
        raise StateUnavailable(*WORDS)

    shop.sealed_days = SealedDays(away, POLICY)
    shop.backend.stored[RUN.key] = EQUAL

    result = shop.close()

    # It may have been sent from here: so it is compared, and sealed where that can be kept.
    assert (result.outcome, len(shop.reader.windows)) == (Outcome.ALREADY_CLOSED, 1)
    assert result.seal is not None
    told = [event.code for event in shop.sink.events if isinstance(event, SealsUnreadable)]
    assert set(told) == {WORDS[0]}
