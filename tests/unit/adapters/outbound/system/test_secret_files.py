"""Secrets in files: made once, read again, and never trusted where others could have read them."""

import os
import stat
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.system.secret_files import secret_in_file
from aegis_batch.domain.errors import InvalidRequest


def test_a_secret_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    secret = secret_in_file(path)
    assert len(secret) >= 32
    assert secret_in_file(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_in_file(tmp_path / "other") != secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text("canary")
    path.chmod(mode)
    with pytest.raises(InvalidRequest, match="may be read by others") as told:
        secret_in_file(path)
    assert "canary" not in str(told.value)


def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(InvalidRequest, match="no plain file"):
        secret_in_file(tmp_path / "pipe")


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="No such file"):
        secret_in_file(tmp_path / "none" / "token")
