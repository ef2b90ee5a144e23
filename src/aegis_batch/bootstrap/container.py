"""The wiring: which adapter stands behind which port. The only module that knows the container.

Adapters are imported when they are first needed, so that a command pays for what it uses alone.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.time_zones import tzdata_version
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.hand_leases import HandLeases
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.verifying import Verifying
from aegis_batch.bootstrap.breaking import break_orders, break_reports, breaking_by_hand
from aegis_batch.bootstrap.calendars import calendars_of
from aegis_batch.bootstrap.exporting import choose_traceparent, open_exporting_sink
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.bootstrap.guarding import guard_reports
from aegis_batch.bootstrap.hand_leases import open_hand_leases
from aegis_batch.bootstrap.lean_imports import without
from aegis_batch.bootstrap.outbound import build_order_reader, open_report_gateway
from aegis_batch.bootstrap.sealed_days import sealed_days_by_hand
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state_by_hand import StateByHand, open_state_by_hand
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal import Versions

with without("fastapi", "pydantic_settings", "starlette"):
    # It looks at these as soon as they are there, which takes a quarter of a second.
    from dependency_injector import containers, providers

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
    from aegis_batch.application.breaking import Breaking
    from aegis_batch.application.guarded_gateway import Held
    from aegis_batch.application.rate_limiting import RateLimiting
    from aegis_batch.application.sealed_days import SealedDays

__all__ = ["Container"]


def _policy(settings: Settings, calendars: Calendars) -> ReportPolicy:
    return ReportPolicy(
        calendars=calendars,
        rules=settings.consistency_rules,
        versions=Versions(program_version(), tzdata_version(), unicodedata.unidata_version),
        top_items_max=settings.top_items,
        currency_decimals=settings.currency_decimals,
    )


def _metrics(settings: Settings, *beside_the_log: MetricsSink | None) -> MetricsSink:
    log = LogMetricsSink(settings.log_level.value)
    others = [sink for sink in beside_the_log if sink is not None]
    return FanOutMetricsSink(log, *others) if others else log


T = TypeVar("T")


def _same(thing: T) -> T:
    return thing


def _hold(leases: HandLeases | None) -> Callable[[CloseKey], None] | None:
    return None if leases is None else leases.hold


class Container(containers.DeclarativeContainer):
    """Builds the use cases of one process from its settings.

    ``listener`` hears every event beside the log. ``environ`` is where OpenTelemetry's variables
    are looked up; nothing is exported without. What ``closes_by_hand`` holds a lease of each close.
    ``shutdown_resources`` closes connections.
    """

    settings = providers.Dependency(instance_of=Settings)
    listener: providers.Object[MetricsSink | None] = providers.Object(None)
    environ: providers.Object[Mapping[str, str]] = providers.Object({})
    closes_by_hand: providers.Object[bool] = providers.Object(False)  # noqa: FBT003 - a value

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    exporting: "providers.Resource[OtelMetricsSink | None]" = providers.Resource(
        open_exporting_sink, environ, clock
    )
    metrics: providers.Provider[MetricsSink] = providers.Singleton(
        _metrics, settings, exporting, listener
    )
    traceparent = providers.Callable(choose_traceparent, exporting)
    calendars: providers.Provider[Calendars] = providers.Singleton(calendars_of, settings)
    policy: providers.Provider[ReportPolicy] = providers.Singleton(_policy, settings, calendars)
    # What a command that doesn't serve knows of the state, opened once for all that ask.
    state_by_hand: "providers.Resource[StateByHand | None]" = providers.Resource(
        open_state_by_hand, settings
    )
    breaking: "providers.Provider[Breaking | None]" = providers.Singleton(
        breaking_by_hand, settings, clock, metrics, state_by_hand
    )
    order_reader: providers.Provider[OrderReader] = providers.Singleton(
        break_orders, providers.Singleton(build_order_reader, settings), breaking, settings, clock
    )
    plain_gateway: providers.Provider[ReportGateway | None] = providers.Resource(
        open_report_gateway, settings, clock, metrics, traceparent
    )
    hand_leases: "providers.Provider[HandLeases | None]" = providers.Resource(
        open_hand_leases, settings, environ, clock, state_by_hand, closes_by_hand
    )
    lease_to_hold: "providers.Provider[Held | None]" = providers.Callable(_same, hand_leases)
    # A close by hand is one person's: it is never held back.
    limiting: "providers.Provider[RateLimiting | None]" = providers.Object(None)
    report_gateway: providers.Provider[ReportGateway | None] = providers.Singleton(
        break_reports,
        providers.Singleton(guard_reports, plain_gateway, lease_to_hold, limiting),
        breaking,
        settings,
        clock,
    )
    report_finder: providers.Provider[ReportFinder | None] = providers.Callable(
        _same, report_gateway
    )
    sealed_days: "providers.Provider[SealedDays | None]" = providers.Singleton(
        sealed_days_by_hand, state_by_hand, policy
    )
    daily_close: providers.Provider[DailyCloseUseCase] = providers.Factory(
        DailyCloseUseCase,
        orders=order_reader,
        reports=report_gateway,
        clock=clock,
        metrics=metrics,
        policy=policy,
        sealed_days=sealed_days,
        finder=report_finder,
        compares_first=settings.provided.has_several_tenants,
        hold=providers.Callable(_hold, hand_leases),
    )
    deriving: providers.Provider[Deriving] = providers.Factory(
        Deriving, orders=order_reader, clock=clock, policy=policy
    )
    verifying: providers.Provider[Verifying] = providers.Factory(
        Verifying,
        deriving=deriving,
        reports=report_gateway,
        clock=clock,
        policy=policy,
    )
