"""The reports' database, opened for the commands that look after its tables."""

from collections.abc import Mapping

from sqlalchemy import Connection

from aegis_batch.adapters.inbound.cli.services import ReportsSchema
from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
from aegis_batch.adapters.outbound.postgres.derived.schema import (
    ReportsSchemaStatus,
    migrate,
    read_status,
)
from aegis_batch.adapters.postgresql.address import plain_name_of
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.outbound import reports_database, reports_guard
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["migrate_reports", "read_reports_schema"]

# A migration may have every row to look at, years of days of many tenants.
_MIGRATING_SECONDS = 1_800.0


def read_reports_schema(environ: Mapping[str, str] | None) -> ReportsSchema:
    """Return where the schema stands; nothing is changed."""
    settings = _settings(environ)
    return _schema(settings, reports_database(settings).carry_out(read_status))


def migrate_reports(environ: Mapping[str, str] | None) -> ReportsSchema:
    """Bring the schema up to date, and return how it was before.

    The orders' database is refused: by its address, and by what both servers say of themselves.
    """
    settings = _settings(environ)
    guard = reports_guard(settings)
    guard.learn()

    def deed(connection: Connection) -> ReportsSchemaStatus:
        guard.refuse(connection)
        return migrate(connection)

    database = reports_database(settings, statement_timeout_seconds=_MIGRATING_SECONDS)
    return _schema(settings, database.carry_out(deed))


def _settings(environ: Mapping[str, str] | None) -> Settings:
    settings = load_settings(environ)
    if settings.reports_url is None:
        # Not among the required ones, so that neither a Backend nor memory stands in for it.
        raise InvalidRequest(
            "missing_setting",
            "AEGIS_REPORTS_URL is not set, so there is no database to keep reports in.",
            "Set it, and AEGIS_REPORT_GATEWAY to sql, or let a Backend take the reports.",
        )
    set_up_logs(settings.log_level, settings.log_format)
    return settings


def _schema(settings: Settings, status: ReportsSchemaStatus) -> ReportsSchema:
    assert settings.reports_url is not None  # noqa: S101 - seen to above
    url = parse_reports_url(settings.reports_url.get_secret_value())
    return ReportsSchema(plain_name_of(url), status.revision, status.head, status.pending)
