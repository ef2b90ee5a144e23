"""Gives signs of life in a thread of its own: nothing that the process does may hold them up."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from loguru import logger

from aegis_batch.domain.errors import AegisError

__all__ = ["Heartbeats"]

_AGAIN_SECONDS = 1.0
_LAST_SECONDS = 5.0


class Heartbeats:
    """Goes on from ``start`` to the end of its context.

    ``on_burial`` is called there, once, where others take this process for dead: it must end at
    once, since they do its work. A sign that can't be given is logged, once until one can, and
    tried again: whether the state is away for too long is for the loop of the process to decide.
    """

    def __init__(
        self, beat: Callable[[], bool], every_seconds: float, on_burial: Callable[[], None]
    ) -> None:
        """Take what gives a sign, and says whether the process counts as living."""
        self._beat = beat
        self._every_seconds = every_seconds
        self._on_burial = on_burial
        self._fault: str | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Give the first sign here, so that the process is known before it works; then go on.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if not self._beat():
            self._on_burial()
            return
        self._thread.start()

    def __enter__(self) -> Self:
        """Do nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give no more signs."""
        self.stop()

    def stop(self) -> None:
        """Give no more signs, which may never have been begun."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_SECONDS)

    def _go_on(self) -> None:
        wait_seconds = self._every_seconds
        while not self._ending.wait(wait_seconds):
            fault: str | None = None
            try:
                if not self._beat() and not self._ending.is_set():
                    self._on_burial()
                    return
            except AegisError as error:
                fault = error.code
            except Exception as error:  # noqa: BLE001 - the next sign may go well
                fault = f"defect {type(error).__name__}"
            if fault is not None and fault != self._fault:
                logger.bind(event="heartbeat.failed", code=fault).error(
                    "no sign of life can be given now; it is tried again"
                )
            self._fault = fault
            wait_seconds = (
                self._every_seconds if fault is None else min(_AGAIN_SECONDS, self._every_seconds)
            )
