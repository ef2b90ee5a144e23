"""What the indexes of a table say of a column, as conditions for the catalogue's question."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["catalogue_table", "has_unique_index", "leads_a_sorted_index"]


def catalogue_table(name: str, columns: str) -> sa.TableClause:
    """Return a table of ``pg_catalog`` with the columns named, by spaces between them."""
    return sa.table(name, *(sa.column(column) for column in columns.split()), schema="pg_catalog")


def has_unique_index(attribute: sa.TableClause) -> sa.ColumnElement[bool]:
    """Return the condition that an index over all rows keeps a column's values apart."""
    index, relation = _index(), _relation()
    return sa.exists(
        sa.select(index.c.indrelid)
        .join(relation, relation.c.oid == index.c.indrelid)
        .where(
            *_holds_whole_column_first(index, attribute),
            # An index of a parent table says nothing of the tables that inherit from it; that of
            # a partitioned table holds for all partitions.
            sa.or_(relation.c.relkind == "p", ~relation.c.relhassubclass),
            index.c.indisunique,
            index.c.indnkeyatts == 1,
        )
    )


def leads_a_sorted_index(attribute: sa.TableClause) -> sa.ColumnElement[bool]:
    """Return the condition that a column is the first of an index that a plain table sorts by."""
    index, relation, index_relation = _index(), _relation(), _relation()
    method = catalogue_table("pg_am", "oid amname")
    return sa.exists(
        sa.select(index.c.indrelid)
        .join(relation, relation.c.oid == index.c.indrelid)
        .join(index_relation, index_relation.c.oid == index.c.indexrelid)
        .join(method, method.c.oid == index_relation.c.relam)
        .where(
            *_holds_whole_column_first(index, attribute),
            relation.c.relkind == "r",
            ~relation.c.relhassubclass,
            method.c.amname == "btree",
        )
    )


def _index() -> sa.TableClause:
    columns = "indexrelid indrelid indkey indnkeyatts indisunique indisvalid indpred indexprs"
    return catalogue_table("pg_index", columns)


def _relation() -> sa.FromClause:
    # Under a name of its own, since a question may look at a table's and at its index's.
    return catalogue_table("pg_class", "oid relkind relhassubclass relam").alias()


def _holds_whole_column_first(
    index: sa.TableClause, attribute: sa.TableClause
) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        index.c.indrelid == attribute.c.attrelid,
        index.c.indisvalid,
        index.c.indpred.is_(None),
        index.c.indexprs.is_(None),
        # This vector counts from 0, and what an index merely carries comes after the keys.
        sa.type_coerce(index.c.indkey, ARRAY(sa.SmallInteger))[0] == attribute.c.attnum,
    )
