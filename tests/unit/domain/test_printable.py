"""Text from outside can neither move a cursor nor hide nor end a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.printable import around_difference, printable, shortened


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


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("four", "four"), ("fifth", "fif…")])
def test_text_that_is_cut_says_so(text: str, shown: str) -> None:
    assert shortened(text, 4) == shown


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("a" * 8, "a" * 7, ("a" * 8, "a" * 7)),
        ("x" + "a" * 20, "y" + "a" * 20, ("xaaaaaa…", "yaaaaaa…")),
        ("a" * 20 + "1", "a" * 20 + "2", ("…aaa1", "…aaa2")),
        ("a" * 20, "a" * 30, ("…aaa", "…aaaaaa…")),
        ("a" * 20 + "x" * 9, "a" * 20, ("…aaaxxx…", "…aaa")),
    ],
)
def test_of_two_long_texts_what_differs_stays(one: str, other: str, shown: tuple[str, str]) -> None:
    assert around_difference(one, other, 8) == shown


@given(st.text(max_size=30), st.text(max_size=30), st.integers(4, 40))
def test_two_texts_that_differ_differ_when_they_are_cut(
    one: str, other: str, characters_max: int
) -> None:
    shown = around_difference(one, other, characters_max)

    assert max(map(len, shown)) <= characters_max
    assert (shown[0] == shown[1]) is (one == other)
