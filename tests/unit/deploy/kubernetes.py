"""The manifests of deploy/kubernetes, as kustomize puts them together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from dotenv import dotenv_values

from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Settings
from tests.unit.deploy.dockerfile import environment, read_stages
from tests.unit.deploy.files import DEPLOY, read_yaml

FOLDER: Final = DEPLOY / "kubernetes"

# What stands for the secrets' files.
SECRETS: Final = {
    "database-url": "postgresql://reader:pw@orders.example.com/shop",
    "state-url": "postgresql://aegis:pw@state.example.com/aegis_state",
    "service-token": "token",
}

Manifest = dict[str, Any]


def read_kustomization() -> Manifest:
    """Return what says which manifests there are."""
    return read_yaml("kubernetes/kustomization.yaml")


def read_manifests() -> list[Manifest]:
    """Return the manifests that are named there, in their order."""
    return [
        manifest
        for name in read_kustomization()["resources"]
        for manifest in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]


def read_settings() -> dict[str, str]:
    """Return what the pods get from the generated ConfigMap."""
    values = dotenv_values(FOLDER / "settings.env", interpolate=False)
    # A name alone would be taken from the environment of whoever applies it.
    return {name: value for name, value in values.items() if value is not None}


def pod_of(manifest: Manifest) -> Manifest:
    """Return what a pod of a Deployment or a Job is made from."""
    spec: Manifest = manifest["spec"]["template"]["spec"]
    return spec


def container_of(manifest: Manifest) -> Manifest:
    """Return the one container of a Deployment or a Job."""
    container: Manifest
    (container,) = pod_of(manifest)["containers"]
    return container


def autoscaler_of(manifest: Manifest) -> Manifest | None:
    """Return what an autoscaler of a Deployment is told, if it has one."""
    target = {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "name": manifest["metadata"]["name"],
    }
    found: list[Manifest] = [
        each["spec"]
        for each in read_manifests()
        if each["kind"] == "HorizontalPodAutoscaler" and each["spec"]["scaleTargetRef"] == target
    ]
    assert len(found) <= 1
    return next(iter(found), None)


def replicas_of(manifest: Manifest) -> int:
    """Return how many pods a Deployment has at least; an autoscaler's number, where it has one."""
    scaled = autoscaler_of(manifest)
    # Both at once would change it to and fro.
    assert (scaled is None) == ("replicas" in manifest["spec"])
    count: int = manifest["spec"]["replicas"] if scaled is None else scaled["minReplicas"]
    return count


def strings_of(value: object) -> Iterator[str]:
    """Yield every text in a manifest, keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)
    elif isinstance(value, str):
        yield value


def name_of(manifest: Manifest) -> str:
    """Return what people call a manifest."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def variables_of(manifest: Manifest) -> dict[str, str]:
    """Return the variables that a container gets, the image's own behind them."""
    container = container_of(manifest)
    shared = [entry["configMapRef"]["name"] for entry in container["envFrom"]]
    generated = [each["name"] for each in read_kustomization()["configMapGenerator"]]
    assert shared == generated
    own = {entry["name"]: entry["value"] for entry in container["env"]}
    return environment(read_stages()[-1]) | read_settings() | own


def settings_of(manifest: Manifest, folder: Path) -> Settings:
    """Return the settings of a container whose secrets' files are in a folder."""
    (mount,) = container_of(manifest)["volumeMounts"]
    for name, value in SECRETS.items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")
    variables = {
        name: value.replace(mount["mountPath"], str(folder))
        for name, value in variables_of(manifest).items()
    }
    return load_settings(variables)
