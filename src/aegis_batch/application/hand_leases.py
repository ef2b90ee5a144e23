"""Holds the leases of what a person closes: nobody else is at the same close meanwhile."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.taking import lease_of_close
from aegis_batch.domain.errors import AegisError, InOtherHands, StateMisfit, StateUnavailable
from aegis_batch.domain.run import CloseKey, RunState

__all__ = ["HandLeases"]

_EXECUTORS_MAX = 1_000


class HandLeases:
    """Takes leases as the work queue does, under an executor of its own, while there is a state.

    A close by hand needs none: where it is away, or isn't there yet, the close goes on without.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and whom to tell
        self,
        state: State,
        pulse: Pulse,
        heartbeat: Heartbeat,
        begin: Callable[[], None],
        end: Callable[[], None],
        warn: Callable[[AegisError], None],
    ) -> None:
        """Take the ports, and who this is.

        ``begin`` gives the first sign of life and sees to the others, until ``end``. ``warn`` is
        told why the closes go on without leases.
        """
        self._state = state
        self._pulse = pulse
        self._heartbeat = heartbeat
        self._begin = begin
        self._end = end
        self._warn = warn
        self._has_begun = False
        self._tokens: dict[str, int] = {}
        # Of what was asked for: why it can't be had, ``None`` where it can.
        self._asked: dict[CloseKey, InOtherHands | None] = {}

    def take(self, keys: Sequence[CloseKey]) -> None:
        """Take the leases of closes in one turn, as far as nobody living holds them."""
        self._asked.update(dict.fromkeys(keys))
        try:
            if not self._has_begun:
                self._begin()
                self._has_begun = True
            with self._state.turn() as turn:
                refused = self._take(turn, keys)
        except (StateMisfit, StateUnavailable) as error:
            self._warn(error)
        else:
            self._asked.update(refused)

    def hold(self, key: CloseKey) -> None:
        """See to it that a close may be begun, which was asked for or is now.

        Raises ``InOtherHands``.
        """
        if key not in self._asked:
            self.take([key])
        refused = self._asked[key]
        if refused is not None:
            raise refused

    def is_held(self) -> bool:
        """Say whether nobody else can be at what was taken; true of what needed no lease."""
        return not self._tokens or self._heartbeat.lease.is_held()

    def give_back(self) -> None:
        """Give back all that was taken: its work has ended."""
        tokens, self._tokens, self._asked = self._tokens, {}, {}
        if tokens:
            # What can't be given back is free as soon as this executor is gone.
            with suppress(StateMisfit, StateUnavailable), self._state.turn() as turn:
                turn.leases.give_back(tokens, self._heartbeat.executor.name)

    def leave(self) -> None:
        """Give all back and sign off, without a trace."""
        self._end()
        self.give_back()
        if self._has_begun:
            with suppress(StateMisfit, StateUnavailable):
                self._pulse.forget(self._heartbeat.executor.name)

    def _take(self, turn: Turn, keys: Sequence[CloseKey]) -> dict[CloseKey, InOtherHands]:
        """Take what can be had, and return why the rest can't."""
        key_of = {lease_of_close(key): key for key in keys}
        taken = self._take_free(turn, key_of)
        holders: dict[str, str] = {}
        for name in sorted(set(key_of) - set(taken)):
            holders.update(turn.leases.holders(name))
        silent = turn.executors.bury_silent(_EXECUTORS_MAX, set(holders.values()))
        dead = {each.name for each in silent}
        if dead:
            turn.leases.free(dead)
            taken |= self._take_free(turn, [n for n, holder in holders.items() if holder in dead])
        self._tokens.update(taken)
        return {
            key_of[name]: self._refusal(turn, key_of[name], holder)
            for name, holder in holders.items()
            if name not in taken
        }

    def _take_free(self, turn: Turn, names: Collection[str]) -> dict[str, int]:
        me = self._heartbeat.executor.name
        return dict(turn.leases.take(dict.fromkeys(names, 0), me))

    def _refusal(self, turn: Turn, key: CloseKey, holder: str) -> InOtherHands:
        running = turn.runs.search(RunFilter(key=key, states=frozenset({RunState.RUNNING})), 1)
        runs = "".join(f" with run {each.id}" for each in running)
        seconds = self._heartbeat.executor.lease_seconds
        return InOtherHands(
            "in_progress",
            f"The close of {key.period} is under way: {holder} is at it{runs}.",
            "Try again when that has ended. If that process was killed, its hold ends"
            f" {seconds:.0f} s after its last sign of life.",
        )
