"""The files of the deployment, read as their programs read them."""

import json
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]
DEPLOY = PROJECT / "deploy"


def read_yaml(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of deploy/."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    return content


def read_dashboard(name: str) -> dict[str, Any]:
    """Return a dashboard."""
    path = DEPLOY / "grafana" / "dashboards" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
