"""The state on a disk that is full for real: a small one in memory, mounted by `unshare`."""

import subprocess
import sys
from pathlib import Path

# As root in namespaces of its own: mounts the disk, fills it, makes room, and goes on.
SCRIPT = """
import subprocess, sys
from pathlib import Path
from aegis_batch.adapters.outbound.state.backup import backup
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.state_records import NOON

folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
ballast = folder / "ballast"
ballast.write_bytes(b"x" * 200_000)
database = StateDatabase(StateLocation(folder / "state.db"))
migrate(database)
state = SqlState(database, lambda connection: None)

def fill(first):
    number = first
    try:
        while number < 1_000:
            with state.turn() as turn:
                turn.timeline.add([TimelineEntry(str(number), NOON, "name", "x" * 10_000)])
            number += 1
    except AegisError as error:
        print(type(error).__name__, error.code)
    return number

done = fill(0)
try:
    backup(database, folder / "backup.db")
except AegisError as error:
    print(type(error).__name__, error.code, (folder / "backup.db").exists())
ballast.unlink()
more = fill(done)
with state.turn() as turn:
    kept = [number for number in range(1_001) if turn.timeline.of(str(number))]
print(done > 5, more > done, kept == list(range(more)))
"""


def test_a_disk_that_is_full_loses_nothing_and_all_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    inside = ["unshare", "--map-root-user", "--mount"]
    ended = subprocess.run(
        [*inside, sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        "StateUnavailable state_full",
        "StateUnavailable state_full False",
        "StateUnavailable state_full",
        "True True True",
    ]
