"""Lines of CSV that a spreadsheet takes no formula from."""

import csv

import pytest

from aegis_batch.adapters.inbound.cli.csv_text import csv_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://x.example","Tea")', '\'=HYPERLINK("http://x.example","Tea")'),
        ("+1 tea", "'+1 tea"),
        ("-1 tea", "'-1 tea"),
        ("@tea", "'@tea"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("-", "'-"),
        ("\x1b[2Jtea", "\\x1b[2Jtea"),
        ("green\n=tea", "green\\n=tea"),
    ],
)
def test_a_text_is_no_formula_and_has_no_control_character(text: str, shown: str) -> None:
    assert list(csv.reader([csv_line(["x", text])])) == [["x", shown]]


@pytest.mark.parametrize("text", ["0", "12.50", "-12.50", "2026-11-09", "Tea = good", ""])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert csv_line(["x", text, "y"]) == f"x,{text},y"
