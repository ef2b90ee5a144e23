"""Tenants: whose books are closed, and by which calendar."""

import re
from dataclasses import dataclass
from datetime import date

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["EVERYONE", "ID_CHARACTERS_MAX", "SINGLE", "Tenant", "check_tenant_id"]

# The one tenant of a deployment for one shop.
SINGLE = "default"
# Whose the jobs are that look after all tenants.
EVERYONE = "*"
ID_CHARACTERS_MAX = 200
# What an HTTP header carries: printable ASCII, without a space at either end.
_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A shop.

    ``zone_name`` is the IANA name of its own zone, ``None`` for the deployment's. ``queue`` names
    the queue of its own, if it has one. ``closes_from`` is the first business day that is closed
    without anybody asking; ``None`` where the directory leaves that to when it was seen first.
    """

    id: str
    zone_name: str | None = None
    queue: str | None = None
    closes_from: date | None = None


def check_tenant_id(text: str) -> str:
    """Return a tenant's id; ``InvalidRequest`` for what can be none, which never repeats it."""
    if text == EVERYONE or len(text) > ID_CHARACTERS_MAX or _ID.fullmatch(text) is None:
        raise InvalidRequest(
            "invalid_tenant",
            "A tenant's id is empty, too long, or holds a character that a header can't carry.",
            f"Name tenants with 1 to {ID_CHARACTERS_MAX} printable ASCII characters, without a"
            f" space at either end; {EVERYONE} alone is no id either.",
        )
    return text
