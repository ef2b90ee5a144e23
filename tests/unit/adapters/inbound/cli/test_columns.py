"""Aligned text."""

import pytest

from aegis_batch.adapters.inbound.cli.columns import facts, table


def test_columns_are_as_wide_as_their_widest_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert table(("a", "bcd"), [("12345", "6"), ("", "7")]) == "a      bcd\n12345  6\n       7"


def test_a_line_too_wide_ends_below_itself_unless_it_is_to_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "10")

    assert table(("a", "b"), [("12345", "67890")]) == "a\n  b\n12345\n  67890"
    assert table(("a", "b"), [("1234", "6789")]) == "a     b\n1234  6789"
    assert table(("a", "b"), [("12345", "67890")], may_fold=False) == "a      b\n12345  67890"


def test_what_could_move_a_cursor_or_end_a_line_is_escaped() -> None:
    assert table(("a",), [("x\x1b[2J\ny",)]) == "a\nx\\x1b[2J\\ny"
    assert facts([("a", "x\u202ey\r")]) == "a  x\\u202ey\\r"


def test_facts_that_are_not_known_are_left_out() -> None:
    assert facts([("name", "1"), ("b", None), ("c", "")]) == "name  1\nc"
