"""README.pt-BR.md quotes the program, which speaks English."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import aegis_batch
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from tests.unit.docs.pages import read_page

PAGE = read_page("README.pt-BR.md")
QUOTES = re.findall(r"^> (.+)$", PAGE, re.MULTILINE)
CODES = re.findall(r"^### \d+\. `(\w+)`", PAGE, re.MULTILINE)


# What the program puts into its messages, and pieces too short to tell anything by.
MADE_UP = {
    *("pedidos", "orders", "and", "order_items", "created_at", "timestamp", "order", "of", "the"),
    *("AEGIS_ORDERS_TABLE", "AEGIS_ORDERS_PLACED_AT", "BACKEND_BASE_URL", "X_SERVICE_TOKEN"),
    *("2", "17", "93", "401", "HTTP", "faults", "is", "not", "set", "negative_total", "by", "type"),
}


@cache
def pieces() -> list[str]:
    """Return the source's pieces of text that are long enough to know, the longest first."""
    found: set[str] = set()
    for path in Path(str(aegis_batch.__path__[0])).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.split(r"\{\w+\}", node.value))
    return sorted((piece for piece in found if len(piece) >= 10), key=len, reverse=True)


def test_ten_messages_are_explained() -> None:
    assert len(QUOTES) == 10


@pytest.mark.parametrize("quote", QUOTES)
def test_a_message_is_one_that_the_program_has(quote: str) -> None:
    left = quote
    for piece in pieces():
        left = left.replace(piece.strip(), " ")
    assert set(re.findall(r"\w+", left)) <= MADE_UP


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_one_that_the_program_has(code: str) -> None:
    source = Path(str(aegis_batch.__path__[0])).rglob("*.py")
    assert any(f'"{code}"' in path.read_text(encoding="utf-8") for path in source)


def test_the_table_has_every_exit_status() -> None:
    cells = re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
    shown = {int(number) for cell in cells for number in cell.split(",")}
    assert shown == {int(status) for status in ExitStatus}


def test_the_english_page_has_the_same_statuses() -> None:
    cells = re.findall(r"^\| ([\d, ]+) \|", read_page("README.md"), re.MULTILINE)
    assert {int(n) for cell in cells for n in cell.split(",")} == {int(s) for s in ExitStatus}
