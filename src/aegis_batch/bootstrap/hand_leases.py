"""Holding leases for what a person closes, by the settings."""

# ruff: noqa: PLC0415 - a rehearsal needs none of it

from collections.abc import Iterator, Mapping

from loguru import logger

from aegis_batch.application.hand_leases import HandLeases
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state_by_hand import StateByHand
from aegis_batch.domain.errors import AegisError

__all__ = ["open_hand_leases"]

# There is nothing yet that anybody could be at; recording the close makes it.
_EXPECTED = frozenset({"state_missing", "state_not_migrated"})


def open_hand_leases(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    state: StateByHand | None,
    closes_by_hand: bool,  # noqa: FBT001 - the container hands over what it has
) -> Iterator[HandLeases | None]:
    """Yield what holds leases, and give them back; ``None`` where there is nothing to hold."""
    if state is None or not closes_by_hand:
        yield None
        return
    from aegis_batch.adapters.inbound.serving.heartbeats import Heartbeats
    from aegis_batch.application.heartbeat import Heartbeat
    from aegis_batch.application.roles import Role
    from aegis_batch.bootstrap.identity import hand_name
    from aegis_batch.bootstrap.living import BEATS_A_LEASE, build_executor, build_lease

    me = build_executor(settings, hand_name(settings, environ), Role.HAND, clock.now())
    pulse, lease = state.pulse(), build_lease(settings, clock, is_alone=False)
    heartbeat = Heartbeat(pulse, clock, lease, me, is_alone=False)
    # Whoever is taken for dead has lost its lease by then: nothing more is handed over.
    beats = Heartbeats(heartbeat.beat, me.lease_seconds / BEATS_A_LEASE, lambda: None)
    leases = HandLeases(state, pulse, heartbeat, beats.start, beats.stop, _warn)
    try:
        yield leases
    finally:
        leases.leave()


def _warn(error: AegisError) -> None:
    if error.code not in _EXPECTED:
        logger.bind(event="close.not_held", code=error.code).warning(
            "the close goes on without a lease, and others may be at the same one. {}",
            error,
        )
