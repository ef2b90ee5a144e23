"""Ids of tenants are compared as text, by an index where their column's type allows it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

from aegis_batch.adapters.outbound.postgres.tenant_column import (
    TenantColumn,
    TenantKind,
    compared_alike,
    tenant_kind_of,
)

ZERO = "00000000-0000-0000-0000-000000000000"


def column(kind: TenantKind) -> TenantColumn:
    return TenantColumn(sa.column("shop"), kind)


def asked_for(kind: TenantKind, *tenants: str) -> list[str]:
    """Return the ids that the database is asked for."""
    compiled = column(kind).is_any_of(tenants).compile(dialect=PGDialect())  # type: ignore[no-untyped-call]
    (ids,) = compiled.params.values()
    return list(map(str, ids))


@pytest.mark.parametrize(
    ("type_name", "is_loose", "kind"),
    [
        ("text", False, TenantKind.PLAIN_TEXT),
        ("varchar", False, TenantKind.PLAIN_TEXT),
        ("text", True, TenantKind.AS_TEXT),
        ("bpchar", False, TenantKind.AS_TEXT),
        ("citext", False, TenantKind.AS_TEXT),
        ("mood", False, TenantKind.AS_TEXT),
        ("int2", False, TenantKind.WHOLE),
        ("int8", False, TenantKind.WHOLE),
        ("uuid", False, TenantKind.UUID),
    ],
)
def test_a_column_is_compared_as_it_is_where_that_is_the_same_as_by_text(
    type_name: str, kind: TenantKind, *, is_loose: bool
) -> None:
    assert tenant_kind_of(type_name, is_loose=is_loose) is kind


def test_any_other_column_is_compared_by_the_bytes_of_its_text() -> None:
    key = column(TenantKind.AS_TEXT).key.compile(dialect=PGDialect())  # type: ignore[no-untyped-call]

    assert str(key) == 'CAST(shop AS TEXT) COLLATE "C"'


def test_numbers_are_asked_for_where_an_id_is_what_the_server_writes() -> None:
    top = 2**63
    ids = ("7", "-7", "07", "+7", " 7", "7.0", "x", "\u0667", f"{top - 1}", f"{top}", "9" * 5_000)

    assert asked_for(TenantKind.WHOLE, *ids) == ["7", "-7", f"{top - 1}"]


def test_uuids_are_asked_for_where_an_id_is_what_the_server_writes() -> None:
    capital = ZERO[:-1] + "A"

    assert asked_for(TenantKind.UUID, ZERO, capital, capital.lower(), "{" + ZERO + "}", "7") == [
        ZERO,
        capital.lower(),
    ]


def test_text_is_asked_for_as_it_is() -> None:
    assert asked_for(TenantKind.PLAIN_TEXT, "a", "07", "%s") == ["a", "07", "%s"]


def test_columns_of_two_kinds_are_compared_as_text() -> None:
    whole, text = column(TenantKind.WHOLE), column(TenantKind.PLAIN_TEXT)

    assert compared_alike(whole, whole) == (whole, whole)
    assert compared_alike(whole, None) == (whole, None)
    assert {own.kind for own in compared_alike(whole, text) if own} == {TenantKind.AS_TEXT}
