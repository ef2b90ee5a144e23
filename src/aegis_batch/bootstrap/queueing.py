"""Builds the work queue: which lanes a process works at, and on how much at once."""

# ruff: noqa: PLC0415 - the engine is loaded where it is used

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.work_queue import BACKFILL, CLOSES, JOBS, TASKS, Lane, WorkQueue
from aegis_batch.bootstrap.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["build_tidy", "build_work_queue", "work_of_a_process"]

# The night, the deadline's check and the sweep must not wait for one another.
_JOBS_AT_ONCE = 3
_BACKFILL_POLL_SECONDS = 1.0
_FOREGROUND_POLL_SECONDS = 0.05


def work_of_a_process(
    settings: Settings, concurrency: int | None = None, lanes: Collection[Lane] = ()
) -> Mapping[Lane, int]:
    """Return on how much a process works at once in each of its lanes; without any, in all.

    ``concurrency`` is for closes in place of what the settings say. Lanes of tenants' queues that
    are not named belong to whoever works at that of all closes, and are found when they come up.
    """
    closes_at_once = concurrency or settings.worker_concurrency
    others = {
        JOBS: _JOBS_AT_ONCE,
        BACKFILL: concurrency or settings.backfill_max_active,
        TASKS: settings.jobs_at_once,
    }
    all_lanes = (CLOSES, JOBS, BACKFILL, TASKS)
    return {lane: others.get(lane, closes_at_once) for lane in lanes or all_lanes}


def build_work_queue(
    settings: Settings,
    engine: "Engine",
    executor: str,
    work: Mapping[Lane, int] | None,
    backfills_at_once: int | None,
) -> WorkQueue:
    """Return the queue of a process that serves, or of one that carries out backfills alone."""
    from aegis_batch.adapters.outbound.dbos.work_queue import DbosWorkQueue, QueueSettings

    if backfills_at_once is not None:
        # Somebody waits for it.
        return DbosWorkQueue(
            engine,
            QueueSettings(
                executor=executor,
                concurrency={BACKFILL: backfills_at_once},
                concurrency_max=settings.concurrency_max or None,
                polling_seconds=min(settings.queue_poll_seconds, 1.0),
                backfill_polling_seconds=_FOREGROUND_POLL_SECONDS,
            ),
        )
    return DbosWorkQueue(
        engine,
        QueueSettings(
            executor=executor,
            concurrency=work or work_of_a_process(settings),
            concurrency_max=settings.concurrency_max or None,
            tasks_max=settings.jobs_pool_size,
            polling_seconds=settings.queue_poll_seconds,
            # A close that ends makes room for the next one, which must not wait for long.
            backfill_polling_seconds=min(settings.queue_poll_seconds, _BACKFILL_POLL_SECONDS),
        ),
    )


def build_tidy(engine: "Engine", clock: Clock) -> Callable[[], bool]:
    """Return what forgets, a little at each call, the work that ended long ago."""
    from aegis_batch.adapters.outbound.dbos.retention import EndedWorkTidier
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk

    return EndedWorkTidier(DbosIntakeDesk(engine), clock.now).tidy
