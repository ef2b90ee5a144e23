"""Hands queued work to whoever carries it out, once and again after a crash."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from loguru import logger

from aegis_batch.adapters.outbound.dbos.engine import prepare_engine_tables
from aegis_batch.adapters.outbound.dbos.errors import state_errors
from aegis_batch.application.ports.work_queue import BACKFILL, CLOSES, JOBS, TASKS, Lane
from aegis_batch.domain.defect import place_of
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.work_payload import WorkPayload

if TYPE_CHECKING:
    from dbos import DBOS
    from sqlalchemy import Engine

__all__ = ["DbosWorkQueue", "QueueSettings"]

# For who is just taking work when the queue stops: he waits for the database at most so long.
_TAKING_SECONDS = 15.0
# What was taken is in a thread's hands in no time, if it ever will be.
_HANDOVER_SECONDS = 2.0
_STRANDED_SECONDS = 60
_LOOK_SECONDS = 0.05
# Each is looked into by a thread and a query of its own; who has a queue beyond them uses that of
# all.
_QUEUES_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """Who works, on how much at once, and how often it looks for work.

    ``executor`` is no other live process's. On SQLite there is one process a file, and what any
    broke off is taken up. ``concurrency`` is for each lane that is worked at, ``concurrency_max``
    for all processes together, in each lane of closes, and ``tasks_max`` in that of tasks. Who
    works at the lane of all closes works at those of tenants' queues too, on as much in each.
    Backfills may be looked for at a pace of their own: unlike all else, each of their ends brings
    about the next beginning.
    """

    executor: str
    concurrency: Mapping[Lane, int]
    concurrency_max: int | None = None
    tasks_max: int | None = None
    polling_seconds: float = 5.0
    backfill_polling_seconds: float | None = None

    def at_once_in(self, lane: Lane) -> int:
        """Return on how much this process works at once in a lane."""
        most = self.max_of(lane)
        at_once = self.concurrency[CLOSES if lane not in self.concurrency else lane]
        return at_once if most is None else min(at_once, most)

    def max_of(self, lane: Lane) -> int | None:
        """Return on how much all processes may work at once in a lane; ``None``: no limit."""
        if lane == TASKS:
            return self.tasks_max
        return None if lane == JOBS else self.concurrency_max

    def polling_of(self, lane: Lane) -> float:
        """Return the longest wait between two looks into a lane, in seconds."""
        if lane == BACKFILL and self.backfill_polling_seconds is not None:
            return self.backfill_polling_seconds
        return self.polling_seconds


class DbosWorkQueue:
    """Hands work to whoever carries it out, until it has been done.

    The library has one instance a process: one queue may be started at a time. Where ``stop`` has
    handed work back, its threads go on and would keep the interpreter from ending: leave by
    ``os._exit``.
    """

    def __init__(self, engine: "Engine", settings: QueueSettings) -> None:
        """Take the engine's own connections, as ``open_engine`` makes them."""
        self._engine = engine
        self._settings = settings
        self._library: DBOS | None = None
        self._of_queues: set[Lane] = set()

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work, first of all what a crash broke off, and go on until ``stop``.

        Migrates the engine's tables. What ``carry_out`` raises is logged by its class or code and
        goes no further: it may hold a secret. Work that breaks its process off 20 times is given
        up: it is lost then.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if self._library is not None:
            raise RuntimeError("started already")
        prepare_engine_tables(self._engine)
        from aegis_batch.adapters.outbound.dbos.inside import hand_back  # noqa: PLC0415 - half a second
        from aegis_batch.adapters.outbound.dbos.launching import launch  # noqa: PLC0415 - the same

        # On SQLite a lock file keeps every other process away: all that was begun is broken off.
        alone = self._engine.dialect.name == "sqlite"
        with state_errors():
            hand_back(self._engine, None if alone else self._settings.executor)
            self._library = launch(
                self._engine,
                executor=self._settings.executor,
                concurrency={
                    lane: self._settings.at_once_in(lane) for lane in self._settings.concurrency
                },
                # On a file there is no other process, and the library counts nothing exactly.
                max_of=(lambda _: None) if alone else self._settings.max_of,
                polling_seconds=self._settings.polling_seconds,
                polling_of=self._settings.polling_of,
                threads=self._threads(),
                carry_out=lambda run_id, work_id: _perform(carry_out, run_id, work_id),
            )
        self._of_queues = set()
        self.widen()

    def stop(self, drain_seconds: float) -> Collection[str]:
        """Take no new work, let what is under way end for so long, and hand the rest back.

        Up to 15 seconds more where the database is locked just then. Raises ``StateUnavailable``
        and ``StateMisfit`` where nothing could be handed back; the next ``start`` will.
        """
        if self._library is None:
            return []
        from aegis_batch.adapters.outbound.dbos.inside import hand_back, stop_taking  # noqa: PLC0415
        from aegis_batch.adapters.outbound.dbos.launching import shut_down  # noqa: PLC0415

        library, self._library = self._library, None
        stop_taking(library, _TAKING_SECONDS)
        with state_errors():
            self._drain(library, drain_seconds)
            handed_back = hand_back(self._engine, self._settings.executor)
        if not handed_back:
            shut_down()
        return handed_back

    def widen(self) -> None:
        """Work, from now on, at the lanes of tenants' queues that have come up since the start.

        At 50 of them at most. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if self._library is None or CLOSES not in self._settings.concurrency:
            return
        from aegis_batch.adapters.outbound.dbos.inside import (  # noqa: PLC0415
            lanes_of_queues,
            listen_to,
        )
        from aegis_batch.adapters.outbound.dbos.launching import register  # noqa: PLC0415

        with state_errors():
            there = lanes_of_queues(self._engine, self._library)
            new = [lane for lane in there if lane not in self._of_queues]
            for lane in new[: _QUEUES_MAX - len(self._of_queues)]:
                settings = self._settings
                register(
                    lane,
                    settings.at_once_in(lane),
                    settings.max_of(lane),
                    settings.polling_of(lane),
                )
                listen_to(self._library, lane)
                self._of_queues.add(lane)

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        """Return those of the ids that are unknown here, or have ended, well or badly.

        So also those that this process took a minute ago or longer and is not at: its database
        failed it when it began them, or when it was to write their end. They are taken up again
        by the next ``start``, if nobody has made new work of them.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if not work_ids:
            return []
        from aegis_batch.adapters.outbound.dbos.inside import alive_among, under_way  # noqa: PLC0415

        before_ms = int((time.time() - _STRANDED_SECONDS) * 1000)
        # Asked before the rows are: what ends meanwhile counts as alive, and is lost next time.
        busy = under_way(self._library) if self._library is not None else set()
        executor = self._settings.executor if self._library is not None else None
        works_at_all = self._library is not None and CLOSES in self._settings.concurrency
        lanes = {*self._of_queues, *self._settings.concurrency} if works_at_all else None
        with state_errors():
            doubtful = [work_id for work_id in work_ids if work_id not in busy]
            alive = busy | alive_among(self._engine, doubtful, executor, before_ms, lanes)
        return [work_id for work_id in work_ids if work_id not in alive]

    def _threads(self) -> int:
        threads = sum(self._settings.concurrency.values())
        if CLOSES in self._settings.concurrency:
            # Made when they are needed, not before.
            threads += _QUEUES_MAX * self._settings.at_once_in(CLOSES)
        return threads

    def _drain(self, library: "DBOS", drain_seconds: float) -> None:
        from aegis_batch.adapters.outbound.dbos.inside import claimed_by, under_way  # noqa: PLC0415

        begun_seconds = time.monotonic()
        never = Event()
        while (waited_seconds := time.monotonic() - begun_seconds) < drain_seconds:
            claimed = claimed_by(self._engine, self._settings.executor)
            if waited_seconds > _HANDOVER_SECONDS:
                # A row that no thread is at by now was stranded before.
                claimed &= under_way(library)
            if not claimed:
                return
            never.wait(_LOOK_SECONDS)


def _perform(carry_out: Callable[[str, str], None], run_id: str, work_id: str) -> None:
    try:
        payload = WorkPayload(run_id, work_id)
    except ValueError:
        # Whoever reconciles finds that its run has no work any more.
        logger.bind(event="work.malformed", code="malformed_payload").error(
            "work was queued that names no run; it is dropped"
        )
        return
    try:
        carry_out(payload.run_id, payload.work_id)
    except (StateMisfit, StateUnavailable) as error:
        # The state knows that the run is under way: whoever reconciles finds it without work.
        logger.bind(event="work.broken_off", workId=work_id, runId=run_id, code=error.code).warning(
            "work could not use the state and broke off; what of it is unfinished is queued anew"
        )
    except Exception as error:  # noqa: BLE001 - a defect, told here; the engine would store its text
        logger.bind(
            event="work.defect",
            runId=run_id,
            workId=work_id,
            error=type(error).__name__,
            place=place_of(error),
        ).error(
            "work raised an error, which it must not do; what of it is unfinished is queued anew"
            " a few times"
        )
