"""Text from outside can neither move a cursor nor hide nor end a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
        ("a\u202eb\u200bc\u00add", "a\\u202eb\\u200bc\\xadd"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0001\ue000", "\\U000e0001\\ue000"),
    ],
)
def test_what_could_mislead_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["", "P\u00e3o de queijo", "\U0001f355 1,50 \u20ac", "Cafe\u0301"])
def test_what_people_read_is_left_alone(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_no_text_shows_more_than_one_line_or_anything_unprintable(text: str) -> None:
    shown = printable(text)

    assert len(shown.splitlines()) <= 1
    assert shown.replace("\u00a0", " ").isprintable() or not text.isprintable()
    assert printable(shown) == shown
