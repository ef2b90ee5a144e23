"""The wiring: which adapter stands behind which port. The only module that knows the container.

Adapters are imported when they are first needed, so that a command pays for what it uses alone.
"""

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.time_zones import tzdata_version
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.verifying import Verifying
from aegis_batch.bootstrap.calendars import calendar_of
from aegis_batch.bootstrap.exporting import choose_traceparent, open_exporting_sink
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.bootstrap.outbound import build_order_reader, open_report_gateway
from aegis_batch.bootstrap.sealed_days import open_sealed_days
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.seal import Versions

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
    from aegis_batch.application.sealed_days import SealedDays

__all__ = ["Container"]


def _policy(settings: Settings) -> ReportPolicy:
    return ReportPolicy(
        calendar=calendar_of(settings),
        rules=settings.consistency_rules,
        versions=Versions(program_version(), tzdata_version(), unicodedata.unidata_version),
        top_items_max=settings.top_items,
        currency_decimals=settings.currency_decimals,
    )


def _metrics(*beside_the_log: MetricsSink | None) -> MetricsSink:
    others = [sink for sink in beside_the_log if sink is not None]
    return FanOutMetricsSink(LogMetricsSink(), *others) if others else LogMetricsSink()


class Container(containers.DeclarativeContainer):
    """Builds the use cases of one process from its settings.

    ``listener`` hears every event beside the log. ``environ`` is where OpenTelemetry's variables
    are looked up; nothing is exported without. ``shutdown_resources`` closes connections.
    """

    settings = providers.Dependency(instance_of=Settings)
    listener: providers.Object[MetricsSink | None] = providers.Object(None)
    environ: providers.Object[Mapping[str, str]] = providers.Object({})

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    exporting: "providers.Resource[OtelMetricsSink | None]" = providers.Resource(
        open_exporting_sink, environ, clock
    )
    metrics: providers.Provider[MetricsSink] = providers.Singleton(_metrics, exporting, listener)
    traceparent = providers.Callable(choose_traceparent, exporting)
    policy: providers.Provider[ReportPolicy] = providers.Singleton(_policy, settings)
    order_reader: providers.Provider[OrderReader] = providers.Singleton(
        build_order_reader, settings
    )
    report_gateway: providers.Provider[ReportGateway | None] = providers.Resource(
        open_report_gateway, settings, clock, metrics, traceparent
    )
    sealed_days: "providers.Provider[SealedDays | None]" = providers.Resource(
        open_sealed_days, settings, policy
    )
    daily_close: providers.Provider[DailyCloseUseCase] = providers.Factory(
        DailyCloseUseCase,
        orders=order_reader,
        reports=report_gateway,
        clock=clock,
        metrics=metrics,
        policy=policy,
        sealed_days=sealed_days,
    )
    verifying: providers.Provider[Verifying] = providers.Factory(
        Verifying,
        deriving=providers.Factory(Deriving, orders=order_reader, clock=clock, policy=policy),
        reports=report_gateway,
        clock=clock,
        policy=policy,
    )
