"""Text from outside, made safe to show on a terminal or in a log."""

import unicodedata

__all__ = ["printable"]

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
