"""Lines of CSV that a spreadsheet shows as they are, and takes no formula from."""

import csv
import io
import re
from collections.abc import Sequence

from aegis_batch.domain.printable import printable

__all__ = ["csv_line"]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# What a cell begins with that a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Sequence[str]) -> str:
    """Return a line without its end; numbers stay numbers, and control characters are escaped."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(map(_cell, cells))
    return written.getvalue()


def _cell(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return text
    return f"'{printable(text)}" if text.startswith(_FORMULA) else printable(text)
