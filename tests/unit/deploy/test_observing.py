"""The collector, Prometheus and Grafana: each names what the next one has."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from tests.unit.deploy.files import DEPLOY, read_dashboard, read_yaml

COLLECTOR = read_yaml("otel-collector.yaml")
SERVICES = read_yaml("compose.yaml")["services"]
# The contract's names, as a Prometheus exporter without suffixes writes them.
METRICS = {
    "batch_execution_success",
    "batch_execution_failure",
    "batch_execution_duration_ms_bucket",
    "batch_execution_duration_ms_count",
    "batch_execution_duration_ms_sum",
}
PANELS: list[dict[str, Any]] = read_dashboard()["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


def metrics_of(query: str) -> Iterator[str]:
    """Return the metrics that a query names, after Grafana has put in its ranges."""
    found: list[str] = []

    def note(node: object) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node.name or "a metric without a name")
        return True

    promql_parser.walk(promql_parser.parse(re.sub(r"\$__\w+", "5m", query)), note)
    yield from found


def published(service: str) -> set[str]:
    """Return the ports inside a container that this machine can reach."""
    return {port.split(":")[2] for port in SERVICES[service]["ports"]}


def test_metrics_keep_their_names() -> None:
    assert COLLECTOR["exporters"]["prometheus"]["add_metric_suffixes"] is False
    assert "translation_strategy" not in COLLECTOR["exporters"]["prometheus"]
    assert "namespace" not in COLLECTOR["exporters"]["prometheus"]


def test_metrics_are_kept_longer_than_a_day() -> None:
    (hours,) = re.fullmatch(
        r"(\d+)h", COLLECTOR["exporters"]["prometheus"]["metric_expiration"]
    ).groups()  # type: ignore[union-attr] # another form fails too
    assert int(hours) > 24


@pytest.mark.parametrize("kind", ["receivers", "processors", "exporters"])
def test_a_pipeline_names_only_what_is_defined_and_all_of_it_is_used(kind: str) -> None:
    named = {part for line in COLLECTOR["service"]["pipelines"].values() for part in line[kind]}
    assert named == set(COLLECTOR[kind])


def test_traces_go_to_jaeger_and_metrics_to_prometheus() -> None:
    lines = COLLECTOR["service"]["pipelines"]
    assert set(lines) == {"traces", "metrics"}
    assert lines["traces"]["exporters"] == ["otlp/jaeger"]
    assert lines["metrics"]["exporters"] == ["prometheus"]
    host, _, port = COLLECTOR["exporters"]["otlp/jaeger"]["endpoint"].partition(":")
    assert host in SERVICES
    assert port == "4317"


def test_both_protocols_listen_on_the_ports_that_are_published() -> None:
    protocols = COLLECTOR["receivers"]["otlp"]["protocols"]
    assert set(protocols) == {"grpc", "http"}
    ports = {protocol["endpoint"].rpartition(":")[2] for protocol in protocols.values()}
    assert ports == published("otel-collector")


def test_prometheus_scrapes_the_collector_and_keeps_its_labels() -> None:
    (job,) = read_yaml("prometheus/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, _, port = target.partition(":")
    assert host == "otel-collector"
    assert COLLECTOR["exporters"]["prometheus"]["endpoint"].endswith(":" + port)
    assert job["honor_labels"] is True


def test_grafana_asks_services_that_are_there() -> None:
    sources = read_yaml("grafana/provisioning/datasources/sources.yaml")["datasources"]
    for source in sources:
        host, _, port = source["url"].removeprefix("http://").partition(":")
        assert port in published(host)
    assert {source["uid"] for source in sources} == {"prometheus", "jaeger"}


def test_the_dashboard_is_where_grafana_looks_for_it() -> None:
    (provider,) = read_yaml("grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    assert (
        f"./grafana/dashboards:{provider['options']['path']}:ro" in (SERVICES["grafana"]["volumes"])
    )
    assert [path.name for path in (DEPLOY / "grafana" / "dashboards").iterdir()] == [
        "aegis-batch.json"
    ]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_can_be_parsed_and_names_only_metrics_that_the_program_has(query: str) -> None:
    named = set(metrics_of(query))
    assert named
    assert named <= METRICS


def test_the_dashboard_shows_every_metric() -> None:
    assert {name for query in QUERIES for name in metrics_of(query)} == METRICS


def test_every_panel_says_what_it_shows_and_whom_it_asks() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["description"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "prometheus"}
