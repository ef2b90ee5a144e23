"""deploy/kubernetes: what its pods may do, know and reach, and nothing else."""

import re
from pathlib import Path

import pytest

from aegis_batch.bootstrap.settings import Settings, variable_of
from tests.unit.deploy.dockerfile import read_stages
from tests.unit.deploy.kubernetes import (
    FOLDER,
    Manifest,
    container_of,
    name_of,
    pod_of,
    read_kustomization,
    read_manifests,
    read_settings,
    settings_of,
    strings_of,
)

KUSTOMIZATION = read_kustomization()
MANIFESTS = read_manifests()
DEPLOYMENTS = [each for each in MANIFESTS if each["kind"] == "Deployment"]
(JOB,) = (each for each in MANIFESTS if each["kind"] == "Job")
WORKLOADS = [*DEPLOYMENTS, JOB]
FINAL = read_stages()[-1]


def of_each(manifests: list[Manifest]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("manifest", manifests, ids=name_of)


def test_who_migrates_gets_the_one_secret_that_it_needs(tmp_path: Path) -> None:
    settings = settings_of(JOB, tmp_path)
    assert (settings.database_url, settings.x_service_token) == (None, None)
    (volume,) = pod_of(JOB)["volumes"]
    assert volume["secret"]["items"] == [{"key": "state-url", "path": "state-url"}]


@of_each(WORKLOADS)
def test_secrets_come_as_files_alone_which_nobody_else_can_read(manifest: Manifest) -> None:
    container, pod = container_of(manifest), pod_of(manifest)
    (volume,), (mount,) = pod["volumes"], container["volumeMounts"]
    assert mount["name"] == volume["name"]
    assert mount["readOnly"] is True
    assert volume["secret"]["defaultMode"] == 0o440
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]
    for entry in container["env"]:
        assert entry["name"].endswith("_FILE")
        folder, _, name = entry["value"].rpartition("/")
        assert folder == mount["mountPath"]
        assert f"--from-file={name}" in (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    assert all(set(entry) == {"configMapRef"} for entry in container["envFrom"])


def test_no_secret_stands_in_any_file() -> None:
    assert "Secret" not in {each["kind"] for each in MANIFESTS}
    assert "secretGenerator" not in KUSTOMIZATION
    secret = {
        variable_of(field)
        for field, info in Settings.model_fields.items()
        if "SecretStr" in str(info.annotation)
    }
    assert {"DATABASE_URL", "X_SERVICE_TOKEN", "AEGIS_STATE_URL", "AEGIS_NOTIFY_URL"} <= secret
    assert {name: value for name, value in read_settings().items() if name in secret} == {
        "AEGIS_STATE_URL": ""
    }
    texts = [*strings_of(MANIFESTS), *strings_of(KUSTOMIZATION), *read_settings().values()]
    # An address with somebody in it, or one that is a secret by itself.
    assert [text for text in texts if re.search(r"://[^/]*@|postgres(ql)?://", text)] == []


@of_each(WORKLOADS)
def test_a_pod_may_do_nothing_that_it_need_not(manifest: Manifest) -> None:
    pod, container = pod_of(manifest), container_of(manifest)
    user, _, group = FINAL.the("USER").value.partition(":")
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(user),
        "runAsGroup": int(group),
        "fsGroup": int(group),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert "ports" not in container


@of_each(WORKLOADS)
def test_a_pod_has_an_account_of_its_own_and_no_token_of_it(manifest: Manifest) -> None:
    (account,) = (each for each in MANIFESTS if each["kind"] == "ServiceAccount")
    pod = pod_of(manifest)
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is False
    assert account["automountServiceAccountToken"] is False
    assert not [each for each in MANIFESTS if "Role" in each["kind"]]


def test_nothing_comes_in_and_only_what_is_needed_goes_out() -> None:
    (policy,) = (each for each in MANIFESTS if each["kind"] == "NetworkPolicy")
    spec = policy["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == []
    ports = [
        {(entry["protocol"], entry["port"]) for entry in rule["ports"]} for rule in spec["egress"]
    ]
    assert ports == [
        {("UDP", 53), ("TCP", 53)},
        {("TCP", 5432), ("TCP", 443), ("TCP", 4317), ("TCP", 4318)},
    ]
    assert all(rule["to"] for rule in spec["egress"])
    # The address at which clouds hand out credentials of the machine.
    blocks = [peer["ipBlock"] for peer in spec["egress"][1]["to"] if "ipBlock" in peer]
    assert "169.254.0.0/16" in blocks[0]["except"]
    assert not [each for each in MANIFESTS if each["kind"] in ("Service", "Ingress")]
