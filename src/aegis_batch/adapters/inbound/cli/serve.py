"""``serve``: the scheduler and the worker, in one process that stays."""

import click

from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of_error
from aegis_batch.adapters.inbound.cli.output import say_problem
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Problem

__all__ = ["serve"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch serve                                   until it is told to stop
  AEGIS_SCHEDULE_CRON="0 30 3 * * *" aegis-batch serve   with nights at 03:30
\b
Exit status: 2 a setting is wrong, 7 the state is unavailable, in use, or can't be used, 70 a
defect, or nothing ticked any more; 130 and 143 stopped by SIGINT and SIGTERM, with everything
left fit to go on."""
)
@click.pass_obj
def serve(services: Services) -> int:
    """Close each business day by itself, at its time, for as long as this runs.

    It fires the schedules (see: aegis-batch schedules list), carries out what they start, and
    tries again what failed for a passing cause. SIGTERM or Ctrl-C stops it: what runs has
    AEGIS_DRAIN_SECONDS to end, and the rest is taken up by the next start. A second signal ends it
    at once, which is as safe.
    """
    # Imported here, since no other command has use for it.
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals  # noqa: PLC0415

    with StopSignals() as stop, services.serving() as desk:
        served = desk.serve(stop)
        status = served.exit_status or int(ExitStatus.OK)
        if isinstance(served.error, AegisError):
            say_problem(Problem.of(served.error))
            status = int(status_of_error(served.error))
        elif served.error is not None:
            say_problem(defect_problem(served.error))
            status = int(ExitStatus.DEFECT)
        if served.leaves_threads:
            desk.leave(status)
    return status
