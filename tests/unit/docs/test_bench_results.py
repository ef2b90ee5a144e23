"""The README quotes the results that ``make bench`` kept, and nothing else."""

import re
from decimal import Decimal

import pytest

from tests.unit.docs.pages import read_page

_DAY = "1,000,000 orders, ids that grow with time"
# How a row of the README begins, and the way that it quotes.
_QUOTED = {
    "`aegis-batch close --dry-run`": "`aegis-batch close --dry-run`",
    "`psql`, two `SELECT`s": "`psql`, plain",
    "`psql`, with the same checks": "`psql`, checked",
    "Polars with ConnectorX": "Polars with ConnectorX",
    "a psycopg cursor": "psycopg cursor",
}


def rows_of(text: str) -> list[list[str]]:
    """Return the rows of the tables in a text, each without its edges."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def is_rounded(told: str, kept: str) -> bool:
    """Say whether a figure is another one, rounded to a decimal."""
    return re.fullmatch(r"\d+\.\d", told) is not None and (
        abs(Decimal(told) - Decimal(kept)) <= Decimal("0.05")
    )


def speed() -> str:
    """Return what the README says of speed."""
    return read_page("README.md").partition("\n## Speed\n")[2].partition("\n## ")[0]


def results() -> list[list[str]]:
    """Return the kept results: the day, the way, seconds, ratio and megabytes of each."""
    return rows_of(read_page("bench/results.md"))[1:]


@pytest.mark.parametrize(("begins", "way"), _QUOTED.items())
def test_a_row_of_the_readme_is_that_of_the_results(begins: str, way: str) -> None:
    (quoted,) = (row for row in rows_of(speed()) if row[0].startswith(begins))
    (kept,) = (row for row in results() if row[0] == _DAY and row[1].startswith(way))

    assert is_rounded(quoted[1], kept[2])
    assert quoted[2] == kept[4].partition(" ")[0]


def test_every_row_of_the_readme_is_held_to_the_results() -> None:
    assert len(rows_of(speed())[1:]) == len(_QUOTED)


def test_every_time_that_the_readme_speaks_of_was_measured() -> None:
    told = re.findall(r"(\d+\.\d+)\s+s\b", speed())

    small_day = [row[2] for row in results() if row[0].startswith("69 orders")]
    assert len(small_day) == 2
    assert all(any(is_rounded(one, kept) for one in told) for kept in small_day)
    assert [one for one in told if not any(is_rounded(one, row[2]) for row in results())] == []


def test_the_share_that_the_readme_speaks_of_was_measured() -> None:
    (kept,) = (row for row in results() if row[0] == _DAY and "close" in row[1])
    (told,) = re.findall(r"takes\s+(\d+\.\d+)\s+of\s+the\s+time", speed())

    assert is_rounded(told, kept[3])


def test_what_the_readme_says_of_a_year_was_measured() -> None:
    year = {row[0]: row for row in rows_of(read_page("bench/ranges.md"))[1:]}
    backfill, verify = year["the backfill, both of these"], year["`verify --from A --to B`"]
    medians = [cell.partition(" ")[0] for cell in (backfill[3], backfill[4], verify[3])]

    (told,) = re.findall(
        r"by\s+one\s+`backfill`\s+at\s+(\S+)\s+days\s+a\s+second,\s+(\S+)\s+times\s+as\s+many"
        r".*verified\s+at\s+(\S+)\s",
        speed(),
        re.DOTALL,
    )

    assert backfill[1] == verify[1] == "365"
    assert all(map(is_rounded, told, medians))
