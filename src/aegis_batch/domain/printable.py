"""Text from outside, made safe to show on a terminal or in a log."""

import unicodedata

__all__ = ["around_difference", "printable", "shortened"]

_ELLIPSIS = "…"
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return text with everything escaped that could move a cursor, hide, or end a line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in _UNPRINTABLE
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shortened(text: str, characters_max: int) -> str:
    """Return text of so many characters at most; where some are cut off, an ellipsis says so."""
    if len(text) <= characters_max:
        return text
    return text[: characters_max - len(_ELLIPSIS)] + _ELLIPSIS


def around_difference(one: str, other: str, characters_max: int) -> tuple[str, str]:
    """Return two texts shortened so that the first character in which they differ stays.

    ``characters_max`` is 4 at least.
    """
    if max(len(one), len(other)) <= characters_max:
        return one, other
    alike = next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1),
        min(len(one), len(other)),
    )
    start = alike - characters_max // 2 + 1
    if start > 0:
        one, other = _ELLIPSIS + one[start:], _ELLIPSIS + other[start:]
    return shortened(one, characters_max), shortened(other, characters_max)
