"""``AEGIS_REPORTS_URL``, read."""

from sqlalchemy import URL

from aegis_batch.adapters.postgresql.address import parse_address

__all__ = ["parse_reports_url"]

_VARIABLE = "AEGIS_REPORTS_URL"


def parse_reports_url(text: str) -> URL:
    """Return the URL of the reports' database, in all the forms that ``DATABASE_URL`` takes.

    Raises ``InvalidRequest``, which tells nothing of the text but the keys of unknown options.
    """
    return parse_address(text, _VARIABLE)
