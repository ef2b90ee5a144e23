"""What is derived again of a sealed period is held against its seal, not the report alone."""

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import SealsUnreadable
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.seal_link import SealedReport
from tests.sealed_books import SealedBooks
from tests.unit.application.shop import DAY, ORDERS, RUN, WORDS, Shop

POLICY = ReportPolicy(
    SystemCalendars("America/Sao_Paulo", time(0, 0)), Rules(), Versions("1.2.3", "2026a", "14.0.0")
)
# Nine items that come before it by name, so that no report of ten names it.
BEFORE = tuple(OrderLine(f"A{place}", Decimal(1), Decimal(0)) for place in range(9))
MINOR = OrderLine("Mint", Decimal(1), Decimal(0))


def with_minor(name: str) -> list[object]:
    """Return the orders of the day with an item that its report doesn't name."""
    first, *others = ORDERS
    order = replace(first.order, lines=(*first.order.lines, *BEFORE, replace(MINOR, name=name)))
    return [replace(first, order=order), *others]


def with_another_order() -> list[object]:
    """Return the orders of the day with one more soup."""
    soup = OrderLine("Soup", Decimal(1), Decimal("20.50"))
    return [*with_minor("Mint"), replace(ORDERS[0], order=Order("7", Decimal("20.50"), (soup,)))]


@pytest.fixture
def sealed(shop: Shop) -> Shop:
    """A shop whose day is closed and sealed, and whose Backend has its report."""
    shop.reader.orders = with_minor("Mint")  # type: ignore[assignment]
    books = SealedBooks(shop.reader, POLICY)
    result = books.seal(Period(PeriodKind.DAY, DAY))
    shop.sealed_days = SealedDays(books.state.look, POLICY)
    shop.backend.stored[RUN.key] = _stored(result)
    return shop


def _stored(result: CloseResult) -> StoredReport:
    assert result.report is not None
    return StoredReport.of(result.report)


def altered_alike(shop: Shop) -> None:
    """Change the orders, and the Backend's report into what they give now."""
    shop.reader.orders = with_another_order()  # type: ignore[assignment]
    shop.backend.stored[RUN.key] = _stored(shop.close(dry_run=True))


def message_of_conflict(result: CloseResult) -> str:
    """Return what a conflict says; it is one, and seals nothing."""
    assert result.outcome is Outcome.CONFLICT
    assert result.problem is not None
    assert (result.problem.code, result.problem.retryable) == ("conflict", False)
    assert SealedReport.of(result) is None
    return result.problem.message


@pytest.mark.parametrize("can_replace", [False, True])
@pytest.mark.parametrize("rebuild", [False, True])
def test_an_item_that_no_report_names_and_that_was_renamed_is_a_conflict(
    sealed: Shop, *, rebuild: bool, can_replace: bool
) -> None:
    sealed.backend.can_replace = can_replace
    sealed.reader.orders = with_minor("Dill")  # type: ignore[assignment]

    message = message_of_conflict(sealed.close(rebuild=rebuild))

    assert "item Dill: 1 now, 0 when it was sealed (+1)" in message
    assert "item Mint: 0 now, 1 when it was sealed (-1)" in message
    assert sealed.backend.posts == 0


@pytest.mark.parametrize("rebuild", [False, True])
def test_orders_and_report_that_were_altered_alike_are_a_conflict(
    sealed: Shop, *, rebuild: bool
) -> None:
    altered_alike(sealed)

    message = message_of_conflict(sealed.close(rebuild=rebuild))

    assert "orders: 3 now, 2 when it was sealed (+1)" in message
    assert "item Soup: 5 now, 4 when it was sealed (+1)" in message
    assert sealed.backend.posts == 0


def test_where_reports_are_replaced_a_rebuild_seals_another_report_and_a_close_does_not(
    sealed: Shop,
) -> None:
    sealed.backend.can_replace = True
    altered_alike(sealed)

    closed = sealed.close()
    rebuilt = sealed.close(rebuild=True)

    message_of_conflict(closed)
    assert closed.problem is not None
    assert "--reprocess all" in closed.problem.remedy
    assert rebuilt.outcome is Outcome.ALREADY_CLOSED
    assert SealedReport.of(rebuilt) is not None


def test_where_reports_are_replaced_other_totals_under_the_sealed_report_replace_nothing(
    sealed: Shop,
) -> None:
    sealed.backend.can_replace = True
    sealed.reader.orders = with_minor("Dill")  # type: ignore[assignment]
    by_hand = replace(sealed.backend.stored[RUN.key], total_orders=Decimal(9))
    sealed.backend.stored[RUN.key] = by_hand

    result = sealed.close(rebuild=True)

    assert "item Dill" in message_of_conflict(result)
    assert result.problem is not None
    assert "discard the dead letter" in result.problem.remedy
    assert (sealed.backend.posts, sealed.backend.stored[RUN.key]) == (0, by_hand)


def test_a_missing_report_is_not_rebuilt_from_other_orders_than_were_sealed(sealed: Shop) -> None:
    del sealed.backend.stored[RUN.key]
    sealed.reader.orders = with_another_order()  # type: ignore[assignment]

    assert "orders: 3 now" in message_of_conflict(sealed.close(rebuild=True))
    assert sealed.backend.posts == 0

    sealed.reader.orders = with_minor("Mint")  # type: ignore[assignment]
    assert sealed.close(rebuild=True).outcome is Outcome.CREATED


def test_a_backend_that_shows_no_report_is_not_believed_against_the_seal(sealed: Shop) -> None:
    sealed.backend.can_find = False
    sealed.backend.answer = Receipt(200, 1)
    sealed.reader.orders = with_another_order()  # type: ignore[assignment]

    assert "orders: 3 now" in message_of_conflict(sealed.close())


def test_settings_that_make_another_report_of_the_same_orders_are_told_by_its_fields(
    sealed: Shop,
) -> None:
    books = SealedBooks(sealed.reader, replace(POLICY, top_items_max=1))
    fewer = books.seal(Period(PeriodKind.DAY, DAY))
    assert isinstance(fewer.report, Report)
    sealed.sealed_days = SealedDays(books.state.look, POLICY)

    message = message_of_conflict(sealed.close(rebuild=True))

    assert "A8 x 1, 1 that is in both] now and [1 that is in both] there" in message


@pytest.mark.parametrize("rebuild", [False, True])
def test_what_is_as_it_was_sealed_is_closed_already(sealed: Shop, *, rebuild: bool) -> None:
    result = sealed.close(rebuild=rebuild)

    assert (result.outcome, result.problem) == (Outcome.ALREADY_CLOSED, None)


def test_without_the_state_a_rebuild_goes_by_the_report_alone(sealed: Shop) -> None:
    def away() -> AbstractContextManager[Turn]:
        raise StateUnavailable(*WORDS)

    sealed.sealed_days = SealedDays(away, POLICY)
    sealed.reader.orders = with_minor("Dill")  # type: ignore[assignment]

    assert sealed.close(rebuild=True).outcome is Outcome.ALREADY_CLOSED
    (told,) = [event for event in sealed.sink.events if isinstance(event, SealsUnreadable)]
    assert told.code == WORDS[0]
