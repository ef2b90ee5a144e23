"""Telling of a close that could not begin, by what is left to tell with."""

from collections.abc import Mapping
from dataclasses import replace

from aegis_batch.application.close_journal import CloseJournal
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.loading import examine_settings
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.tenant import EVERYONE, SINGLE

__all__ = ["tell_unbegun"]

# Not the others: a secret may come through a pipe, which was read to its end a moment ago.
_TOLD_BY = ("environment", "log_level", "log_format", "timezone", "day_start")


def tell_unbegun(
    environ: Mapping[str, str], request: CloseRequest, outcome: Outcome, code: str
) -> None:
    """Tell, as of every close, that it began and how it ended: in the log and to the collector.

    A setting that is at fault has its default here, be it the calendar that names the day. Whose
    close it was may not be known: then it is everyone's.
    """
    settings = examine_settings(environ, only=_TOLD_BY).settings
    set_up_logs(settings.log_level, settings.log_format)
    container = Container(settings=settings, environ=environ)
    try:
        clock = container.clock()
        known = replace(request, tenant=SINGLE) if request.tenant == EVERYONE else request
        run = known.run(container.calendars().of(None), clock.now())
        run = replace(run, key=replace(run.key, tenant=request.tenant))
        journal = CloseJournal(clock, container.metrics(), run, dry_run=request.dry_run)
        journal.started()
        journal.ended(outcome, code)
    finally:
        container.shutdown_resources()
