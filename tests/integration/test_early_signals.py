"""Signals that come before the command line has been read, or one right after another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.program import Ended, environment

_START = """
import os, signal, sys
from aegis_batch.__main__ import main

class Meanwhile:
    def find_spec(self, name, *others):
        if name == {module!r}:
            for number in {numbers!r}:
                os.kill(os.getpid(), number)

sys.meta_path.insert(0, Meanwhile())
sys.argv = ["aegis-batch", *{arguments!r}]
sys.exit(main())
"""


def _run(folder: Path, module: str, numbers: tuple[int, ...], *arguments: str) -> Ended:
    """Run the program, which gets signals as soon as it imports a module."""
    script = _START.format(module=module, numbers=numbers, arguments=arguments)
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing"),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


# The first is imported for every command line, the others when a close begins.
@pytest.mark.parametrize("module", ["click", "pydantic", "sqlalchemy"])
@pytest.mark.parametrize("number", [2, 15])
def test_a_stop_while_the_program_starts_is_told_as_one_object(
    tmp_path: Path, module: str, number: int
) -> None:
    ended = _run(tmp_path, module, (number,), "close", "--dry-run", "--output", "json")

    assert (ended.status, ended.err) == (128 + number, "")
    assert ended.told["outcome"] == "unavailable"
    assert ended.told["error"]["code"] == "stopped"


def test_a_stop_while_the_program_starts_leaves_no_trace(tmp_path: Path) -> None:
    ended = _run(tmp_path, "click", (15,), "--version")

    assert ended == Ended(143, "", "")


@pytest.mark.parametrize("module", ["click", "pydantic"])
@pytest.mark.parametrize("numbers", [(2, 15, 2), (15, 2, 15), (15, 15, 2, 1)])
def test_signals_right_after_one_another_stop_it_once(
    tmp_path: Path, module: str, numbers: tuple[int, ...]
) -> None:
    ended = _run(tmp_path, module, numbers, "close", "--dry-run", "--output", "json")

    assert ended.status in {128 + number for number in numbers}
    assert ended.err == ""
    assert json.loads(ended.out)["error"]["code"] == "stopped"
