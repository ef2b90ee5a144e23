"""Columns that say whose a row is: ids are the same where their texts are."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.order_rows import CODE_POINTS

__all__ = ["TenantColumn", "TenantKind", "compared_alike", "tenant_kind_of"]

_INT8 = range(-(2**63), 2**63)
# Compared by their bytes as they are, unless their collation is a loose one.
_PLAIN_TEXT = frozenset({"text", "varchar"})


class TenantKind(Enum):
    """By what ids of tenants are compared, so that an index on them can serve."""

    WHOLE = auto()
    UUID = auto()
    PLAIN_TEXT = auto()
    AS_TEXT = auto()


def tenant_kind_of(type_name: str, *, is_loose: bool) -> TenantKind:
    """Return by what ids in a column of a type of ``pg_type`` are compared.

    ``is_loose`` says that its collation may call different texts equal.
    """
    if type_name in ("int2", "int4", "int8"):
        return TenantKind.WHOLE
    if type_name == "uuid":
        return TenantKind.UUID
    is_plain = type_name in _PLAIN_TEXT and not is_loose
    return TenantKind.PLAIN_TEXT if is_plain else TenantKind.AS_TEXT


@dataclass(frozen=True, slots=True)
class TenantColumn:
    """A column of ids of tenants; an order or a line with a null is nobody's."""

    column: sa.ColumnElement[Any]
    kind: TenantKind

    @property
    def key(self) -> sa.ColumnElement[Any]:
        """The id in a form whose equality is that of texts."""
        if self.kind is not TenantKind.AS_TEXT:
            return self.column
        return sa.collate(sa.cast(self.column, sa.Text), CODE_POINTS)

    def is_any_of(self, tenants: Iterable[str]) -> sa.ColumnElement[bool]:
        """Return the condition that a row is of one of some tenants."""
        match self.kind:
            case TenantKind.WHOLE:
                ids = sa.literal(list(_whole_numbers(tenants)), sa.ARRAY(sa.BigInteger))
            case TenantKind.UUID:
                ids = sa.literal(list(_uuids(tenants)), sa.ARRAY(sa.Uuid))
            case _:
                ids = sa.literal(list(tenants), sa.ARRAY(sa.Text))
        return self.key == sa.any_(ids)


def compared_alike(
    left: TenantColumn | None, right: TenantColumn | None
) -> tuple[TenantColumn | None, TenantColumn | None]:
    """Return two columns so that their keys can be compared: as text where they differ in kind."""
    if left is None or right is None or left.kind is right.kind:
        return left, right
    return replace(left, kind=TenantKind.AS_TEXT), replace(right, kind=TenantKind.AS_TEXT)


def _whole_numbers(tenants: Iterable[str]) -> Iterable[int]:
    """Return the numbers whose text, as the server writes it, is one of the ids."""
    for tenant in tenants:
        try:
            number = int(tenant)
        except ValueError:
            continue
        if str(number) == tenant and number in _INT8:
            yield number


def _uuids(tenants: Iterable[str]) -> Iterable[uuid.UUID]:
    for tenant in tenants:
        try:
            code = uuid.UUID(tenant)
        except ValueError:
            continue
        if str(code) == tenant:
            yield code
