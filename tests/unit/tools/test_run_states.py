"""The life of a run in docs/operations.md, which is made from the table of legal moves."""

import re

import pytest

from aegis_batch.domain.run import MOVES, Move, RunState
from tools.run_states import PAGE, page_with_states, states_section

MARKS = re.findall(r"^<!-- .+ -->\n", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_in_docs_is_the_one_that_the_table_makes() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == page_with_states(page), "Run: make docs"


def test_every_move_is_an_arrow_and_a_row_with_who_and_when() -> None:
    section = states_section()

    for move in MOVES:
        assert f"    {move.origin} --> {move.target}: {move.by}\n" in section
        row = f"| `{move.origin}` | `{move.target}` | {move.by} | {move.when} |\n"
        assert row in section
    assert section.count(" --> ") == len(MOVES) + 2 + 3


def test_a_run_begins_and_ends_where_the_table_says() -> None:
    arrows = re.findall(r"^    (\S+) --> (\S+)$", states_section(), re.MULTILINE)

    assert {target for origin, target in arrows if origin == "[*]"} == {"held", "queued"}
    assert {origin for origin, target in arrows if target == "[*]"} == {
        state.value for state in RunState if state.is_final
    }


def test_a_new_move_makes_the_page_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    move = Move(RunState.HELD, RunState.FAILED, "nobody", "never")
    monkeypatch.setattr("tools.run_states.MOVES", (*MOVES, move))

    made = page_with_states(page)

    assert made != page
    assert "| `held` | `failed` | nobody | never |\n" in made


def test_what_stands_round_the_marks_is_left_alone() -> None:
    begin, end = MARKS

    made = page_with_states(f"before\n{begin}old\n{end}after\n")

    assert made.startswith(f"before\n{begin}\n```mermaid\n")
    assert made.endswith(f" |\n\n{end}after\n")
    assert "old" not in made


@pytest.mark.parametrize("marks", [MARKS[:1], MARKS[1:], MARKS * 2, MARKS[::-1]])
def test_a_page_without_its_marks_is_refused(marks: list[str]) -> None:
    with pytest.raises(ValueError, match="mark"):
        page_with_states("".join(marks))
