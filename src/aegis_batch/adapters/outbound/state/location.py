"""Where the state database is: ``AEGIS_STATE_URL``, read."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["ServerLocation", "StateLocation", "parse_state_url"]

_VARIABLE = "AEGIS_STATE_URL"
_SERVER = re.compile(r"\s*postgres(?:ql)?(?:\+psycopg)?://", re.IGNORECASE)
_REMEDY = (
    "Write sqlite:/// and the file's path: sqlite:////var/lib/aegis/state.db from the root,"
    " sqlite:///state.db from the folder that the program is started in; or the address of a"
    " PostgreSQL database: postgresql://user:password@host:5432/database?sslmode=require."
)


@dataclass(frozen=True, slots=True)
class StateLocation:
    """The file that holds the state; its path is absolute."""

    file: Path

    @property
    def url(self) -> str:
        """The address of the file, as ``AEGIS_STATE_URL`` has it, whatever its path holds."""
        return URL.create("sqlite", database=str(self.file)).render_as_string()

    @property
    def name(self) -> str:
        """What people call it by: its path."""
        return str(self.file)


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """The database on a PostgreSQL server that holds the state; its URL may hold a password."""

    url: URL = field(repr=False)

    @property
    def name(self) -> str:
        """What people call it by: host, port and name, and nothing secret."""
        from aegis_batch.adapters.postgresql.address import plain_name_of  # noqa: PLC0415 - as below

        return plain_name_of(self.url)


def parse_state_url(text: str) -> StateLocation | ServerLocation:
    """Read ``AEGIS_STATE_URL``.

    In the path of a file ``%20`` and the like stand for what they do in every URL. Raises
    ``InvalidRequest`` for everything but a file of SQLite and a database of PostgreSQL, and never
    repeats what could be a password.
    """
    if _SERVER.match(text):
        # Whose state is in a file doesn't load the driver.
        from aegis_batch.adapters.postgresql.address import parse_address  # noqa: PLC0415

        return ServerLocation(parse_address(text, _VARIABLE))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The chained text repeats the setting.
        raise _unusable("AEGIS_STATE_URL is no address of a database.") from None
    if url.drivername != "sqlite":
        raise _unusable("AEGIS_STATE_URL names no database of SQLite or PostgreSQL.")
    if url.query or url.host or url.username or url.password or url.port:
        raise _unusable("AEGIS_STATE_URL has more in it than a file's path.")
    if not url.database or url.database == ":memory:" or "\0" in url.database:
        raise _unusable("AEGIS_STATE_URL names no file.")
    return StateLocation(Path(url.database).absolute())


def _unusable(message: str) -> InvalidRequest:
    return InvalidRequest("invalid_state_url", message, _REMEDY)
