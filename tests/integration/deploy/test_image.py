"""The image's content, made by the Dockerfile's own commands."""

import json
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.integration.closing import ORDERS_JSON
from tests.integration.deploy.image import Image, make_image

# Reports each try to write a file, and lets none through.
_WRITES_NOTHING = """
import os, sys
def look(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path != os.devnull:
            os.write(2, f"WROTE {path}\\n".encode())
            raise PermissionError(30, "read-only", str(path))
    elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "tempfile.mkstemp"):
        os.write(2, f"WROTE {event} {arguments}\\n".encode())
        raise PermissionError(30, "read-only")
sys.addaudithook(look)
from aegis_batch.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image; making it takes as long as installing what the program needs."""
    return make_image(tmp_path_factory.mktemp("image"))


def run(image: Image, arguments: list[str], **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with the image's own variables and nothing else."""
    return subprocess.run(
        arguments,
        cwd="/",
        env={"PATH": f"{image.aegis}/bin:/usr/bin:/bin", **image.variables, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_program_runs(image: Image) -> None:
    ended = run(image, ["aegis-batch", "--version"])

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("aegis-batch ")


def test_its_own_command_names_the_settings_that_are_missing(image: Image) -> None:
    ended = run(image, image.command)

    assert ended.returncode == 2
    for variable in ("DATABASE_URL", "BACKEND_BASE_URL", "X_SERVICE_TOKEN"):
        assert f"{variable}: is not set" in ended.stderr


def test_the_control_plane_is_in_it(image: Image, tmp_path: Path) -> None:
    ended = run(
        image,
        ["aegis-batch", "control"],
        AEGIS_STATE_URL=f"sqlite:///{tmp_path}/state.db",
        DATABASE_URL="postgresql://nobody@127.0.0.1:9/none",
        BACKEND_BASE_URL="http://127.0.0.1:9",
        X_SERVICE_TOKEN="a token of the tests",
    )

    # All that is missing is a key to get in by.
    assert (ended.returncode, "INTERNAL_JOBS_KEY" in ended.stderr) == (2, True), ended.stderr


def test_a_close_writes_no_file(image: Image, tmp_path: Path) -> None:
    orders = tmp_path / "orders.json"
    orders.write_text(ORDERS_JSON, encoding="utf-8")

    ended = run(
        image,
        [f"{image.aegis}/bin/python", "-c", _WRITES_NOTHING, "close", "--date", "2026-11-21"],
        AEGIS_ADAPTERS="memory",
        AEGIS_MEMORY_ORDERS=str(orders),
    )

    assert "WROTE" not in ended.stderr
    assert ended.returncode == 0, ended.stderr
    assert "2026-11-21 closed" in ended.stdout


def test_what_is_installed_is_what_the_lock_says_and_the_program(image: Image) -> None:
    listing = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
    )

    ended = run(image, [f"{image.aegis}/bin/python", "-I", "-c", listing])

    installed: dict[str, str] = json.loads(ended.stdout)
    assert installed.pop("aegis-batch")
    lock = (Path(__file__).parents[3] / "requirements" / "control.txt").read_text(encoding="utf-8")
    requirements = [
        Requirement(line.rstrip(" \\")) for line in lock.splitlines() if not line.startswith(" ")
    ]
    locked = {
        requirement.name: str(requirement.specifier).removeprefix("==")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }
    assert {name.replace("_", "-"): version for name, version in installed.items()} == locked


def test_no_installer_is_left(image: Image) -> None:
    for python in (image.python, image.aegis / "bin" / "python"):
        for tool in ("pip", "setuptools", "wheel", "hatchling"):
            assert run(image, [str(python), "-c", f"import {tool}"]).returncode != 0, tool
