"""Who this is: the machine that carries out runs, the person at work, and where the state is."""

import getpass
import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.system.identifiers import new_instance_id
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.printable import printable

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.location import ServerLocation, StateLocation

__all__ = [
    "among_others",
    "executor_id",
    "executor_name",
    "hand_name",
    "is_alone",
    "operator",
    "state_location",
]

_FILE_NAME = "state.db"
_NAME_CHARACTERS_MAX = 100
# A UUID begins with as many that are random.
_START_DIGITS = 8


def executor_id(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return what this machine is called: the same from one start to the next, safe to show."""
    name = settings.executor_id or environ.get("FLY_MACHINE_ID") or socket.gethostname()
    return printable(name)[:_NAME_CHARACTERS_MAX] or "unnamed"


def executor_name(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return what this process is called in the ledger.

    Where a lock lets one process at a time at the state, that is the machine's name. Where several
    may be at work on it, each has a name of its own, which nobody has after it.
    """
    machine = executor_id(settings, environ)
    return machine if is_alone(settings) else f"{machine}/{new_instance_id()[:_START_DIGITS]}"


def hand_name(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return what this process is called while it closes what a person asks for; nobody else is."""
    return f"{executor_id(settings, environ)}/hand-{new_instance_id()[:_START_DIGITS]}"


def is_alone(settings: Settings) -> bool:
    """Say whether one process at a time has the state: it is in a file, which has a lock."""
    from aegis_batch.adapters.outbound.state.location import StateLocation  # noqa: PLC0415

    return isinstance(state_location(settings), StateLocation)


def among_others(name: str, *, is_alone: bool) -> str | None:
    """Return the name of a process where there may be others, ``None`` where there is none."""
    return None if is_alone else name


def operator(settings: Settings) -> str:
    """Return who is at work, safe to show: as the settings say, or the name of the account."""
    if settings.operator is not None:
        return settings.operator
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # In a container the account often has a number alone.
        name = f"uid {os.getuid()}"
    return printable(name)[:_NAME_CHARACTERS_MAX]


def state_location(settings: Settings) -> "StateLocation | ServerLocation":
    """Return where the state is, a file by its whole path, whether it is there or not."""
    from aegis_batch.adapters.outbound.state.location import (  # noqa: PLC0415 - few commands ask
        StateLocation,
        parse_state_url,
    )

    if settings.state_url is not None:
        return parse_state_url(settings.state_url.get_secret_value())
    from platformdirs import user_data_path  # noqa: PLC0415 - the same

    return StateLocation(user_data_path("aegis-batch", appauthor=False) / _FILE_NAME)
