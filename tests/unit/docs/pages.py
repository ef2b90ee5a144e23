"""The pages that people read, and the blocks of code in them."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("ADR/*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read_page(name: str) -> str:
    """Return the text of a page, which is named from the project's folder."""
    return (PROJECT / name).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page that are marked as of a language; empty: not marked."""
    return [text for mark, text in _BLOCK.findall(page) if mark == language]
