"""Launches the library: one instance a process, without anything that this program does itself."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import error as dbos_error

from aegis_batch.adapters.outbound.dbos.errors import misfit
from aegis_batch.adapters.outbound.dbos.inside import be_calm, be_silent, refuse_pickles
from aegis_batch.adapters.outbound.dbos.looking import look_after_ends
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION, VERSION, WORKFLOW
from aegis_batch.application.ports.work_queue import Lane

if TYPE_CHECKING:
    from dbos import DBOSConfig
    from sqlalchemy import Engine

__all__ = ["launch", "register", "shut_down"]

# Work that ends its process each time would otherwise do so for ever.
_MAX_RECOVERIES = 20
# Beside those that carry work out: what the library does in threads of the same pool.
_SPARE_THREADS = 4
# No schedule is the library's; it looks for one all the same.
_NEVER_SECONDS = 86_400.0


def launch(  # noqa: PLR0913 - what the library is told
    engine: "Engine",
    *,
    executor: str,
    concurrency: Mapping[Lane, int],
    max_of: Callable[[Lane], int | None],
    polling_seconds: float,
    polling_of: Callable[[Lane], float],
    threads: int,
    carry_out: Callable[[str, str], None],
) -> DBOS:
    """Take up work and go on in threads of the library's own.

    What waits for its time is looked at each ``polling_seconds``, and a lane as often as
    ``polling_of`` says. ``concurrency`` is for this process, ``max_of`` for all, and
    ``threads`` how many pieces of work there may ever be at a time, in lanes that come later too.

    Raises what SQLAlchemy raises, and ``StateMisfit`` where the library finds its tables wanting.
    """
    be_silent()
    refuse_pickles()
    library = DBOS(config=_config(engine, executor, threads))
    try:

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_MAX_RECOVERIES)
        def _(run_id: str, work_id: str) -> None:
            carry_out(run_id, work_id)

        be_calm(library, polling_seconds)
        look_after_ends(library)
        DBOS.listen_queues([lane.name for lane in concurrency])
        DBOS.launch()
        for lane, at_once in concurrency.items():
            register(lane, at_once, max_of(lane), polling_of(lane))
    except dbos_error.DBOSException:
        shut_down()
        raise misfit() from None
    except Exception:
        shut_down()
        raise
    return library


def register(lane: Lane, at_once: int, most: int | None, polling_seconds: float) -> None:
    """Make the queue of a lane, or change it: how much at once here and everywhere, how often."""
    DBOS.register_queue(
        lane.name,
        worker_concurrency=at_once,
        global_concurrency=most,
        polling_interval_sec=polling_seconds,
        on_conflict="always_update",
    )


def shut_down() -> None:
    """End the library's threads and forget what it knows; nothing may be under way."""
    DBOS.destroy(destroy_registry=True)


def _config(engine: "Engine", executor: str, at_once: int) -> "DBOSConfig":
    return {
        "name": APPLICATION,
        "application_version": VERSION,
        "executor_id": executor,
        "system_database_engine": engine,
        "serializer": DBOSPortableJSONSerializer(),
        # The tables were prepared before, in bounded time.
        "run_migrations": False,
        "use_listen_notify": False,
        "enable_otlp": False,
        "log_level": "CRITICAL",
        "max_executor_threads": at_once + _SPARE_THREADS,
        "scheduler_polling_interval_sec": _NEVER_SECONDS,
    }
