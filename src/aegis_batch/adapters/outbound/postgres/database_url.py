"""``DATABASE_URL``, read."""

from sqlalchemy import URL

from aegis_batch.adapters.postgresql.address import parse_address

__all__ = ["parse_database_url"]

_VARIABLE = "DATABASE_URL"


def parse_database_url(text: str) -> URL:
    """Return the URL of the orders' database; see ``parse_address``.

    Raises ``InvalidRequest``, which tells nothing of the text but the keys of unknown options.
    """
    return parse_address(text, _VARIABLE)
