"""deploy/kubernetes: what a cluster is told to run."""

import re
from importlib.metadata import version
from pathlib import Path

import kubernetes_validate
import pytest
from kubernetes_validate.utils import all_versions

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.outbound.state.location import ServerLocation
from aegis_batch.bootstrap.identity import state_location
from aegis_batch.bootstrap.loading import unknown_variables
from aegis_batch.bootstrap.services import ProgramServices
from aegis_batch.bootstrap.settings import Environment
from tests.unit.deploy.dockerfile import read_stages
from tests.unit.deploy.kubernetes import (
    FOLDER,
    Manifest,
    autoscaler_of,
    container_of,
    name_of,
    pod_of,
    read_kustomization,
    read_manifests,
    replicas_of,
    settings_of,
    variables_of,
)
from tests.unit.docs.pages import read_page

# The newest releases of Kubernetes with published schemas.
VERSIONS = all_versions()[-4:]
KUSTOMIZATION = read_kustomization()
MANIFESTS = read_manifests()
DEPLOYMENTS = [each for each in MANIFESTS if each["kind"] == "Deployment"]
(JOB,) = (each for each in MANIFESTS if each["kind"] == "Job")
WORKLOADS = [*DEPLOYMENTS, JOB]
FINAL = read_stages()[-1]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def of_each(manifests: list[Manifest]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("manifest", manifests, ids=name_of)


def mebibytes(quantity: str) -> int:
    return int(quantity.removesuffix("Mi"))


@of_each(MANIFESTS)
@pytest.mark.parametrize("release", VERSIONS)
def test_a_manifest_is_valid_by_the_published_schema(manifest: Manifest, release: str) -> None:
    assert release.startswith(kubernetes_validate.validate(manifest, release, strict=True))


def test_the_schema_would_find_a_word_that_is_misspelt() -> None:
    pod = pod_of(JOB) | {"restartPolice": "OnFailure"}
    wrong = JOB | {"spec": JOB["spec"] | {"template": {"spec": pod}}}
    with pytest.raises(kubernetes_validate.ValidationError, match="restartPolice"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_named_and_no_other() -> None:
    named = {*KUSTOMIZATION["resources"], "kustomization.yaml"}
    for generated in KUSTOMIZATION["configMapGenerator"]:
        named |= set(generated["envs"])
    assert named == {path.name for path in FOLDER.iterdir()}
    assert KUSTOMIZATION["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert KUSTOMIZATION["kind"] == "Kustomization"


def test_all_is_in_the_one_namespace_which_is_made_too() -> None:
    (namespace,) = (each for each in MANIFESTS if each["kind"] == "Namespace")
    assert namespace["metadata"]["name"] == KUSTOMIZATION["namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not any("namespace" in each["metadata"] for each in MANIFESTS)


@of_each(WORKLOADS)
def test_a_pod_runs_the_image_of_this_release(manifest: Manifest) -> None:
    (image,) = KUSTOMIZATION["images"]
    assert container_of(manifest)["image"] == image["name"]
    assert image["newTag"] == version("aegis-batch")
    # As the README and the Dockerfile call it.
    assert f"docker build -t {image['name']} ." in read_page("Dockerfile")


@of_each(WORKLOADS)
def test_a_pod_runs_a_command_that_the_program_has(manifest: Manifest) -> None:
    container = container_of(manifest)
    # Then the arguments stand behind the image's own entry point.
    assert "command" not in container
    assert run([*container["args"], "--help"], ProgramServices()) == 0


def test_there_are_two_schedulers_any_number_of_workers_and_one_who_migrates() -> None:
    told = {tuple(container_of(each)["args"]): replicas_of(each) for each in DEPLOYMENTS}
    assert told == {("scheduler",): 2, ("worker",): 3}
    assert container_of(JOB)["args"] == ["state", "migrate"]


@of_each(WORKLOADS)
def test_its_settings_are_known_and_valid_and_the_state_is_on_a_server(
    manifest: Manifest, tmp_path: Path
) -> None:
    assert unknown_variables(variables_of(manifest)) == []
    settings = settings_of(manifest, tmp_path)
    assert settings.environment is Environment.PRODUCTION
    assert settings.has_several_tenants
    assert not settings.state_migrate
    location = state_location(settings)
    assert isinstance(location, ServerLocation)


@of_each(DEPLOYMENTS)
def test_a_process_has_all_that_a_close_needs(manifest: Manifest, tmp_path: Path) -> None:
    settings = settings_of(manifest, tmp_path)
    assert None not in (settings.database_url, settings.backend_base_url, settings.x_service_token)


@of_each(DEPLOYMENTS)
def test_the_cluster_waits_for_longer_than_draining_takes(
    manifest: Manifest, tmp_path: Path
) -> None:
    settings = settings_of(manifest, tmp_path)
    assert pod_of(manifest)["terminationGracePeriodSeconds"] >= settings.drain_seconds + 30


@of_each(DEPLOYMENTS)
@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_asks_the_program_itself_and_gives_it_time(manifest: Manifest, probe: str) -> None:
    container = container_of(manifest)
    told = container[probe]
    (entry_point,) = FINAL.the("ENTRYPOINT").command
    assert told["exec"]["command"] == [entry_point, "health"]
    assert run(["health", "--help"], ProgramServices()) == 0
    assert told["timeoutSeconds"] >= 10
    assert told["timeoutSeconds"] <= told["periodSeconds"]


@of_each(DEPLOYMENTS)
def test_a_process_that_can_still_end_itself_is_not_ended_by_the_cluster(
    manifest: Manifest, tmp_path: Path
) -> None:
    settings, probe = settings_of(manifest, tmp_path), container_of(manifest)["livenessProbe"]
    assert probe["periodSeconds"] * (probe["failureThreshold"] - 1) > (
        settings.watchdog_seconds + settings.executor_lease_seconds
    )


@of_each(DEPLOYMENTS)
def test_a_pod_has_time_to_wake_a_state_that_sleeps(manifest: Manifest, tmp_path: Path) -> None:
    settings, probe = settings_of(manifest, tmp_path), container_of(manifest)["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > (
        settings.watchdog_seconds + settings.db_connect_seconds
    )


def test_memory_is_asked_for_by_what_was_measured() -> None:
    (measured,) = re.findall(
        r"^\| at rest, after the night \|(?:[^|]*\|){2} (\d+) \|",
        read_page("bench/resting.md"),
        re.MULTILINE,
    )
    for manifest in WORKLOADS:
        resources = container_of(manifest)["resources"]
        asked, most = (mebibytes(resources[kind]["memory"]) for kind in ("requests", "limits"))
        assert asked > int(measured)
        # A probe is a second Python in the same pod.
        assert most >= 2 * int(measured)
        assert "cpu" in resources["requests"]
        assert "cpu" not in resources["limits"]
    scheduler = (FOLDER / "scheduler.yaml").read_text(encoding="utf-8")
    assert f"bench/resting.md measures {measured} MB at rest" in scheduler


@of_each(DEPLOYMENTS)
def test_labels_find_the_pods_of_a_deployment_and_no_others(manifest: Manifest) -> None:
    labels = manifest["spec"]["template"]["metadata"]["labels"]
    assert manifest["spec"]["selector"]["matchLabels"] == labels
    (spread,) = pod_of(manifest)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    assert len([each for each in DEPLOYMENTS if each["metadata"]["labels"] == labels]) == 1
    (budget,) = (
        each
        for each in MANIFESTS
        if each["kind"] == "PodDisruptionBudget"
        and each["spec"]["selector"]["matchLabels"] == labels
    )
    assert budget["metadata"]["name"] == manifest["metadata"]["name"]


def test_emptying_a_node_leaves_a_scheduler_and_is_never_stuck() -> None:
    budgets = {
        each["metadata"]["name"]: each["spec"]
        for each in MANIFESTS
        if each["kind"] == "PodDisruptionBudget"
    }
    for manifest in DEPLOYMENTS:
        budget = budgets[manifest["metadata"]["name"]]
        assert budget.get("minAvailable", 0) < replicas_of(manifest)
        assert budget.get("maxUnavailable", 1) >= 1
    assert budgets["aegis-batch-scheduler"]["minAvailable"] == 1


def test_workers_grow_in_number_by_their_cpu_and_only_while_there_is_a_shard_for_each(
    tmp_path: Path,
) -> None:
    scaled = {container_of(each)["args"][0]: autoscaler_of(each) for each in DEPLOYMENTS}
    # Two schedulers are enough for any number of tenants.
    assert scaled["scheduler"] is None
    workers = scaled["worker"]
    assert workers is not None
    (worker,) = (each for each in DEPLOYMENTS if container_of(each)["args"] == ["worker"])
    assert workers["maxReplicas"] == settings_of(worker, tmp_path).concurrency_max
    assert workers["minReplicas"] < workers["maxReplicas"]
    (metric,) = workers["metrics"]
    assert (metric["type"], metric["resource"]["name"]) == ("Resource", "cpu")
    # It is a share of what pods ask for.
    assert container_of(worker)["resources"]["requests"]["cpu"] == "250m"
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 200}
    # What is stopped hands its work back: no faster than a pod has ended.
    (policy,) = workers["behavior"]["scaleDown"]["policies"]
    assert policy["value"] == 1
    assert policy["periodSeconds"] > pod_of(worker)["terminationGracePeriodSeconds"]


def test_all_workers_together_may_do_what_each_of_them_may(tmp_path: Path) -> None:
    (worker,) = (each for each in DEPLOYMENTS if container_of(each)["args"] == ["worker"])
    settings = settings_of(worker, tmp_path)
    at_once = replicas_of(worker) * settings.worker_concurrency
    assert settings.concurrency_max == at_once
    told = f"at most {at_once} x {settings.shard_submissions_at_once} requests"
    assert told in (FOLDER / "settings.env").read_text(encoding="utf-8")
