"""The wiring: which adapter stands behind which port. The only module that knows the container.

Adapters are imported when they are first needed, so that a command pays for what it uses alone.
"""

import unicodedata

from dependency_injector import containers, providers

from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.time_zones import load_zone, tzdata_version
from aegis_batch.application.daily_close import DailyCloseUseCase, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.bootstrap.outbound import build_order_reader, open_report_gateway
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.seal import Versions

__all__ = ["Container"]


def _policy(settings: Settings) -> ReportPolicy:
    zone = settings.timezone
    return ReportPolicy(
        calendar=Calendar(load_zone(zone), zone, settings.day_start),
        rules=settings.consistency_rules,
        versions=Versions(program_version(), tzdata_version(), unicodedata.unidata_version),
        top_items_max=settings.top_items,
        currency_decimals=settings.currency_decimals,
    )


def _metrics(listener: MetricsSink | None) -> MetricsSink:
    told = LogMetricsSink()
    return told if listener is None else FanOutMetricsSink(told, listener)


class Container(containers.DeclarativeContainer):
    """Builds the use cases of one process from its settings.

    ``listener`` hears every event beside the log; ``shutdown_resources`` closes connections.
    """

    settings = providers.Dependency(instance_of=Settings)
    listener: providers.Object[MetricsSink | None] = providers.Object(None)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    metrics: providers.Provider[MetricsSink] = providers.Singleton(_metrics, listener)
    policy: providers.Provider[ReportPolicy] = providers.Singleton(_policy, settings)
    order_reader: providers.Provider[OrderReader] = providers.Singleton(
        build_order_reader, settings
    )
    report_gateway: providers.Provider[ReportGateway | None] = providers.Resource(
        open_report_gateway, settings, clock, metrics
    )
    daily_close: providers.Provider[DailyCloseUseCase] = providers.Factory(
        DailyCloseUseCase,
        orders=order_reader,
        reports=report_gateway,
        clock=clock,
        metrics=metrics,
        policy=policy,
    )
