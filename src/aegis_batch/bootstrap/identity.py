"""Who this is: the machine that carries out runs, the person at work, and where the state is."""

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.printable import printable

__all__ = ["executor_id", "operator", "state_file"]

_FILE_NAME = "state.db"
_NAME_CHARACTERS_MAX = 100


def executor_id(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return what this machine is called: the same from one start to the next, safe to show."""
    name = settings.executor_id or environ.get("FLY_MACHINE_ID") or socket.gethostname()
    return printable(name)[:_NAME_CHARACTERS_MAX] or "unnamed"


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


def state_file(settings: Settings) -> Path:
    """Return the whole path of the file that holds the state, whether it is there or not."""
    if settings.state_url is not None:
        from aegis_batch.adapters.outbound.state.location import parse_state_url  # noqa: PLC0415

        return parse_state_url(settings.state_url).file
    from platformdirs import user_data_path  # noqa: PLC0415 - few commands ask for it

    return user_data_path("aegis-batch", appauthor=False) / _FILE_NAME
