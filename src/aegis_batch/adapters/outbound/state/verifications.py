"""Verifications, in a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, collate, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.keys import CODE_POINTS, key_columns, key_of
from aegis_batch.adapters.outbound.state.tables import verifications
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Difference
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import (
    Change,
    FindingChange,
    ItemChange,
    Verdict,
    Verification,
)

__all__ = ["SqlVerifications"]


class SqlVerifications:
    """Keeps the newest verification of each period, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def save(self, verification: Verification) -> None:
        """Keep a verification, in the place of the one before it of the same key."""
        row = {
            **key_columns(verification.key),
            "verdict": verification.verdict.value,
            "seal_digest": verification.seal_digest,
            "verified_at": verification.verified_at,
            "found": _found_text(verification),
        }
        statements.put(self._connection, verifications, row)

    def get(self, key: CloseKey) -> Verification | None:
        """Return what came of verifying a period last; ``None`` where it never was."""
        conditions = [verifications.c[name] == value for name, value in key_columns(key).items()]
        found = self._read(select(verifications).where(*conditions))
        return found[0] if found else None

    def newest(self, limit: int) -> Sequence[Verification]:
        """Return verifications, the last made first, those of one moment by their key."""
        columns = verifications.c
        tenant = collate(columns.tenant, CODE_POINTS[self._connection.dialect.name])
        order = (columns.verified_at.desc(), tenant, columns.period_kind, columns.first_day)
        return self._read(select(verifications).order_by(*order).limit(limit))

    def _read(self, statement: Select[Any]) -> Sequence[Verification]:
        return statements.read(self._connection, statement, _verification_of)


def _found_text(verification: Verification) -> str:
    found = {
        "change": None if verification.change is None else asdict(verification.change),
        "differences": [asdict(difference) for difference in verification.differences],
        "problem": None if verification.problem is None else asdict(verification.problem),
    }
    # Exact numbers are text: a JSON number may lose digits on its way back.
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=str)


def _verification_of(row: Row[Any]) -> Verification:
    found: dict[str, Any] = json.loads(row.found)
    return Verification(
        key=key_of(row),
        verdict=Verdict(row.verdict),
        seal_digest=row.seal_digest,
        verified_at=row.verified_at,
        change=None if found["change"] is None else _change_of(found["change"]),
        differences=tuple(Difference(**fields) for fields in found["differences"]),
        problem=None if found["problem"] is None else Problem(**found["problem"]),
    )


def _change_of(fields: dict[str, Any]) -> Change:
    fields["items"] = tuple(
        ItemChange(item["name"], Decimal(item["sealed"]), Decimal(item["present"]))
        for item in fields["items"]
    )
    # Kept rows from before findings were compared have none.
    fields["findings"] = tuple(
        FindingChange(
            Finding(each["finding"]),
            each["sealed"],
            each["present"],
            tuple(each["came"]),
            tuple(each["went"]),
        )
        for each in fields.get("findings", ())
    )
    for name in ("revenue_sealed", "revenue_present"):
        fields[name] = Decimal(fields[name])
    return Change(**fields)
