"""The program where standard output or standard error is closed, or full."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.program import Ended, environment

_UNWRITTEN = "aegis-batch: the result could not be written to standard output.\n"
# Nobody listens there, which is found out at once.
_AWAY = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "AEGIS_DB_CONNECT_SECONDS": "0.2",
}


def _run(words: str, folder: Path, **settings: str) -> Ended:
    """Run the program as a shell does, with the redirections at the end of the words."""
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.quote(sys.executable)} -m aegis_batch {words}"],
        env=environment(**_AWAY, **settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("place", [">&-", ">/dev/full"])
@pytest.mark.parametrize(
    "words",
    [
        "close --bogus --output json",
        "close --dry-run",
        "close --dry-run --output json",
        "--version",
        "completion bash",
        "--help",
        "close -h",
    ],
)
def test_a_result_that_can_not_be_written_is_said_in_a_line(
    tmp_path: Path, words: str, place: str
) -> None:
    ended = _run(f"{words} {place}", tmp_path, AEGIS_LOG_LEVEL="ERROR")

    # The log may tell first why the close failed.
    assert (ended.status, ended.out) == (70, "")
    assert ended.err.endswith(_UNWRITTEN)
    assert "Traceback" not in ended.err
    assert "defect" not in ended.err


@pytest.mark.parametrize("place", ["2>&-", "2>/dev/full"])
def test_a_close_ends_as_it_would_where_nobody_hears_its_log(tmp_path: Path, place: str) -> None:
    ended = _run(f"close --dry-run --output json {place}", tmp_path)

    assert (ended.status, json.loads(ended.out)["error"]["code"]) == (6, "database_unreachable")


@pytest.mark.parametrize("words", ["close --bogus", "no-such-command", "close --dry-run"])
def test_a_complaint_that_nobody_hears_changes_no_status(tmp_path: Path, words: str) -> None:
    heard = _run(words, tmp_path)
    unheard = _run(f"{words} 2>&-", tmp_path)

    assert heard.status == unheard.status != 70
    assert heard.out == unheard.out


@pytest.mark.parametrize(
    ("words", "status"),
    [("doctor", 141), ("--help", 141), ("completion bash", 141), ("close --dry-run", 70)],
)
def test_a_reader_that_has_seen_enough_hears_nothing_unless_a_close_is_lost(
    tmp_path: Path, words: str, status: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "aegis_batch", *words.split()],
            env=environment(**_AWAY, AEGIS_LOG_LEVEL="ERROR"),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
    finally:
        os.close(writing)

    assert ended.returncode == status
    if status == 70:
        assert ended.stderr.endswith(_UNWRITTEN)
    else:
        assert ended.stderr == ""
