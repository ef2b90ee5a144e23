"""How long one attempt at a close can take at most, by the limits of every call in it."""

from aegis_batch.adapters.outbound.http.backend import longest_call_seconds
from aegis_batch.adapters.outbound.postgres import order_reader, report_status
from aegis_batch.adapters.outbound.postgres.database import longest_read_seconds
from aegis_batch.adapters.outbound.postgres.derived.database import longest_deed_seconds
from aegis_batch.application.rate_limiting import WAIT_SECONDS_MAX
from aegis_batch.bootstrap.settings import (
    Adapters,
    ReportGatewayKind,
    ReportStatusSource,
    Settings,
    variable_of,
)
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["longest_close_seconds", "refuse_longer_runs"]

_FROM_REQUESTS = ("http_timeout_seconds", "http_max_attempts", "http_backoff_seconds")
_FROM_READS = ("db_connect_seconds", "db_statement_timeout_seconds")


def longest_close_seconds(settings: Settings) -> float:
    """Return the sum of the limits: find, read, wait, submit, and find where that got lost.

    Each with its attempts, its restarts and the waits between them.
    """
    if settings.adapters is Adapters.MEMORY:
        return 0.0
    read_seconds = longest_read_seconds(
        settings.db_connect_seconds,
        settings.db_statement_timeout_seconds,
        order_reader.STATEMENTS_MAX,
    )
    if settings.rate_limit is not None or settings.tenant_rate_limit is not None:
        read_seconds += WAIT_SECONDS_MAX
    if settings.report_gateway is ReportGatewayKind.SQL:
        return read_seconds + _sql_seconds(settings)
    submit_seconds = _call_seconds(settings, settings.http_max_attempts)
    return (
        _find_seconds(settings, once=False)
        + read_seconds
        + submit_seconds
        + _find_seconds(settings, once=True)
    )


def refuse_longer_runs(settings: Settings) -> None:
    """Raise ``InvalidRequest`` where a close could take longer than the settings allow a run."""
    longest_seconds = longest_close_seconds(settings)
    if longest_seconds <= settings.run_limit_seconds:
        return
    limit = variable_of("run_limit_seconds")
    parts = ", ".join(
        f"{variable_of(field)}={getattr(settings, field):g}"
        for field in (*_FROM_REQUESTS, *_FROM_READS)
    )
    raise InvalidRequest(
        "run_limit_too_low",
        f"A close could take {longest_seconds:.0f} s, and {limit} allows a run"
        f" {settings.run_limit_seconds:g} s. It adds up from {parts}.",
        f"Lower these settings, {variable_of('db_statement_timeout_seconds')} first, or raise"
        f" {limit}.",
    )


def _sql_seconds(settings: Settings) -> float:
    # Who the orders' database is gets asked once, before the first report is handed over.
    asking_seconds = longest_read_seconds(
        settings.db_connect_seconds, settings.db_statement_timeout_seconds, 3, once=True
    )
    deed_seconds = longest_deed_seconds(settings.db_connect_seconds)
    once_seconds = longest_deed_seconds(settings.db_connect_seconds, once=True)
    return deed_seconds + asking_seconds + deed_seconds + once_seconds


def _find_seconds(settings: Settings, *, once: bool) -> float:
    if settings.report_status is ReportStatusSource.NONE:
        return 0.0
    if settings.report_status is ReportStatusSource.TABLE:
        return longest_read_seconds(
            settings.db_connect_seconds,
            settings.db_statement_timeout_seconds,
            report_status.STATEMENTS_MAX,
            once=once,
        )
    return _call_seconds(settings, 1 if once else settings.http_max_attempts)


def _call_seconds(settings: Settings, max_attempts: int) -> float:
    return longest_call_seconds(
        settings.http_timeout_seconds, max_attempts, settings.http_backoff_seconds
    )
