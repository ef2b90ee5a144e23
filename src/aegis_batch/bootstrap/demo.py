"""The demo's ground: a folder with a PostgreSQL, sample orders and the stand-in Backend."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aegis_batch.adapters.inbound.cli.services import DemoGround
from aegis_batch.adapters.outbound.embedded.aftermath import sweep
from aegis_batch.adapters.outbound.embedded.demo_folder import DemoFolder
from aegis_batch.adapters.outbound.embedded.postgres_server import EmbeddedPostgres, new_password
from aegis_batch.adapters.outbound.embedded.sample_shop import (
    load_sample_shop,
    open_reader,
    server_version,
)
from aegis_batch.adapters.outbound.embedded.sandbox_process import SandboxProcess
from aegis_batch.adapters.outbound.embedded.uninterrupted import uninterrupted
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.bootstrap.settings import Environment, LogFormat, LogLevel, Settings, variable_of
from aegis_batch.bootstrap.variables import FILE_SUFFIX
from aegis_batch.domain.errors import OrdersUnreachable

__all__ = ["demo_ground", "stop_demo"]

_DATABASE_FILE = variable_of("database_url") + FILE_SUFFIX
_STATE = variable_of("state_url")
_TOKEN_FILE = variable_of("x_service_token") + FILE_SUFFIX
_BACKEND = variable_of("backend_base_url")
_LOG_LEVEL = variable_of("log_level")
_ENVIRONMENT = variable_of("environment")
# What a person may have set for logs does the demo no harm.
_HARMLESS = (_LOG_LEVEL, variable_of("log_format"))


@dataclass(slots=True)
class _Keeping:
    """Whether the ground outlives the command."""

    folder: DemoFolder
    is_kept: bool = False

    def keep(self) -> None:
        """Leave everything as it is, for ``stop_demo`` to take away."""
        with uninterrupted():
            try:
                self.folder.keep()
            except OSError as error:
                raise _no_room(error) from None
            self.is_kept = True


@contextmanager
def demo_ground() -> Iterator[DemoGround]:
    """Yield a ground that is ready; at the end nothing of it is left, unless it was to be kept.

    Raises ``InvalidRequest`` where something is missing here, ``OrdersUnreachable`` and
    ``BackendUnavailable`` where a server fails to start.
    """
    sweep()
    keeping: _Keeping | None = None
    try:
        with uninterrupted():
            keeping = _Keeping(_create_folder())
        yield _prepare(keeping.folder, keeping)
    finally:
        if keeping is not None and not keeping.is_kept:
            keeping.folder.remove()


def stop_demo(folder: Path) -> None:
    """Stop the servers of a ground that was kept, and take its folder away.

    Raises ``InvalidRequest`` where the folder is none of an own demo.
    """
    DemoFolder.open(folder).remove()


def _create_folder() -> DemoFolder:
    try:
        return DemoFolder.create()
    except OSError as error:
        raise _no_room(error) from None


def _prepare(folder: DemoFolder, keeping: _Keeping) -> DemoGround:
    try:
        token_file = folder.keep_secret("service_token", new_password())
        # PostgreSQL makes its data directory while the other server starts.
        sandbox = SandboxProcess(folder, _sandbox_environ(os.environ, token_file))
        database = EmbeddedPostgres(folder)
        orders = load_sample_shop(database)
        url_file = folder.keep_secret("database_url", open_reader(database))
        exports = {
            _DATABASE_FILE: str(url_file),
            _BACKEND: sandbox.url(),
            _TOKEN_FILE: str(token_file),
            # What is closed here must not stand among a person's own runs.
            _STATE: StateLocation(folder.path / "state.db").url,
        }
    except OSError as error:
        raise _no_room(error) from None
    in_the_way = _variables_in_the_way(os.environ, exports)
    return DemoGround(
        folder=folder.path,
        environ=exports | _own_settings(os.environ),
        exports=exports | _quiet_logs(os.environ) | _against_env_file(),
        in_the_way=in_the_way,
        database=f"PostgreSQL {server_version(database)}",
        orders=orders,
        keep=keeping.keep,
    )


def _sandbox_environ(environ: Mapping[str, str], token_file: Path) -> dict[str, str]:
    """Return an environment without any setting but the token, in which no .env file is read."""
    known = {variable_of(field) for field in Settings.model_fields}
    known |= {name + FILE_SUFFIX for name in known}
    kept = {name: value for name, value in environ.items() if name not in known}
    return kept | {_TOKEN_FILE: str(token_file), _ENVIRONMENT: Environment.PRODUCTION.value}


def _own_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the rest of the demo's environment, in which no setting of a person's can hurt."""
    wished = environ.get(_LOG_LEVEL, "")
    return {
        # There no .env file is read.
        _ENVIRONMENT: Environment.PRODUCTION.value,
        _LOG_LEVEL: wished if wished in set(LogLevel) else LogLevel.WARNING.value,
        variable_of("log_format"): LogFormat.TEXT.value,
    }


def _quiet_logs(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps log lines out of the way of who only tries a command."""
    return {} if _LOG_LEVEL in environ else {_LOG_LEVEL: LogLevel.WARNING.value}


def _variables_in_the_way(
    environ: Mapping[str, str], exports: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the settings of an environment that the exports don't replace."""
    names = [variable_of(field) for field in Settings.model_fields]
    names += [name + FILE_SUFFIX for name in names]
    return tuple(
        name for name in names if name in environ and name not in exports and name not in _HARMLESS
    )


def _against_env_file() -> dict[str, str]:
    """Return what keeps a ``.env`` file in the current folder from being read."""
    if not Path(".env").exists():
        return {}
    return {_ENVIRONMENT: Environment.PRODUCTION.value}


def _no_room(error: OSError) -> OrdersUnreachable:
    return OrdersUnreachable(
        "demo_not_prepared",
        f"The demo could not make its servers' files: {error.strerror}.",
        "See whether the folder for temporary files (TMPDIR) has space, and run it again.",
    )
