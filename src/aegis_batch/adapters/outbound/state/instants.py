"""How instants stand in the state database."""

from datetime import UTC, datetime

from sqlalchemy import Dialect, String
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Instant"]


class Instant(TypeDecorator[datetime]):
    """A UTC instant, exact to the microsecond.

    In SQLite it is text of a fixed width, such as ``2026-11-22T05:00:00.000000Z``, whose order as
    text is its order in time, and which a person can read. In PostgreSQL it is ``timestamptz``.
    """

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Return the database's own type for it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Return what is stored; ``ValueError`` for a reading without a zone, which is no instant.

        The zone is checked before it is left out: a naive reading would be taken as local time.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(value)
        instant = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return instant
        return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """Return the stored instant in UTC; ``ValueError`` where it is none."""
        del dialect
        if value is None:
            return None
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if instant.tzinfo is None:
            raise ValueError(value)
        return instant.astimezone(UTC)
