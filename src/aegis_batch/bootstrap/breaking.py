"""Puts a breaker before each provider outside, where the settings want them."""

# ruff: noqa: PLC0415 - a process without breakers needs none of it

from datetime import datetime, timedelta

from aegis_batch.application.breaking import Breaking
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.state import State
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state_by_hand import StateByHand
from aegis_batch.domain.breaker import Provider
from aegis_batch.domain.errors import AegisError, BackendUnavailable, OrdersUnreachable

__all__ = [
    "break_notifier",
    "break_orders",
    "break_reports",
    "breaking_by_hand",
    "build_breaking",
    "rest_of_closes",
]


def build_breaking(
    settings: Settings, state: State, ledger: Ledger, clock: Clock, metrics: MetricsSink
) -> Breaking | None:
    """Return what a process that serves knows of breakers; ``None`` where there are none."""
    if settings.breaker_failures == 0:
        return None
    rest = timedelta(seconds=settings.breaker_open_seconds)
    return Breaking(state.look, ledger, clock, metrics, rest)


def breaking_by_hand(
    settings: Settings, clock: Clock, metrics: MetricsSink, state: StateByHand | None
) -> Breaking | None:
    """Return what a command knows of breakers, which changes none."""
    if settings.breaker_failures == 0 or state is None:
        return None
    rest = timedelta(seconds=settings.breaker_open_seconds)
    return Breaking(state.look, None, clock, metrics, rest)


def break_reports(
    reports: ReportGateway | None, breaking: Breaking | None, settings: Settings, clock: Clock
) -> ReportGateway | None:
    """Return who takes the reports, behind a breaker."""
    if reports is None or breaking is None:
        return reports
    from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
    from aegis_batch.adapters.outbound.breaking.report_gateway import BreakingReportGateway

    def fails(error: AegisError) -> bool:
        return isinstance(error, BackendUnavailable) and error.not_before is None

    breaker = ProviderBreaker(Provider.BACKEND, breaking, clock, settings.breaker_failures, fails)
    return BreakingReportGateway(reports, breaker)


def break_orders(
    orders: OrderReader, breaking: Breaking | None, settings: Settings, clock: Clock
) -> OrderReader:
    """Return the reader of orders, behind a breaker."""
    if breaking is None:
        return orders
    from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
    from aegis_batch.adapters.outbound.breaking.order_reader import BreakingOrderReader

    def fails(error: AegisError) -> bool:
        return isinstance(error, OrdersUnreachable)

    breaker = ProviderBreaker(Provider.ORDERS, breaking, clock, settings.breaker_failures, fails)
    return BreakingOrderReader(orders, breaker)


def break_notifier(
    notifier: Notifier, breaking: Breaking | None, settings: Settings, clock: Clock
) -> Notifier:
    """Return who delivers notices, behind a breaker."""
    if breaking is None:
        return notifier
    from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
    from aegis_batch.adapters.outbound.breaking.notifier import BreakingNotifier

    breaker = ProviderBreaker(
        # Whatever it answers, it is there where it answers.
        Provider.NOTICES,
        breaking,
        clock,
        settings.breaker_failures,
        lambda error: error.code != "receiver_refused",
    )
    return BreakingNotifier(notifier, breaker)


def rest_of_closes(breaking: Breaking | None) -> datetime | None:
    """Return until when somebody is left alone whom every close needs."""
    return None if breaking is None else breaking.rests_until(Provider.BACKEND, Provider.ORDERS)
