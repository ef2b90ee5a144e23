"""The collector, Prometheus and Grafana: each names what the next one has."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from tests.exported_names import names_of_events, names_of_scheduler
from tests.unit.adapters.outbound.otel.close_events import of_closes
from tests.unit.adapters.outbound.otel.job_events import of_jobs
from tests.unit.deploy.files import DEPLOY, read_dashboard, read_yaml
from tests.unit.docs.pages import read_page

COLLECTOR = read_yaml("otel-collector.yaml")
SERVICES = read_yaml("compose.yaml")["services"]
# The contract's names, as a Prometheus exporter without suffixes writes them.
CONTRACT = {
    "batch_execution_success",
    "batch_execution_failure",
    "batch_execution_duration_ms_bucket",
    "batch_execution_duration_ms_count",
    "batch_execution_duration_ms_sum",
}
OF_SCHEDULER = names_of_scheduler()
EXPORTED = names_of_events([*of_closes(), *of_jobs()]) | OF_SCHEDULER
DASHBOARDS = {name: read_dashboard(name) for name in ("aegis-batch", "control-plane")}
PANELS: dict[str, list[dict[str, Any]]] = {
    name: dashboard["panels"] for name, dashboard in DASHBOARDS.items()
}
QUERIES = {
    name: [target["expr"] for panel in panels for target in panel["targets"]]
    for name, panels in PANELS.items()
}
RULES: list[dict[str, Any]] = [
    rule for group in read_yaml("prometheus/alerts.yml")["groups"] for rule in group["rules"]
]
RECORDED = {rule["record"]: rule for rule in RULES if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
ALERT_TESTS: list[dict[str, Any]] = [
    {**check, "series": test["input_series"]}
    for test in read_yaml("prometheus/alerts_test.yml")["tests"]
    for check in test["alert_rule_test"]
]


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
    files = {path.name for path in (DEPLOY / "grafana" / "dashboards").iterdir()}
    assert files == {f"{name}.json" for name in DASHBOARDS}


def test_each_dashboard_has_a_name_of_its_own() -> None:
    for field in ("uid", "title"):
        assert len({dashboard[field] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("query", [query for queries in QUERIES.values() for query in queries])
def test_a_query_can_be_parsed_and_names_only_metrics_that_the_program_has(query: str) -> None:
    named = set(metrics_of(query))
    assert named
    assert named <= EXPORTED | set(RECORDED)


def test_the_dashboard_of_closes_shows_every_metric_of_the_contract() -> None:
    assert {name for query in QUERIES["aegis-batch"] for name in metrics_of(query)} == CONTRACT
    assert CONTRACT <= EXPORTED


def test_the_dashboard_of_the_control_plane_shows_all_that_it_tells() -> None:
    shown = {name for query in QUERIES["control-plane"] for name in metrics_of(query)}
    assert shown >= OF_SCHEDULER


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_says_what_it_shows_and_whom_it_asks(name: str) -> None:
    panels = PANELS[name]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["description"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "prometheus"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_lies_on_another_one(name: str) -> None:
    places = [
        (x, y)
        for panel in PANELS[name]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places)
    assert {x for x, _ in places} == set(range(24))


def test_prometheus_reads_the_alerts_that_are_mounted_beside_its_settings() -> None:
    (rules,) = read_yaml("prometheus/prometheus.yml")["rule_files"]
    assert f"./prometheus/{rules}:/etc/prometheus/{rules}:ro" in SERVICES["prometheus"]["volumes"]
    assert (DEPLOY / "prometheus" / rules).is_file()


def test_there_is_an_alert_for_all_that_the_specification_asks_for() -> None:
    assert set(ALERTS) == {
        "JobFailureRateHigh",
        "JobTooLong",
        "SchedulerDown",
        "LeaseLost",
        "JobQueueTooLong",
        "CriticalJobFailed",
        "CloseMissed",
        "DayOverdue",
        "BreakerOpen",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_names_only_metrics_that_the_program_has(rule: dict[str, Any]) -> None:
    named = set(metrics_of(rule["expr"]))
    assert named
    assert named <= EXPORTED | set(RECORDED)


def test_what_is_recorded_is_used() -> None:
    used = {name for rule in RULES for name in metrics_of(rule["expr"])}
    assert set(RECORDED) <= used


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    assert ALERTS[name]["labels"]["severity"] in {"warning", "critical"}
    assert set(ALERTS[name]["annotations"]) == {"summary", "description"}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested_as_it_fires_and_as_it_does_not(name: str) -> None:
    fired = {bool(check["exp_alerts"]) for check in ALERT_TESTS if check["alertname"] == name}
    assert fired == {True, False}


def test_the_page_has_every_alert_and_how_bad_it_is() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .+ \| (\w+) \|$", read_page("docs/telemetry.md"), re.MULTILINE
    )
    told = {name: severity for name, severity in rows if severity in {"warning", "critical"}}
    assert told == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}


def test_the_tests_of_alerts_make_up_only_what_the_program_has() -> None:
    series = [one["series"] for check in ALERT_TESTS for one in check["series"]]
    made_up = {name for one in series for name in metrics_of(one)}
    assert made_up
    assert made_up <= EXPORTED


def test_a_label_that_prometheus_has_itself_is_given_another_name_on_the_way() -> None:
    actions = COLLECTOR["processors"]["attributes/job"]["actions"]
    assert actions == [
        {"key": "exported_job", "from_attribute": "job", "action": "insert"},
        {"key": "job", "action": "delete"},
    ]
    assert "attributes/job" in COLLECTOR["service"]["pipelines"]["metrics"]["processors"]
    asked = [rule["expr"] for rule in RULES] + [q for queries in QUERIES.values() for q in queries]
    assert not any(re.search(r"(?<!_)\bjob\b", query) for query in asked)


def test_the_alarm_about_time_is_the_one_of_the_page() -> None:
    def flat(text: str) -> str:
        return " ".join(text.split())

    assert flat(ALERTS["CloseMissed"]["expr"]) in flat(read_page("docs/telemetry.md"))
