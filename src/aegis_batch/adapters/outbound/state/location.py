"""Where the state database is: ``AEGIS_STATE_URL``, read."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["StateLocation", "parse_state_url"]

_REMEDY = (
    "Write sqlite:/// and the file's path: sqlite:////var/lib/aegis/state.db from the root,"
    " sqlite:///state.db from the folder that the program is started in."
)


@dataclass(frozen=True, slots=True)
class StateLocation:
    """The file that holds the state; its path is absolute."""

    file: Path

    @property
    def url(self) -> str:
        """The address of the file, as ``AEGIS_STATE_URL`` has it, whatever its path holds."""
        return URL.create("sqlite", database=str(self.file)).render_as_string()


def parse_state_url(text: str) -> StateLocation:
    """Read ``AEGIS_STATE_URL``.

    In the path ``%20`` and the like stand for what they do in every URL. Raises
    ``InvalidRequest`` for everything but a file of SQLite, and never repeats what could be a
    password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The chained text repeats the setting.
        raise _unusable("AEGIS_STATE_URL is no address of a database.") from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        raise _unusable(
            "AEGIS_STATE_URL names a PostgreSQL database, which this version can't use yet."
        )
    if url.drivername != "sqlite":
        raise _unusable("AEGIS_STATE_URL names no SQLite database.")
    if url.query or url.host or url.username or url.password or url.port:
        raise _unusable("AEGIS_STATE_URL has more in it than a file's path.")
    if not url.database or url.database == ":memory:" or "\0" in url.database:
        raise _unusable("AEGIS_STATE_URL names no file.")
    return StateLocation(Path(url.database).absolute())


def _unusable(message: str) -> InvalidRequest:
    return InvalidRequest("invalid_state_url", message, _REMEDY)
