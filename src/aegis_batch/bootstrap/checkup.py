"""Builds a checkup from settings that may be wrong: it looks with what is fit to be used."""

# ruff: noqa: PLC0415 - adapters are imported only where the settings choose them

import re
from collections.abc import Mapping
from pathlib import Path

from aegis_batch.adapters.outbound.otel.variables import wanted
from aegis_batch.adapters.outbound.system.collector_probe import TcpCollectorProbe
from aegis_batch.adapters.outbound.system.identifiers import new_span_id, new_trace_id
from aegis_batch.adapters.outbound.system.tracked_files import GitTrackedFiles
from aegis_batch.application.checks.settings import SettingFault, SettingsFacts
from aegis_batch.application.doctor import CheckupSetup, DoctorUseCase, Instruments
from aegis_batch.application.ports.backend_probe import BackendProbe
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.orders_inspector import OrdersInspector
from aegis_batch.application.ports.reports_inspector import ReportsInspector
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.suggest_views import SuggestViewsUseCase
from aegis_batch.bootstrap.calendars import calendar_of, calendars_of
from aegis_batch.bootstrap.loading import (
    ExaminedSettings,
    missing_variables,
    unknown_variables,
)
from aegis_batch.bootstrap.outbound import (
    build_order_reader,
    orders_schema,
    reports_database,
    reports_guard,
)
from aegis_batch.bootstrap.secret_forms import known_secrets
from aegis_batch.bootstrap.settings import (
    Adapters,
    ReportGatewayKind,
    ReportStatusSource,
    Settings,
    variable_of,
)
from aegis_batch.bootstrap.tenancy_settings import TenancySettings
from aegis_batch.bootstrap.tenancy_types import Tenancy
from aegis_batch.bootstrap.tenants import build_tenant_directory
from aegis_batch.bootstrap.variables import FILE_SUFFIX
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["build_doctor", "build_view_suggestion"]

_NEEDED = ("database_url", "backend_base_url", "x_service_token")
# One slow step must not take the time of all others.
_STEP_SECONDS_MAX = 15.0
_OF_ORDERS = ("orders_", "items_", "timezone", "day_start")
# Never looked up: they stand in where a name that was set can't be one.
_DEFAULT_NAMES = {
    name: field.default
    for name, field in Settings.model_fields.items()
    if name.startswith(("orders_", "items_"))
}
_WITH_REMEDY = re.compile(r"(?P<what>.*?) \((?P<remedy>.*)\)", re.DOTALL)
_HOW_TO_SET = {
    "DATABASE_URL": "postgresql://user:password@host:5432/database?sslmode=require",
    "BACKEND_BASE_URL": "https://backend.example.com (for local work: aegis-batch sandbox)",
    "AEGIS_REPORTS_URL": "postgresql://user:password@host:5432/reports?sslmode=require",
    "X_SERVICE_TOKEN": "the token that the Backend gave to this program",
    "AEGIS_MEMORY_ORDERS": "the path of a JSON file with orders",
}


def build_doctor(
    examined: ExaminedSettings, environ: Mapping[str, str], clock: Clock
) -> DoctorUseCase:
    """Return the checkup of some settings; nothing is connected before it starts."""
    settings = examined.settings
    calendar = calendar_of(settings)
    is_in_memory = settings.adapters is Adapters.MEMORY
    misnamed = _misnamed(settings)
    if misnamed is not None:
        settings = settings.model_copy(update=_DEFAULT_NAMES)
    export = wanted(environ)
    setup = CheckupSetup(
        settings=_facts(examined, misnamed, environ),
        calendar=calendar,
        rules=settings.consistency_rules,
        known_secrets=known_secrets(settings, environ),
        doubts=_doubts(examined, misnamed),
        is_in_memory=is_in_memory,
        asks_backend=settings.report_status is ReportStatusSource.BACKEND,
        asks_table=settings.report_status is ReportStatusSource.TABLE,
        keeps_reports=settings.report_gateway is ReportGatewayKind.SQL,
        connect_seconds=settings.db_connect_seconds,
        currency_decimals=settings.currency_decimals,
        collectors=tuple(export.endpoints.items()),
        collector_faults=export.faults,
    )
    instruments = Instruments(
        clock=clock,
        files=GitTrackedFiles(Path()),
        collector=TcpCollectorProbe(),
        inspector=None if is_in_memory else _inspector(settings, calendar, clock),
        orders=_orders(settings),
        backend=None if is_in_memory else _backend(settings, clock),
        reports=None if is_in_memory else _reports(settings),
        tenants=_tenants(settings, examined),
    )
    return DoctorUseCase(setup, instruments)


def build_view_suggestion(settings: Settings) -> SuggestViewsUseCase:
    """Return what suggests views for the database of the settings; raises ``InvalidRequest``."""
    from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
    from aegis_batch.adapters.outbound.postgres.schema_catalogue import PostgresSchemaCatalogue

    if settings.database_url is None:
        raise InvalidRequest(
            "no_database",
            "AEGIS_ADAPTERS=memory works without a database, so there are no tables to look at.",
            "Set DATABASE_URL, and AEGIS_ADAPTERS to real.",
        )
    url = parse_database_url(settings.database_url.get_secret_value())
    seconds = _bounded(settings.db_connect_seconds)
    return SuggestViewsUseCase(PostgresSchemaCatalogue(url, seconds=seconds))


def _misnamed(settings: Settings) -> SettingFault | None:
    """Return the fault of a table's or a column's name that no database could have."""
    try:
        orders_schema(settings)
    except InvalidRequest as error:
        variable, _, what = error.message.partition(" ")
        return SettingFault(variable, what.rstrip("."), error.remedy)
    return None


def _doubts(examined: ExaminedSettings, misnamed: SettingFault | None) -> tuple[str, ...]:
    """Return the variables at fault without which tables and days can't be told."""
    names = {variable_of(field) for field in Settings.model_fields if field.startswith(_OF_ORDERS)}
    own = () if misnamed is None else (misnamed.variable,)
    return (*sorted(names & examined.doubtful), *own)


def _facts(
    examined: ExaminedSettings, misnamed: SettingFault | None, environ: Mapping[str, str]
) -> SettingsFacts:
    faults = [_setting_fault(variable, what) for variable, what in examined.faults]
    faults += [] if misnamed is None else [misnamed]
    faults += [
        SettingFault(
            name,
            "is not set",
            f"Set it to {_HOW_TO_SET[name]}; or {name}_FILE to a file that holds it.",
        )
        for name in missing_variables(examined, _NEEDED)
    ]
    return SettingsFacts(len(examined.given), tuple(faults), tuple(unknown_variables(environ)))


def _setting_fault(variable: str, what: str) -> SettingFault:
    match = _WITH_REMEDY.fullmatch(what)
    if match is not None:
        return SettingFault(variable, match["what"], match["remedy"] + ".")
    file = f"{variable}{FILE_SUFFIX}"
    if file in what:
        if what.startswith("is set both"):
            return SettingFault(variable, what, f"Unset {variable} or {file}.")
        remedy = f"Set {file} to a file that holds the value and that this program may read"
        return SettingFault(variable, what, f"{remedy}; or unset it, and set {variable}.")
    where = "docs/settings.md says what it takes"
    return SettingFault(variable, what, f"Set {variable} right, or unset it; {where}.")


def _inspector(settings: Settings, calendar: Calendar, clock: Clock) -> OrdersInspector | None:
    if settings.database_url is None:
        return None
    from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
    from aegis_batch.adapters.outbound.postgres.orders_inspector import PostgresOrdersInspector
    from aegis_batch.adapters.outbound.postgres.orders_schema import TableName

    table = settings.tenants_table if settings.tenancy is Tenancy.MULTI else None
    return PostgresOrdersInspector(
        parse_database_url(settings.database_url.get_secret_value()),
        orders_schema(settings),
        calendar,
        clock,
        seconds=_bounded(settings.db_connect_seconds),
        reads_reports=settings.report_status is ReportStatusSource.TABLE,
        tenants=None if table is None else TableName.parse(table, "AEGIS_TENANTS_TABLE"),
    )


def _orders(settings: Settings) -> OrderReader | None:
    is_in_memory = settings.adapters is Adapters.MEMORY
    if (settings.memory_orders if is_in_memory else settings.database_url) is None:
        return None
    return build_order_reader(_hurried(settings))


def _hurried(settings: Settings) -> Settings:
    statement_seconds = _bounded(settings.db_statement_timeout_seconds)
    return settings.model_copy(
        update={
            "db_connect_seconds": _bounded(settings.db_connect_seconds),
            "db_statement_timeout_seconds": statement_seconds,
        }
    )


def _tenants(
    settings: Settings, examined: ExaminedSettings
) -> tuple[TenantDirectory, Calendars] | None:
    doubtful = {variable_of(field) for field in TenancySettings.own_fields()} & examined.doubtful
    is_there = settings.adapters is Adapters.MEMORY or settings.database_url is not None
    if settings.tenancy is not Tenancy.MULTI or doubtful or not is_there:
        return None
    return build_tenant_directory(_hurried(settings)), calendars_of(settings)


def _backend(settings: Settings, clock: Clock) -> BackendProbe | None:
    if settings.backend_base_url is None or settings.x_service_token is None:
        return None
    from aegis_batch.adapters.outbound.http.backend_probe import HttpBackendProbe
    from aegis_batch.adapters.outbound.http.connection import BackendConnection

    connection = BackendConnection(
        base_url=settings.backend_base_url,
        token=settings.x_service_token.get_secret_value(),
        timeout_seconds=_bounded(settings.http_timeout_seconds),
    )
    return HttpBackendProbe(connection, clock, new_trace_id, new_span_id, program_version())


def _reports(settings: Settings) -> ReportsInspector | None:
    if settings.reports_url is None:
        return None
    from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
    from aegis_batch.adapters.outbound.postgres.derived.reports_inspector import (
        PostgresReportsInspector,
    )

    seconds = _bounded(settings.db_connect_seconds)
    bounded = settings.model_copy(update={"db_connect_seconds": seconds})
    return PostgresReportsInspector(
        reports_database(bounded),
        reports_guard(bounded),
        parse_reports_url(settings.reports_url.get_secret_value()),
    )


def _bounded(seconds: float) -> float:
    return min(seconds, _STEP_SECONDS_MAX)
