"""A breaker of the library, whose state all processes share.

The library says when failures in a row open it, and what the end of a probe leads to. When a rest
is over, and whose request is the probe, is decided over all processes, in ``Breaking``.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NoReturn, TypeVar

from pybreaker import CircuitBreaker, CircuitBreakerError, CircuitBreakerStorage

from aegis_batch.application.breaking import Breaking
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.breaker import Breaker, BreakerState, Provider
from aegis_batch.domain.errors import AegisError

__all__ = ["ProviderBreaker"]

T = TypeVar("T")

# The library would end a rest by a clock of its own.
_NEVER_SECONDS = 1_000_000_000.0
_STATE_OF = {
    "closed": BreakerState.CLOSED,
    "open": BreakerState.OPEN,
    "half-open": BreakerState.HALF_OPEN,
}
_NAME_OF = {state: name for name, state in _STATE_OF.items()}


class ProviderBreaker:
    """Has a provider asked, unless it rests; any number of threads may, at once.

    Failures in a row are counted here, in memory: a success costs no transaction.
    """

    def __init__(
        self,
        provider: Provider,
        breaking: Breaking,
        clock: Clock,
        failures_max: int,
        fails: Callable[[AegisError], bool],
    ) -> None:
        """Take which provider it is, what is shared, and so many failures of which kind open it."""
        self._provider = provider
        self._breaking = breaking
        self._clock = clock
        self._failures_max = failures_max
        self._fails = fails
        self._library: CircuitBreaker | None = None

    def ask(self, question: Callable[[], T], resting: Callable[[datetime], AegisError]) -> T:
        """Return what the provider answers.

        Raises what ``resting`` makes of the moment until which it is left alone, and whatever the
        question raises.
        """
        probe = self._admitted(resting)
        try:
            answer = question()
        except AegisError as error:
            if self._fails(error):
                self._ended(probe, has_failed=True)
            elif not error.retryable:
                # It said no, so it is there.
                self._ended(probe, has_failed=False)
            raise
        self._ended(probe, has_failed=False)
        return answer

    def _admitted(self, resting: Callable[[datetime], AegisError]) -> Breaker | None:
        """Return the breaker as this request's probe has left it; ``None`` where it is none."""
        until = self._breaking.rests_until(self._provider)
        if until is not None:
            raise resting(until)
        seen = self._breaking.standing(self._provider)
        if seen.state is BreakerState.CLOSED:
            return None
        if self._breaking.change(
            self._provider, seen, BreakerState.HALF_OPEN, failures=seen.failures
        ):
            return self._breaking.standing(self._provider)
        until = self._breaking.rests_until(self._provider)
        if until is not None:
            # Another one's request is the probe.
            raise resting(until)
        return None

    def _ended(self, probe: Breaker | None, *, has_failed: bool) -> None:
        if not has_failed and probe is None and not self._has_counted():
            # A success only starts the count anew.
            return
        state = self._breaking.standing(self._provider).state
        if state is BreakerState.CLOSED or probe is not None:
            # Of a request that others outran meanwhile nothing is to be learnt.
            with suppress(CircuitBreakerError, _FailedError):
                self._own().call(_fail if has_failed else _nothing)

    def _has_counted(self) -> bool:
        return self._library is not None and self._library.fail_counter > 0

    def _own(self) -> CircuitBreaker:
        # Made at the first end: to make one looks at the state.
        if self._library is None:
            self._library = CircuitBreaker(
                fail_max=self._failures_max,
                reset_timeout=_NEVER_SECONDS,
                state_storage=_SharedStorage(self._provider, self._breaking, self._clock),
                throw_new_error_on_trip=False,
            )
        return self._library


class _FailedError(Exception):
    """What the library is told of a failure: it needs to know no more."""


def _nothing() -> None:
    """Stand for a request that was answered."""


def _fail() -> NoReturn:
    raise _FailedError


class _SharedStorage(CircuitBreakerStorage):
    """Keeps the library's counts in memory, and its state where all processes see it."""

    def __init__(self, provider: Provider, breaking: Breaking, clock: Clock) -> None:
        super().__init__(provider.value)
        self._provider = provider
        self._breaking = breaking
        self._clock = clock
        self._failures = 0
        self._successes = 0

    @property
    def state(self) -> str:
        return _NAME_OF[self._breaking.standing(self._provider).state]

    @state.setter
    def state(self, state: str) -> None:
        seen, target = self._breaking.standing(self._provider), _STATE_OF[state]
        failures = self._failures
        if target is BreakerState.CLOSED:
            failures = 0
        elif seen.state is BreakerState.HALF_OPEN:
            # Another process may have counted those before.
            failures = seen.failures + 1
        self._breaking.change(self._provider, seen, target, failures)

    def increment_counter(self) -> None:
        self._failures += 1

    def reset_counter(self) -> None:
        self._failures = 0

    def increment_success_counter(self) -> None:
        self._successes += 1

    def reset_success_counter(self) -> None:
        self._successes = 0

    @property
    def counter(self) -> int:
        return self._failures

    @property
    def success_counter(self) -> int:
        return self._successes

    @property
    def opened_at(self) -> datetime:
        # It only asks whether this is long ago, which it never is.
        return self._clock.now()

    @opened_at.setter
    def opened_at(self, opened_at: datetime) -> None:
        del opened_at
