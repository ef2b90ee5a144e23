"""What is wrong with an order, folded into one number by the server."""

from typing import Final

import sqlalchemy as sa

from aegis_batch.domain.consistency import Finding

__all__ = ["FINDING_BITS", "ONE", "ZERO", "bit"]

FINDING_BITS: Final = {
    Finding.INVALID_NUMBER: 1,
    Finding.FRACTIONAL_QUANTITY: 2,
    Finding.QUANTITY_BELOW_ONE: 4,
    Finding.NEGATIVE_PRICE: 8,
    Finding.INVALID_NAME: 16,
    Finding.NEGATIVE_TOTAL: 32,
    Finding.EMPTY_ORDER: 64,
    Finding.LINE_TOTAL_MISMATCH: 128,
}
# Written as they are, so that the statement can be read.
ZERO: Final = sa.literal_column("0", sa.Integer)
ONE: Final = sa.literal_column("1", sa.Integer)


def bit(finding: Finding, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return the bit of a finding where a condition holds, and zero elsewhere."""
    value = sa.literal_column(str(FINDING_BITS[finding]), sa.Integer)
    return sa.case((condition, value), else_=ZERO)
