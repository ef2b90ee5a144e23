"""Tenants' ids as columns have them, and what is done with those that can be none."""

import sqlalchemy as sa
from loguru import logger

from aegis_batch.adapters.outbound.postgres.catalogue import ColumnType
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import EVERYONE, ID_CHARACTERS_MAX, check_tenant_id

__all__ = ["ID_TYPES", "as_id", "can_be_id", "equals_id", "is_fit", "tell_left_out"]

_TEXTS = frozenset({"text", "varchar"})
# Types whose values have one text each.
ID_TYPES = _TEXTS | {"bpchar", "name", "int2", "int4", "int8", "uuid"}
# What ``check_tenant_id`` takes, in PostgreSQL's words.
_FIT = "^[!-~]([ -~]*[!-~])?$"


def as_id(column: sa.ColumnElement[str], kind: ColumnType) -> sa.ColumnElement[str]:
    """Return a column's value as an id, to be compared and ordered by code points."""
    text = column if kind.name in _TEXTS else sa.cast(column, sa.Text)
    return sa.collate(text, "C")


def is_fit(key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an id can be a tenant's; never null."""
    return sa.func.coalesce(
        sa.and_(sa.func.length(key) <= ID_CHARACTERS_MAX, key != EVERYONE, key.regexp_match(_FIT)),
        sa.false(),
    )


def equals_id(
    column: sa.ColumnElement[str], kind: ColumnType, tenant_id: str
) -> sa.ColumnElement[bool]:
    """Return the condition that a column names a tenant; it can use a plain index on text."""
    wanted = sa.literal(tenant_id, sa.Text)
    is_plain = kind.name in _TEXTS and not kind.loose_collation
    return (column if is_plain else as_id(column, kind)) == wanted


def can_be_id(text: str) -> bool:
    """Say whether a text can be a tenant's id."""
    try:
        check_tenant_id(text)
    except InvalidRequest:
        return False
    return True


def tell_left_out(count: int, where: str) -> None:
    """Log how many ids can be none, if any; never which, since they may be anything."""
    if count:
        logger.bind(event="tenants.left_out", count=count).warning(
            "{} of {} can be no tenant's id and {} left out",
            count,
            where,
            "is" if count == 1 else "are",
        )
