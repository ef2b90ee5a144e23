"""``serve``, ``scheduler`` and ``worker``: the processes that stay."""

import click

from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of_error
from aegis_batch.adapters.inbound.cli.output import say_problem
from aegis_batch.adapters.inbound.cli.services import Services, Staffing
from aegis_batch.application.ports.work_queue import Lane
from aegis_batch.application.roles import Role
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Problem

__all__ = ["control", "scheduler", "serve", "worker"]

_CONCURRENCY_MAX = 32
_LISTENING_SECONDS = 3_600.0


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
    return _stay(services, Staffing())


@click.command(
    epilog="""\b
Examples:
  aegis-batch scheduler    beside any number of workers, and of schedulers
\b
Exit status: as of aegis-batch serve; 2 also where the state is in a file."""
)
@click.pass_obj
def scheduler(services: Services) -> int:
    """Fire the schedules and leave the work to workers, for as long as this runs.

    Any number of them may run beside each other, on any machine, on a state in a PostgreSQL
    database: each night begins once. It also looks for lost work, takes over what dead processes
    left, delivers notices, and tidies up.
    """
    return _stay(services, Staffing(Role.SCHEDULER))


def _lanes(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[Lane, ...]:
    try:
        return tuple(dict.fromkeys(map(Lane.named, names)))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog="""\b
Examples:
  aegis-batch worker                                  as much at once as the settings say
  aegis-batch worker --concurrency 8 --queue closes   eight closes at once, and nothing else
  aegis-batch worker --queue closes@big               what goes through the tenants' queue big
\b
Exit status: as of aegis-batch serve; 2 also where the state is in a file."""
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, _CONCURRENCY_MAX),
    metavar="N",
    help="How many periods it closes at once; as the settings say unless given.",
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME",
    callback=_lanes,
    help="A queue to work at: closes, jobs, backfill, or closes@QUEUE for tenants with a queue of"
    " their own; may be given several times. All of them unless given, and closes stands for"
    " those of tenants too.",
)
@click.pass_obj
def worker(services: Services, *, concurrency: int | None, queues: tuple[Lane, ...]) -> int:
    """Carry out what schedulers and people start, for as long as this runs.

    Any number of them may run beside each other, on any machine, on a state in a PostgreSQL
    database. What one of them leaves behind when it dies is taken over by the others after
    AEGIS_EXECUTOR_LEASE_SECONDS. Each queue needs a worker, or a serve, that works at it.
    """
    return _stay(services, Staffing(Role.WORKER, concurrency, queues))


@click.command(
    epilog="""\b
Examples:
  aegis-batch control    beside the processes that serve, on the same state
\b
Exit status: as of aegis-batch serve; 2 also where the package lacks its extra control, or the
address can't be listened on."""
)
@click.pass_obj
def control(services: Services) -> int:
    """Listen for operators and other services, for as long as this runs.

    It starts and shows what serve carries out, over HTTP on AEGIS_CONTROL_HOST. With
    AEGIS_CONTROL_ENABLED=true serve does so by itself.
    """
    # Imported here, since no other command has use for it.
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals  # noqa: PLC0415

    with StopSignals() as stop, services.listening():
        while not stop.is_stopping:
            stop.wait(_LISTENING_SECONDS)
    return stop.exit_status or int(ExitStatus.OK)


def _stay(services: Services, staffing: Staffing) -> int:
    # Imported here, since no other command has use for it.
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals  # noqa: PLC0415

    with StopSignals() as stop, services.serving(staffing) as desk:
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
