"""The Dockerfile, stage by stage, and what the build can see of the project."""

import io
import json
import shlex
from dataclasses import dataclass, field

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

from tests.unit.deploy.files import PROJECT


@dataclass(frozen=True)
class Step:
    """An instruction in capitals, and the words after it, continued lines joined."""

    instruction: str
    value: str

    @property
    def words(self) -> list[str]:
        """The words that are no flags."""
        return [word for word in shlex.split(self.value) if not word.startswith("--")]

    @property
    def flags(self) -> dict[str, str]:
        """The flags, such as `from` of a COPY."""
        flags = [word for word in shlex.split(self.value) if word.startswith("--")]
        return dict(flag.removeprefix("--").split("=", 1) for flag in flags)

    @property
    def command(self) -> list[str]:
        """The command of an ENTRYPOINT or a CMD in its JSON form."""
        command: list[str] = json.loads(self.value)
        return command


@dataclass
class Stage:
    """One FROM with what follows it."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def all_of(self, instruction: str) -> list[Step]:
        """Return the steps of one instruction, in order."""
        return [step for step in self.steps if step.instruction == instruction]

    def the(self, instruction: str) -> Step:
        """Return the step of an instruction that stands there once."""
        (step,) = self.all_of(instruction)
        return step


def read_stages() -> list[Stage]:
    """Return the stages of the Dockerfile, with the build's arguments put in."""
    content = (PROJECT / "Dockerfile").read_bytes()
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for entry in DockerfileParser(fileobj=io.BytesIO(content)).structure:
        instruction, value = entry["instruction"], entry["value"]
        if instruction == "COMMENT":
            continue
        if instruction == "FROM":
            for name, argument in arguments.items():
                value = value.replace("${%s}" % name, argument)  # noqa: UP031 - braces are its own
            base, _, name = value.partition(" AS ")
            stages.append(Stage(base, name))
        elif not stages:
            name, _, argument = value.partition("=")
            arguments[name] = argument
        else:
            stages[-1].steps.append(Step(instruction, value))
    return stages


def environment(stage: Stage) -> dict[str, str]:
    """Return the variables that a stage sets."""
    return dict(
        word.split("=", 1) for step in stage.all_of("ENV") for word in shlex.split(step.value)
    )


def build_context() -> set[str]:
    """Return what a build can see, by .dockerignore's own rules.

    The two files that steer the build go to the builder in any case, and are left out here.
    """
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    return set(exclude_paths(str(PROJECT), patterns)) - {"Dockerfile", ".dockerignore"}
