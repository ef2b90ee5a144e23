"""One process at a time serves a state file."""

import errno
import fcntl
import multiprocessing
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.system import instance_lock
from aegis_batch.adapters.outbound.system.instance_lock import (
    LockHolder,
    find_lock_holder,
    hold_instance_lock,
    is_wanted,
)
from aegis_batch.application.health import Holder
from aegis_batch.domain.errors import StateUnavailable

HOLDER = LockHolder(4711, "fly-148e", datetime(2026, 11, 22, 2, tzinfo=UTC))
BACKFILL = LockHolder(815, "laptop", datetime(2026, 11, 22, 1, tzinfo=UTC), yields=True)
_PATIENCE_SECONDS = 30.0


def _hold_until_killed(state_file: Path, held: "multiprocessing.synchronize.Event") -> None:
    with hold_instance_lock(state_file, HOLDER):
        held.set()
        multiprocessing.Event().wait(_PATIENCE_SECONDS)


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


def _refusal(state_file: Path) -> StateUnavailable:
    with pytest.raises(StateUnavailable) as caught, hold_instance_lock(state_file, HOLDER):
        pytest.fail("two hold one lock")
    return caught.value


def test_a_second_process_is_refused_at_once_and_told_who_and_what_to_do(
    state_file: Path,
) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold_until_killed, args=(state_file, held))
    process.start()
    try:
        assert held.wait(_PATIENCE_SECONDS)

        refusal = _refusal(state_file)
    finally:
        process.kill()
        process.join(_PATIENCE_SECONDS)

    assert refusal.code == "state_in_use"
    assert "Process 4711 (fly-148e, since 2026-11-22T02:00:00+00:00)" in refusal.message
    assert "AEGIS_STATE_URL" in refusal.remedy


def test_the_kernel_gives_the_lock_back_when_its_process_is_killed(state_file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold_until_killed, args=(state_file, held))
    process.start()
    assert held.wait(_PATIENCE_SECONDS)
    process.kill()
    process.join(_PATIENCE_SECONDS)

    with hold_instance_lock(state_file, HOLDER):
        assert state_file.with_name("state.sqlite3.lock").exists()


def test_the_lock_is_free_again_after_an_orderly_end(state_file: Path) -> None:
    with hold_instance_lock(state_file, HOLDER):
        pass

    with hold_instance_lock(state_file, HOLDER):
        assert _refusal(state_file).code == "state_in_use"


def test_two_names_of_one_file_share_its_lock(state_file: Path, tmp_path: Path) -> None:
    state_file.touch()
    link = tmp_path / "link.sqlite3"
    link.symlink_to(state_file)

    with hold_instance_lock(state_file, HOLDER):
        assert _refusal(link).code == "state_in_use"


def test_two_files_have_two_locks(state_file: Path, tmp_path: Path) -> None:
    with (
        hold_instance_lock(state_file, HOLDER),
        hold_instance_lock(tmp_path / "other.sqlite3", HOLDER),
    ):
        assert len(list(tmp_path.glob("*.lock"))) == 2


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'"x"', b'{"pid": 1}', b"\xff", b"[" * 4096])
def test_a_note_that_cannot_be_read_is_left_out_of_the_refusal(
    state_file: Path, note: bytes
) -> None:
    with hold_instance_lock(state_file, HOLDER):
        state_file.with_name("state.sqlite3.lock").write_bytes(note)

        assert _refusal(state_file).message.startswith("Another process already serves")


def test_a_shorter_note_leaves_nothing_of_a_longer_one(state_file: Path) -> None:
    longer = LockHolder(1, "a-very-long-name" * 10, HOLDER.started_at)
    with hold_instance_lock(state_file, longer):
        pass

    with hold_instance_lock(state_file, HOLDER):
        assert "Process 4711 (fly-148e," in _refusal(state_file).message


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path / "away" / "state.sqlite3")

    assert refusal.code == "state_lock_failed"
    assert os.strerror(errno.ENOENT) in refusal.message


def test_a_link_in_place_of_the_lock_file_is_not_followed(state_file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    state_file.with_name("state.sqlite3.lock").symlink_to(precious)

    assert _refusal(state_file).code == "state_lock_failed"
    assert precious.read_text() == "kept"


def test_who_holds_it_can_be_seen_from_outside(state_file: Path) -> None:
    assert find_lock_holder(state_file) is None

    with hold_instance_lock(state_file, HOLDER):
        assert find_lock_holder(state_file) == Holder(HOLDER.executor, HOLDER.started_at)
        state_file.with_name("state.sqlite3.lock").write_bytes(b"{")
        assert find_lock_holder(state_file) == Holder()

    assert find_lock_holder(state_file) is None


def test_who_only_looks_keeps_nobody_out(state_file: Path) -> None:
    with hold_instance_lock(state_file, HOLDER):
        pass
    with state_file.with_name("state.sqlite3.lock").open("rb") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        # As whoever looks, but for longer than anybody does.
        ends = threading.Timer(0.1, fcntl.flock, (looked_at, fcntl.LOCK_UN))
        ends.start()

        with hold_instance_lock(state_file, HOLDER):
            assert find_lock_holder(state_file) is not None
        ends.join()


def test_a_lock_file_that_cannot_be_looked_at_is_told_as_such(state_file: Path) -> None:
    lock = state_file.with_name("state.sqlite3.lock")
    lock.symlink_to(state_file.with_name("elsewhere"))

    with pytest.raises(StateUnavailable) as caught:
        find_lock_holder(state_file)

    assert caught.value.code == "state_lock_failed"


def test_one_that_yields_is_asked_for_the_file_and_hands_it_over(state_file: Path) -> None:
    begun, wanted = threading.Event(), threading.Event()

    def yield_when_asked() -> None:
        with hold_instance_lock(state_file, BACKFILL):
            begun.set()
            while not is_wanted(state_file):
                pass
        wanted.set()

    holder = threading.Thread(target=yield_when_asked)
    holder.start()
    assert begun.wait(_PATIENCE_SECONDS)
    with hold_instance_lock(state_file, HOLDER):
        assert wanted.is_set()
        assert find_lock_holder(state_file) == Holder(HOLDER.executor, HOLDER.started_at)
        assert not is_wanted(state_file)
    holder.join()


def test_two_that_yield_do_not_take_it_from_one_another(state_file: Path) -> None:
    with (
        hold_instance_lock(state_file, BACKFILL),
        pytest.raises(StateUnavailable, match="carries out a backfill on") as caught,
        hold_instance_lock(state_file, BACKFILL),
    ):
        pytest.fail("two hold one lock")
    assert caught.value.code == "state_in_use"
    assert not is_wanted(state_file)


def test_what_is_waited_for_goes_to_nobody_that_yields_nor_to_a_second_that_waits(
    state_file: Path,
) -> None:
    wish = state_file.with_name("state.sqlite3.lock.wanted")
    with wish.open("wb") as wishing:
        fcntl.flock(wishing, fcntl.LOCK_EX)
        assert is_wanted(state_file)
        with pytest.raises(StateUnavailable), hold_instance_lock(state_file, BACKFILL):
            pytest.fail("it was wanted")
    with hold_instance_lock(state_file, BACKFILL), wish.open("wb") as wishing:
        fcntl.flock(wishing, fcntl.LOCK_EX)
        assert _refusal(state_file).code == "state_in_use"


def test_one_that_yields_and_never_does_is_not_waited_for_without_end(
    state_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_lock, "_HAND_OVER_SECONDS_MAX", 0.1)
    with hold_instance_lock(state_file, BACKFILL):
        refused = _refusal(state_file)

    assert "Process 815 (laptop" in refused.message
    assert not is_wanted(state_file)
