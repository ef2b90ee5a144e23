"""The port for rate limits that hold over all processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from aegis_batch.domain.rate_limit import RateLimit

__all__ = ["RateLimits", "Reserved"]


@dataclass(frozen=True, slots=True)
class Reserved:
    """How many permits were reserved, and in how long from the question the first one is good.

    Where there are none, so long it is not worth asking again.
    """

    permits: int
    wait: timedelta


class RateLimits(Protocol):
    """Keeps the next free slot of each limit by its name, within a turn."""

    def reserve(self, limits: Mapping[str, RateLimit], permits: int, within: timedelta) -> Reserved:
        """Reserve permits in all the limits at once, by the time of the state; see the domain.

        The first of the limits is everybody's, those after it are narrower.
        """
        ...
