"""Where the stand-in Backend's token comes from."""

import os
from pathlib import Path

from aegis_batch.adapters.inbound.cli.services import ServiceToken
from aegis_batch.adapters.outbound.system.secret_files import secret_in_file
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import variable_of
from aegis_batch.bootstrap.variables import FILE_SUFFIX

__all__ = ["sandbox_token"]

_VARIABLE = variable_of("x_service_token")


def sandbox_token(beside: Path) -> ServiceToken:
    """Return the token of the settings, or else one that is kept in a file beside another file.

    Raises ``InvalidRequest`` where the settings or that file can't be used.
    """
    configured = load_settings().x_service_token
    if configured is not None:
        named = os.environ.get(_VARIABLE + FILE_SUFFIX)
        return ServiceToken(
            configured.get_secret_value(), Path(named).absolute() if named else None
        )
    file = beside.with_suffix(".token").absolute()
    is_new = not os.path.lexists(file)
    return ServiceToken(secret_in_file(file), file, is_new)
