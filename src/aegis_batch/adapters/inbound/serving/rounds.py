"""Rounds in a thread of their own, so that what is slow or away never holds up schedules."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from loguru import logger

from aegis_batch.domain.errors import AegisError

__all__ = ["Rounds"]

# The thread ends with the process, whatever it waits for.
_LAST_SECONDS = 2.0


class Rounds:
    """Goes round after round for as long as its context lasts.

    What goes wrong in a round is logged, once until one goes well again, and tried in the next:
    whether the state is fit is for the loop of the process to decide.
    """

    def __init__(
        self,
        go_round: Callable[[Callable[[], bool]], bool],
        every_seconds: float,
        *,
        event: str,
        told: str,
    ) -> None:
        """Take what to do, and how long to wait between two rounds.

        ``go_round`` may ask whether to go on, and says whether there may be more to do at once.
        ``event`` is what the log calls a fault, such as ``notices.failed``, and ``told`` its text.
        """
        self._go_round = go_round
        self._every_seconds = every_seconds
        self._event = event
        self._told = told
        self._fault: str | None = None
        self._last_seconds = _LAST_SECONDS
        self._has_last = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go, name=event.partition(".")[0], daemon=True)

    def with_a_last(self, last_seconds: float) -> Self:
        """Go once more at the end, which is waited for so long."""
        self._has_last, self._last_seconds = True, last_seconds
        return self

    def __enter__(self) -> Self:
        """Begin with a round."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, and wait for the last round, but not for long."""
        self._ending.set()
        self._thread.join(self._last_seconds)

    def _go(self) -> None:
        while not self._ending.is_set():
            if not self._round():
                self._ending.wait(self._every_seconds)
        if self._has_last:
            self._round()

    def _round(self) -> bool:
        fault, has_more = None, False
        try:
            has_more = self._go_round(lambda: not self._ending.is_set())
        except AegisError as error:
            fault = error.code
        except Exception as error:  # noqa: BLE001 - schedules, and the process, go on
            fault = f"defect {type(error).__name__}"
        if fault is not None and fault != self._fault:
            logger.bind(event=self._event, code=fault).error(self._told)
        self._fault = fault
        return has_more
