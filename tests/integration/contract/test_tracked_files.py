"""What every search through tracked files promises, in memory and in a git repository."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.tracked_files import InMemoryTrackedFiles
from aegis_batch.adapters.outbound.system.tracked_files import GitTrackedFiles
from aegis_batch.application.ports.tracked_files import Leak, TrackedFiles

SECRETS = {"TOKEN": ("hidden token", "hidden%20token"), "UNSET": ()}

Track = Callable[[Mapping[str, str]], TrackedFiles]


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    git(folder, "init", "--quiet")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        git(folder, "add", "--force", "--", name)
    return folder


@pytest.fixture(params=["memory", "git"])
def track(request: pytest.FixtureRequest, tmp_path: Path) -> Track:
    if request.param == "memory":
        return InMemoryTrackedFiles
    return lambda files: GitTrackedFiles(repository(tmp_path, files))


def test_files_without_a_secret_are_counted(track: Track) -> None:
    search = track({"README.md": "nothing", "src/a.py": "hidden"}).search(SECRETS)

    assert search.why_not is None
    assert (search.files, search.is_whole, search.leaks, search.env_files) == (2, True, (), ())


def test_a_secret_is_found_in_every_form_and_told_by_its_variable(track: Track) -> None:
    files = {"a.txt": "x hidden token y", "b/c.txt": "hidden%20token", "d.txt": "hidden"}

    search = track(files).search(SECRETS)

    assert search.leaks == (Leak("TOKEN", "a.txt"), Leak("TOKEN", "b/c.txt"))


def test_a_tracked_env_file_is_told_wherever_it_is(track: Track) -> None:
    search = track({".env": "", "deploy/.env": "", ".env.example": ""}).search({})

    assert search.env_files == (".env", "deploy/.env")


def test_where_there_is_no_repository_it_says_so(tmp_path: Path) -> None:
    for files in (InMemoryTrackedFiles(), GitTrackedFiles(tmp_path)):
        assert "no git repository" in str(files.search(SECRETS).why_not)


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert GitTrackedFiles(tmp_path).search(SECRETS).why_not == "git is not installed"


def test_files_that_git_does_not_track_are_no_matter(tmp_path: Path) -> None:
    repository(tmp_path, {"a.txt": "fine", ".gitignore": ".env"})
    (tmp_path / ".env").write_text("TOKEN=hidden token")

    search = GitTrackedFiles(tmp_path).search(SECRETS)

    assert (search.files, search.leaks, search.env_files) == (2, (), ())


def test_a_folder_inside_the_repository_searches_all_of_it(tmp_path: Path) -> None:
    repository(tmp_path, {"a.txt": "hidden token", "inner/b.txt": ""})

    search = GitTrackedFiles(tmp_path / "inner").search(SECRETS)

    assert search.leaks == (Leak("TOKEN", "a.txt"),)


def test_links_and_files_that_are_gone_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("hidden token")
    inner = tmp_path / "repository"
    inner.mkdir()
    (inner / "link").symlink_to(outside)
    repository(inner, {"gone.txt": "hidden token", "there.txt": ""})
    git(inner, "add", "link")
    (inner / "gone.txt").unlink()

    search = GitTrackedFiles(inner).search(SECRETS)

    assert (search.files, search.leaks) == (1, ())


@pytest.mark.parametrize("bound", [{"files_max": 1}, {"file_bytes_max": 3}, {"bytes_max": 3}])
def test_the_search_is_bounded_and_says_so(tmp_path: Path, bound: dict[str, int]) -> None:
    repository(tmp_path, {"a.txt": "0123456789", "b.txt": "hidden token"})

    search = GitTrackedFiles(tmp_path, **bound).search(SECRETS)

    assert not search.is_whole
    assert search.leaks == ()


def test_nothing_that_the_repository_configures_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    repository(tmp_path, {"a.txt": ""})
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho run >> {trace}\n")
    hook.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(hook))

    assert GitTrackedFiles(tmp_path).search(SECRETS).files == 1
    assert not trace.exists()
