"""A close under way, which leaves the reading of its orders to whoever serves it."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import Window

__all__ = ["Closing", "ReadingWanted", "served"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ReadingWanted:
    """What a close needs to be read before it can go on."""

    tenant: str
    window: Window
    # Whoever reads it does so inside this: what it waits for before and after is no reading.
    under_way: Callable[[], AbstractContextManager[None]]


# It stops where orders are to be read. It is then sent what they add up to, or the error is thrown
# into it that reading them raised; so one reading can serve many of them.
Closing = Generator[ReadingWanted, Reading, R]


def served(closing: Closing[R], read: Callable[[str, Window], Reading]) -> R:
    """Return what comes of a close, to which whatever it wants is read as it wants it."""
    go_on: Callable[[], ReadingWanted] = partial(next, closing)
    try:
        while True:
            wanted = go_on()
            try:
                with wanted.under_way():
                    reading = read(wanted.tenant, wanted.window)
                go_on = partial(closing.send, reading)
            except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - its own to handle
                go_on = partial(closing.throw, error)
    except StopIteration as ended:
        result: R = ended.value
        return result
