"""Chooses what a state database stands on, by its address."""

from aegis_batch.adapters.outbound.state.grounds import Ground
from aegis_batch.adapters.outbound.state.location import ServerLocation, StateLocation

__all__ = ["ground_of"]


def ground_of(
    location: StateLocation | ServerLocation,
    lock_seconds: float,
    connect_seconds: float,
    frozen_seconds: float,
) -> Ground:
    """Return what a state stands on; nothing is opened yet."""
    if isinstance(location, StateLocation):
        from aegis_batch.adapters.outbound.state.file_ground import FileGround  # noqa: PLC0415

        return FileGround(location.file, lock_seconds)
    # The driver of a kind that isn't used need not be loaded.
    from aegis_batch.adapters.outbound.state.server_ground import ServerGround  # noqa: PLC0415

    return ServerGround(location, lock_seconds, connect_seconds, frozen_seconds)
