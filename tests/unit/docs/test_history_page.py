"""The page on runs and dead letters has commands that the program takes, and every state."""

import re
import shlex

import click
import pytest

from aegis_batch.adapters.inbound.cli.audit import audit
from aegis_batch.adapters.inbound.cli.dead_letters import dead_letters
from aegis_batch.adapters.inbound.cli.runs import runs
from aegis_batch.adapters.inbound.cli.schedules import schedules
from aegis_batch.adapters.inbound.cli.state import state
from aegis_batch.adapters.inbound.cli.stats import stats
from aegis_batch.domain.run import RunState
from tests.unit.docs.pages import read_page

PAGE = read_page("docs/history.md")
COMMANDS = re.findall(r"^aegis-batch (.+?)(?:\s+#.*)?$", PAGE, re.MULTILINE)
KNOWN = {
    str(command.name): command for command in (audit, dead_letters, runs, schedules, state, stats)
}


def _leaf(command: click.Command, words: list[str]) -> click.Command:
    """Let click read the words of a command, and those of the commands below it."""
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        _, below, left = command.resolve_command(click.Context(command), words)
        assert below is not None
        return _leaf(below, left)
    with command.make_context(str(command.name), words):
        return command


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_the_program_takes(line: str) -> None:
    name, *words = shlex.split(line)

    assert _leaf(KNOWN[name], words).name


def test_every_command_is_on_the_page() -> None:
    shown = {_leaf(KNOWN[line.split()[0]], shlex.split(line)[1:]).name for line in COMMANDS}
    below = {
        name
        for command in KNOWN.values()
        for name in (command.commands if isinstance(command, click.Group) else {command.name: 0})
    }

    assert shown - {"runs"} == below


def test_every_state_of_a_run_is_explained_in_the_order_of_its_life() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [state.value for state in RunState]
