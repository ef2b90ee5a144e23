"""Delivers notices in a thread of its own: a receiver that is slow must not hold up schedules."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from loguru import logger

from aegis_batch.domain.errors import AegisError

__all__ = ["NoticeRounds"]


class NoticeRounds:
    """Goes round after round for as long as its context lasts, and a last time at its end.

    What goes wrong in a round is logged, once until one goes well again, and tried in the next:
    whether the state is fit is for the loop of the process to decide.
    """

    def __init__(
        self, deliver: Callable[[], int], every_seconds: float, last_seconds: float
    ) -> None:
        """Take what delivers, the wait between rounds, and how long the last may take."""
        self._deliver = deliver
        self._every_seconds = every_seconds
        self._last_seconds = last_seconds
        self._fault: str | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="notices", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the last round begin, and wait for it, but not for long."""
        self._ending.set()
        self._thread.join(self._last_seconds)

    def _go_round(self) -> None:
        is_last = False
        while True:
            had_work = self._round()
            if is_last:
                return
            # There may be more than a round takes.
            is_last = self._ending.is_set() if had_work else self._ending.wait(self._every_seconds)

    def _round(self) -> bool:
        fault, count = None, 0
        try:
            count = self._deliver()
        except AegisError as error:
            fault = error.code
        except Exception as error:  # noqa: BLE001 - other notices, and the process, go on
            fault = f"defect {type(error).__name__}"
        if fault is not None and fault != self._fault:
            logger.bind(event="notices.failed", code=fault).error(
                "notices can't be delivered now; it is tried again"
            )
        self._fault = fault
        return count > 0
