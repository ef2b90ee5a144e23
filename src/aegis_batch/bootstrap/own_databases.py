"""What the program writes into is a database of its own: never the orders', and no other's."""

# ruff: noqa: PLC0415 - few settings name a database to write into

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["faults_of_databases"]

_REPORTS, _STATE = "AEGIS_REPORTS_URL", "AEGIS_STATE_URL"
_THE_ORDERS = "names the orders' database, in which this program never writes"
# Which two must not be one, and what is said of the first where they are.
_PAIRS = (
    (_REPORTS, "DATABASE_URL", f"{_THE_ORDERS} (Create a database for reports, and name that one)"),
    (_STATE, "DATABASE_URL", f"{_THE_ORDERS} (Create a database for the state, and name that one)"),
    (_STATE, _REPORTS, "names the reports' database (Create one for the state, and name that one)"),
)


def faults_of_databases(values: Mapping[str, object]) -> list[str]:
    """Return which databases that are written into are another one's, as far as addresses tell.

    ``values`` holds the fields that are valid by themselves. Each fault is led by its variable.
    """
    addresses = {
        variable: value.get_secret_value()
        for variable, field in (
            ("DATABASE_URL", "database_url"),
            (_REPORTS, "reports_url"),
            (_STATE, "state_url"),
        )
        if isinstance(value := values.get(field), SecretStr)
    }
    if addresses.keys() <= {"DATABASE_URL"}:
        return []
    urls = _urls(addresses)
    from aegis_batch.adapters.postgresql.sameness import name_same_database

    return [
        f"{own}: {what}"
        for own, other, what in _PAIRS
        if own in urls and other in urls and name_same_database(urls[own], urls[other])
    ]


def _urls(addresses: Mapping[str, str]) -> "dict[str, URL]":
    from aegis_batch.adapters.outbound.state.location import ServerLocation, parse_state_url
    from aegis_batch.adapters.postgresql.address import parse_address

    urls = {}
    for variable, address in addresses.items():
        if variable != _STATE:
            urls[variable] = parse_address(address, variable)
            continue
        location = parse_state_url(address)
        if isinstance(location, ServerLocation):
            urls[variable] = location.url
    return urls
