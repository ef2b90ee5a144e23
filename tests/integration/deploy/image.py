"""What the Dockerfile makes, made in a folder: its own commands, run where there is no Docker."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.unit.deploy.dockerfile import Stage, Step, build_context, environment, read_stages
from tests.unit.deploy.files import PROJECT

_STEP_SECONDS_MAX = 300
_PLACE = "/opt/aegis"


@dataclass(frozen=True)
class Image:
    """The environment that the final stage holds, and the Python that it stands on."""

    aegis: Path
    python: Path
    variables: dict[str, str]
    command: list[str]


def make_image(folder: Path) -> Image:
    """Carry out the stages in a folder, in place of `/`; a failing step raises."""
    build, final = read_stages()
    _carry_out(build, folder, _python_of_an_image(folder / "build-image"))
    python = _python_of_an_image(folder / "final-image")
    _carry_out(final, folder, python)
    return Image(
        aegis=folder / _PLACE.lstrip("/"),
        python=python,
        variables={
            name: value for name, value in environment(final).items() if not value.startswith("/")
        },
        command=final.the("ENTRYPOINT").command + final.the("CMD").command,
    )


def _python_of_an_image(folder: Path) -> Path:
    """Make what `python` means in a stage: a Python with the installers that it came with."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=_STEP_SECONDS_MAX)
    return folder / "bin" / "python"


def _carry_out(stage: Stage, root: Path, python: Path) -> None:
    place = root
    for step in stage.steps:
        if step.instruction == "WORKDIR":
            place = root / step.value.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
        elif step.instruction == "COPY":
            _copy(step, root, place)
        elif step.instruction == "RUN":
            _run(step.value.replace(_PLACE, f"{root}{_PLACE}"), stage, place, python)


def _copy(step: Step, root: Path, place: Path) -> None:
    *sources, target = step.words
    if "from" in step.flags:
        # The other stage worked in the same folder: what it made is there already.
        for source in sources:
            assert (root / source.lstrip("/")).is_dir()
        return
    context = build_context()
    for source in sources:
        aim = place / target / Path(source).name if target.endswith("/") else place / target
        if (PROJECT / source).is_dir():
            for path in context:
                if path.startswith(f"{source}/") and (PROJECT / path).is_file():
                    _copy_file(PROJECT / path, aim / Path(path).relative_to(source))
        else:
            assert source in context
            _copy_file(PROJECT / source, aim)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _run(command: str, stage: Stage, place: Path, python: Path) -> None:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    own = {name: value for name, value in environment(stage).items() if name != "PATH"}
    # The image has no cache of its own; to use this machine's changes nothing but the time.
    own.pop("PIP_NO_CACHE_DIR", None)
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=place,
        env=outer | own | {"PATH": f"{python.parent}:{os.defpath}"},
        capture_output=True,
        text=True,
        timeout=_STEP_SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
