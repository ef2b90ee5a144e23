"""Sees a backfill through: carries it out, or follows whoever does, and tells how far it is."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import click

from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of, status_of_error
from aegis_batch.adapters.inbound.cli.output import say, say_problem
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_control import BackfillProgress, BackfillView
from aegis_batch.domain.backfill import Backfill, BackfillState
from aegis_batch.domain.errors import AegisError, StateUnavailable
from aegis_batch.domain.outcome import Problem

if TYPE_CHECKING:
    from aegis_batch.adapters.inbound.serving.server import Served
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals

__all__ = ["see_through", "status_of_view"]

_FOLLOW_SECONDS = 1.0
# A process that serves may be started again meanwhile.
_UNSERVED_SECONDS_MAX = 60.0
_STEPS = 20


def see_through(services: Services, backfill_id: str, output: str) -> int:
    """Have a started backfill carried out to its end; return 0 there, or why it is not the end.

    Where a process serves the state, or begins to, that one does it, and this one follows.
    """
    # Imported here, since few commands have use for it.
    from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals  # noqa: PLC0415

    with StopSignals() as stop, _Teller() as teller:
        try:
            anew = ("backfill", "--yes", backfill_id, "--output", output)
            status = _carry_out(services, backfill_id, stop, teller, anew)
            if status == ExitStatus.OK and not _is_over(services, backfill_id):
                say("aegis-batch: a process begins to serve this state, and goes on with it.")
                status = _follow(services, backfill_id, stop, teller)
        except StateUnavailable as error:
            if error.code != "state_in_use":
                raise
            status = _follow(services, backfill_id, stop, teller)
    return status


def status_of_view(view: BackfillView) -> int:
    """Return the exit status for how a backfill came out."""
    backfill = view.backfill
    if backfill.state is BackfillState.ENDED and backfill.done == backfill.to_do:
        return ExitStatus.OK
    outcomes = {each.outcome for each in view.not_done if each.outcome is not None}
    is_named = len(view.not_done) >= backfill.failed
    is_all = is_named and backfill.failed == backfill.to_do and len(outcomes) == 1
    return int(status_of(outcomes.pop())) if is_all else ExitStatus.IN_PART


def _carry_out(
    services: Services,
    backfill_id: str,
    stop: "StopSignals",
    teller: "_Teller",
    anew: Sequence[str],
) -> int:
    """Carry it out, or hand it over in the middle; ``anew`` are the arguments that follow it then.

    What is handed over may leave threads that wait for an answer still. They would keep the state
    from the process that is to go on, and so this one gives way to a new one.
    """
    with services.backfill_carrying(backfill_id, teller.tell) as desk:
        served = desk.serve(stop)
        teller.finish()
        status = _status_of_served(served)
        if stop.is_stopping:
            say(
                "aegis-batch: stopped; what was done is done, and it goes on with:"
                f"\n  aegis-batch backfill resume {backfill_id}"
            )
        if served.leaves_threads and status == ExitStatus.OK and desk.begin_anew is not None:
            desk.begin_anew(anew)
        if served.leaves_threads:
            desk.leave(status)
    return status


def _is_over(services: Services, backfill_id: str) -> bool:
    with services.ledger_desk() as desk:
        return desk.backfills.progress(backfill_id).is_over


def _status_of_served(served: "Served") -> int:
    if isinstance(served.error, AegisError):
        say_problem(Problem.of(served.error))
        return int(status_of_error(served.error))
    if served.error is not None:
        say_problem(defect_problem(served.error))
        return int(ExitStatus.DEFECT)
    return served.exit_status or int(ExitStatus.OK)


def _follow(services: Services, backfill_id: str, stop: "StopSignals", teller: "_Teller") -> int:
    say("aegis-batch: the process that serves this state carries it out; this one follows it.")
    clock = services.clock
    served_seconds = clock.monotonic_seconds()
    with ExitStack() as stack:
        desk = stack.enter_context(services.ledger_desk())
        health = stack.enter_context(services.health())
        while not stop.is_stopping:
            progress = desk.backfills.progress(backfill_id)
            teller.tell(progress)
            if progress.is_over:
                return ExitStatus.OK
            if health.is_served():
                served_seconds = clock.monotonic_seconds()
            elif clock.monotonic_seconds() - served_seconds >= _UNSERVED_SECONDS_MAX:
                teller.finish()
                say(
                    "aegis-batch: no process serves this state any more; go on with aegis-batch"
                    f" serve, or with:\n  aegis-batch backfill resume {backfill_id}"
                )
                return ExitStatus.IN_PART
            stop.wait(_FOLLOW_SECONDS)
    teller.finish()
    say(
        "aegis-batch: followed no longer; the process that serves goes on. See:"
        f"\n  aegis-batch backfill status {backfill_id}"
    )
    return stop.exit_status or int(ExitStatus.INTERRUPTED)


class _Teller:
    """Tells how far a backfill is: by a bar on a terminal, and elsewhere by a few lines."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._told: tuple[int, bool, bool] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def tell(self, progress: BackfillProgress) -> None:
        if sys.stderr is None:
            return
        if sys.stderr.isatty():
            self._draw(progress)
        else:
            self._write(progress)

    def finish(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.render_finish()

    def _draw(self, progress: BackfillProgress) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=progress.backfill.to_do,
                label="backfill",
                show_pos=True,
                item_show_func=lambda told: None if told is None else str(told),
                file=sys.stderr,
            )
        past = _past(progress.backfill)
        self._bar.update(past - self._bar.pos, _trouble(progress))
        self._bar.render_progress()

    def _write(self, progress: BackfillProgress) -> None:
        past, to_do = _past(progress.backfill), progress.backfill.to_do
        step = _STEPS if to_do == 0 else past * _STEPS // to_do
        seen = self._told or (-1, False, False)
        told = (
            max(step, seen[0]),
            seen[1] or progress.backfill.failed > 0,
            seen[2] or progress.in_flight.waiting > 0,
        )
        if told != self._told:
            self._told = told
            trouble = _trouble(progress)
            say(f"backfill: {past:,} of {to_do:,}" + (f", {trouble}" if trouble else ""))


def _past(backfill: Backfill) -> int:
    return backfill.to_do - backfill.remaining


def _trouble(progress: BackfillProgress) -> str:
    told: list[str] = []
    if progress.backfill.failed:
        told.append(f"{progress.backfill.failed:,} failed")
    if progress.in_flight.waiting:
        told.append(f"{progress.in_flight.waiting:,} to be tried again")
    return ", ".join(told)
