"""A page whose commands are run in order, and whose output is held against what they print.

On the page it is the morning of a day, ``PAGE_TODAY``; days are compared by their distance from
today. Ids are compared by their order, and times, durations and digests not at all.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from tests.integration.program import environment
from tests.integration.serving_place import yesterday
from tests.unit.docs.pages import blocks

__all__ = ["PAGE_FOLDER", "PAGE_TODAY", "FollowedSection", "sections_of", "steady"]

PAGE_TODAY = date(2026, 11, 22)
PAGE_FOLDER = "/data"
RUN_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_COMMAND_SECONDS = 120.0
_BASH = shutil.which("bash") or "/bin/bash"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
# What no two runs have in common; times before days, which they begin with.
_CHANCE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d\b"), "<time>"),
    (re.compile(r"\d\d:\d\d:\d\d[+-]\d\d:\d\d"), "<time>"),
    (re.compile(r"\b\d[\d,.]*(?= (?:s|ms|MiB)\b)"), "<amount>"),
    (re.compile(r"(?<=[Pp]rocess )\d+"), "<pid>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<trace>"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "<digest>"),
    (re.compile(r"snapshot [\d:,]+"), "<snapshot>"),
)


def sections_of(page: str) -> dict[str, str]:
    """Return the text of each section of a page by its heading."""
    _, *parts = _HEADING.split(page)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def steady(text: str) -> str:
    """Return a text without what no two runs have in common; rows of a day in one order."""
    for pattern, replacement in _CHANCE:
        text = pattern.sub(replacement, text)
    lines = text.rstrip().splitlines()
    return "\n".join(
        line
        for is_row, group in groupby(lines, lambda line: _DAY.match(line) is not None)
        for line in (sorted(group, key=_without_ids) if is_row else group)
    )


def _without_ids(line: str) -> str:
    return RUN_ID.sub("", line)


@dataclass
class FollowedSection:
    """A section whose commands are run in a folder, which the page calls ``/data``."""

    text: str
    folder: Path
    settings: Mapping[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    _next: int = 0

    @property
    def is_done(self) -> bool:
        """Whether each block of commands has been followed."""
        return self._next == len(blocks(self.text, "console"))

    def follow(self) -> None:
        """Run the commands of the next block, and see that they print what the page shows."""
        block = blocks(self.text, "console")[self._next]
        self._next += 1
        for told in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = told.partition("\n")
            self._compare(command, shown, self.run(self._real(command)))

    def run(self, command: str) -> str:
        """Run a command in a shell, and return what it prints, as the page would show it."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            [_BASH, "-c", command],
            env={
                **environment(**self.settings),
                "PATH": path,
                "AEGIS_LOG_LEVEL": "ERROR",
                # As where nobody has a terminal.
                "COLUMNS": "160",
            },
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        told = "".join(
            # Log lines are no result.
            line
            for line in ended.stdout.splitlines(keepends=True)
            if not line.startswith("{")
        )
        return self.as_on_page(told)

    def _compare(self, command: str, shown: str, printed: str) -> None:
        shown, printed = steady(shown), steady(printed)
        for ours, theirs in zip(RUN_ID.findall(shown), RUN_ID.findall(printed), strict=False):
            self.ids.setdefault(ours, theirs)
        assert printed == RUN_ID.sub(lambda m: self.ids.get(m[0], m[0]), shown), command

    def _real(self, command: str) -> str:
        command = RUN_ID.sub(lambda match: self.ids[match[0]], command)
        command = _shifted(command, yesterday() + timedelta(days=1) - PAGE_TODAY)
        return command.replace(PAGE_FOLDER, str(self.folder))

    def as_on_page(self, text: str) -> str:
        """Return what was printed with the page's days and folder."""
        for real in {str(self.folder), str(self.folder.resolve())}:
            text = text.replace(real, PAGE_FOLDER)
        cron = self.settings.get("AEGIS_SCHEDULE_CRON", "0 0 2 * * *")
        text = text.replace(cron, "0 0 2 * * *")
        return _shifted(text, PAGE_TODAY - yesterday() - timedelta(days=1))


def _shifted(text: str, by: timedelta) -> str:
    return _DAY.sub(lambda match: str(date.fromisoformat(match[0]) + by), text)
