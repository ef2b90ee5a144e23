"""Secrets from a vault, in whole processes: what they are used for, and that none gets out."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.answer_table import LINES
from tests.integration.closing import DAY
from tests.integration.program import run
from tests.integration.serving_place import place_of
from tests.integration.shop import CLOSE, open_shop, settings_for
from tests.integration.vault_stand_in import VaultStandIn, open_vault
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

TOKEN = "canaryTOKEN-47zq11"
KEY = "canaryKEY-47zq11"
TRACE = "47zq11"
_NEEDED = ("DATABASE_URL", "X_SERVICE_TOKEN")
_BY_NAME = {line.name: line for line in LINES}


@pytest.fixture
def vault() -> Iterator[VaultStandIn]:
    with open_vault() as opened:
        yield opened


@pytest.fixture
def settings(database: Database, wiremock: WireMockServer, vault: VaultStandIn) -> dict[str, str]:
    """The settings of a shop whose secrets are in the vault alone."""
    open_shop(database)
    known = dict(settings_for(database, wiremock.url, TOKEN))
    vault.secrets = {name: known.pop(name) for name in _NEEDED}
    return {**known, **vault.settings(*_NEEDED), "AEGIS_LOG_LEVEL": "DEBUG"}


def test_a_day_is_closed_with_secrets_out_of_a_vault(
    wiremock: WireMockServer, settings: dict[str, str], vault: VaultStandIn, tmp_path: Path
) -> None:
    _BY_NAME["submit 201"].arm(wiremock)

    ended = run(CLOSE, settings, tmp_path)

    assert ended.told["outcome"] == "created"
    assert {each.headers["x-service-token"] for each in wiremock.requests()} == {TOKEN}
    kept = (tmp_path / "state.db").read_bytes().decode("latin-1")
    for text in (ended.out, ended.err, kept):
        assert TRACE not in text
        assert vault.secrets["DATABASE_URL"] not in text


_FAULTS = {
    "a refusal": (400, "AccessDeniedException", 2, "vault_refused"),
    "an outage": (500, "InternalServiceError", 5, "vault_unavailable"),
    "no such secret": (400, "ResourceNotFoundException", 2, "vault_secret_missing"),
}


@pytest.mark.parametrize("name", _FAULTS)
def test_a_vault_that_fails_is_told_by_the_exit_status_and_a_code(
    settings: dict[str, str], vault: VaultStandIn, tmp_path: Path, name: str
) -> None:
    http_status, code, status, told = _FAULTS[name]
    vault.answer = (http_status, code)
    for arguments in (CLOSE, ("close", "--date", DAY.isoformat()), ("serve",), ("doctor",)):
        ended = run(arguments, settings, tmp_path)
        assert ended.status == (1 if arguments == ("doctor",) else status), (arguments, ended)
        assert TRACE not in ended.out + ended.err
        assert "Traceback" not in ended.err
    assert run(CLOSE, settings, tmp_path).told["error"]["code"] == told


def test_a_vault_that_hangs_is_waited_for_no_longer_than_set(
    settings: dict[str, str], vault: VaultStandIn, tmp_path: Path
) -> None:
    vault.hangs = True
    ended = run(CLOSE, {**settings, "AEGIS_SECRETS_WAIT_SECONDS": "0.2"}, tmp_path)
    assert (ended.status, ended.told["error"]["code"]) == (5, "vault_unavailable")
    assert "no answer within 0.2 s" in ended.told["error"]["message"]


def test_a_vault_that_nobody_listens_for_is_told(settings: dict[str, str], tmp_path: Path) -> None:
    away = {**settings, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    ended = run(CLOSE, away, tmp_path)
    assert (ended.status, ended.told["error"]["code"]) == (5, "vault_unavailable")
    told = run(("close", "--date", DAY.isoformat()), away, tmp_path).out
    assert "not tried: the vault of secrets is unavailable" in told


def test_what_needs_no_secret_does_not_ask_for_one(
    settings: dict[str, str], vault: VaultStandIn, tmp_path: Path
) -> None:
    vault.answer = (500, "InternalServiceError")
    state = {"AEGIS_SECRETS_NAMES": "X_SERVICE_TOKEN", "DATABASE_URL": "postgresql://x/y"}
    assert run(["state", "migrate"], settings | state, tmp_path).status == 0
    assert run(["runs"], settings | state, tmp_path).status == 0
    assert run(["health"], settings | state, tmp_path).status == 1
    assert vault.asked == 0


def test_the_checkup_goes_on_with_secrets_of_a_vault_and_names_what_it_lacks(
    settings: dict[str, str], vault: VaultStandIn, tmp_path: Path
) -> None:
    del vault.secrets["X_SERVICE_TOKEN"]
    ended = run(["doctor"], settings, tmp_path)
    told = " ".join(ended.out.split())
    assert ended.status == 1
    assert "AEGIS_SECRETS_FROM" in told
    assert "no such secret: X_SERVICE_TOKEN" in told
    assert TRACE not in ended.out + ended.err


def test_the_control_plane_takes_its_keys_from_a_vault(
    settings: dict[str, str], vault: VaultStandIn, database: Database, tmp_path: Path
) -> None:
    vault.secrets["INTERNAL_JOBS_KEY"] = KEY
    own = {**vault.settings(*_NEEDED, "INTERNAL_JOBS_KEY"), "AEGIS_CONTROL_PORT": "0"}
    place = place_of(tmp_path, database, "http://127.0.0.1:9", **settings | own)
    with place.serving(command=("control",)) as control:
        [line] = control.wait_for("control.listening")
        url = f"http://127.0.0.1:{line['port']}/scheduler/events"
        event = {"tipo": "Nothing", "id": "1"}
        answers = [
            httpx.post(url, json=event, headers={"X-Internal-Key": key}).status_code
            for key in (KEY, "another")
        ]
        assert control.stop() == 143
        assert answers == [202, 401]
        assert KEY not in control.text
