"""What happened to circuit breakers."""

from dataclasses import dataclass
from typing import ClassVar

from aegis_batch.domain.breaker import BreakerState, Provider
from aegis_batch.domain.events import Event

__all__ = ["BreakerChanged", "BreakerClosed", "BreakerHalfOpened", "BreakerOpened", "BreakerSeen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """A breaker went from one state to another, for all processes."""

    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOpened(BreakerChanged):
    """A provider failed so many times in a row, or failed a probe, and is left alone."""

    name: ClassVar[str] = "breaker.opened"
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerHalfOpened(BreakerChanged):
    """A provider has rested, and one request is to show whether it is back."""

    name: ClassVar[str] = "breaker.half_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerClosed(BreakerChanged):
    """A provider answered a probe, and is asked as before."""

    name: ClassVar[str] = "breaker.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSeen(Event):
    """This process has learnt where a breaker stands, whoever changed it."""

    name: ClassVar[str] = "breaker.seen"
    provider: Provider
    state: BreakerState
