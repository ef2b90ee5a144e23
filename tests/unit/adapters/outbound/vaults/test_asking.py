"""What the vaults have in common: extras that are missing, and answers that never come."""

import logging
import sys
import threading

import pytest

from aegis_batch.adapters.outbound.vaults.asking import require, within
from aegis_batch.domain.errors import InvalidRequest, VaultUnavailable


@pytest.mark.parametrize(
    ("vault", "packages"),
    [
        ("aws", ["no_such_package"]),
        ("azure", ["azure.no_such_package"]),
        ("gcp", ["no_such_package.within"]),
    ],
)
def test_without_its_extra_a_vault_says_what_to_install(vault: str, packages: list[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        require(vault, packages)
    assert caught.value.code == "vault_not_installed"
    assert packages[0] in caught.value.message
    assert f"pip install 'aegis-batch[{vault}]'" in caught.value.remedy


def test_a_package_that_was_hidden_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(InvalidRequest, match="not there: boto3"):
        require("aws", ["boto3"])


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    gate = threading.Event()
    try:
        with pytest.raises(VaultUnavailable, match=r"no answer within 0\.01 s"):
            within(0.01, gate.wait)
    finally:
        gate.set()


def test_what_a_call_returns_or_raises_comes_through() -> None:
    assert within(10, lambda: "answer") == "answer"
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 / 0)


def test_no_library_of_a_vault_logs_a_word() -> None:
    within(10, lambda: None)
    for name in ("azure.identity", "botocore.parsers", "google.auth", "urllib3.connectionpool"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL), name
