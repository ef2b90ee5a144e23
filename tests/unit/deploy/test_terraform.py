"""deploy/terraform: EventBridge calls the control plane, and every part of the way is there."""

import json
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from aegis_batch.adapters.inbound.control.outside_routes import RebuildRequest
from tests.unit.deploy.hcl import Module, only, references, texts

MODULE = Module("terraform")
SCHEDULE = MODULE["aws_scheduler_schedule.rebuild"]
RULE = "aws_cloudwatch_event_rule.rebuild"
TARGET = MODULE["aws_cloudwatch_event_target.rebuild"]
CONNECTION = MODULE["aws_cloudwatch_event_connection.control"]
DESTINATION = MODULE["aws_cloudwatch_event_api_destination.rebuild"]
DEAD_LETTERS = "aws_sqs_queue.dead_letters"


def refers(value: str, to: str) -> bool:
    """Say whether an expression is one reference, and to that."""
    return references(value) == [to]


def statements(document: str) -> list[dict[str, Any]]:
    """Return what a policy says."""
    found: list[dict[str, Any]] = MODULE[f"data.aws_iam_policy_document.{document}"]["statement"]
    return found


def test_what_is_referred_to_is_declared_and_what_is_declared_is_used() -> None:
    named, declared = MODULE.named(), MODULE.declared()
    assert named
    assert named <= declared
    for_others = ("var.", "local.", "data.", "aws_iam_role.", "aws_vpclattice_")
    assert [address for address in declared - named if address.startswith(for_others)] == []


def test_the_schedule_fires_in_the_time_zone_of_the_books() -> None:
    assert SCHEDULE["schedule_expression_timezone"] == "America/Sao_Paulo"
    assert refers(SCHEDULE["schedule_expression"], "var.schedule_expression")
    assert re.fullmatch(r"cron\(\S+( \S+){5}\)", MODULE["var.schedule_expression"]["default"])
    assert only(SCHEDULE["flexible_time_window"])["mode"] == "OFF"


def test_a_schedule_puts_an_event_on_the_bus_which_the_rule_takes() -> None:
    target = only(SCHEDULE["target"])
    assert refers(target["arn"], "aws_cloudwatch_event_bus.jobs")
    told = only(target["eventbridge_parameters"])
    pattern = MODULE[RULE]["event_pattern"]
    for field, name in (("source", "event_source"), ("detail_type", "event_type")):
        assert refers(told[field], f"local.{name}")
        assert f"[local.{name}]" in pattern
    for part in (MODULE[RULE], TARGET):
        assert refers(part["event_bus_name"], "aws_cloudwatch_event_bus.jobs")
    assert refers(TARGET["rule"], RULE)


def test_the_rule_calls_the_control_plane_over_the_private_route() -> None:
    assert refers(TARGET["arn"], "aws_cloudwatch_event_api_destination.rebuild")
    assert DESTINATION["http_method"] == "POST"
    assert DESTINATION["invocation_endpoint"] == (
        "https://${var.control_host}/api/v1/jobs/rebuild-daily-metrics"
    )
    assert refers(DESTINATION["connection_arn"], "aws_cloudwatch_event_connection.control")
    way = only(only(CONNECTION["invocation_connectivity_parameters"])["resource_parameters"])
    configuration = "aws_vpclattice_resource_configuration.control"
    assert refers(way["resource_configuration_arn"], configuration)
    assert refers(
        MODULE[configuration]["resource_gateway_identifier"],
        "aws_vpclattice_resource_gateway.control",
    )
    assert MODULE[configuration]["port_ranges"] == ["443"]
    gateway = MODULE["aws_vpclattice_resource_gateway.control"]
    assert [references(each) for each in gateway["security_group_ids"]] == [
        ["aws_security_group.route"]
    ]


def test_the_route_leads_to_the_load_balancer_alone() -> None:
    out = MODULE["aws_vpc_security_group_egress_rule.route"]
    into = MODULE["aws_vpc_security_group_ingress_rule.load_balancer"]
    assert refers(out["security_group_id"], "aws_security_group.route")
    assert refers(out["referenced_security_group_id"], "var.load_balancer_security_group_id")
    assert refers(into["security_group_id"], "var.load_balancer_security_group_id")
    assert refers(into["referenced_security_group_id"], "aws_security_group.route")
    for rule in (out, into):
        assert (rule["from_port"], rule["to_port"], rule["ip_protocol"]) == (443, 443, "tcp")
    assert not any("cidr" in name for body in MODULE.blocks.values() for name in body)


def test_the_key_comes_from_the_secrets_manager_and_goes_nowhere_else() -> None:
    secret = "data.aws_secretsmanager_secret_version.internal_jobs_key"
    key = only(only(CONNECTION["auth_parameters"])["api_key"])
    assert CONNECTION["authorization_type"] == "API_KEY"
    assert (key["key"], key["value"]) == ("X-Internal-Key", f"${{{secret}.secret_string}}")
    assert refers(MODULE[secret]["secret_id"], "var.internal_jobs_key_secret")
    assert [text for text in texts(MODULE.blocks) if "secret_string" in text] == [key["value"]]


def test_what_is_sent_is_a_request_that_the_control_plane_understands() -> None:
    text = only(SCHEDULE["target"])["input"]
    made = text.replace("${jsonencode(local.request)}", '{"from":"yesterday","tenantId":"north"}')
    detail = json.loads(made)
    assert detail["key"] == "${var.name}/<aws.scheduler.scheduled-time>"
    assert RebuildRequest.model_validate(detail["request"]).asked() == {"from": "yesterday"}
    assert re.fullmatch(
        r'\$\{merge\(\{\s*from = "yesterday"\s*\}, '
        r"var\.tenant_id == null \? \{\s*\} : \{\s*tenantId = var\.tenant_id\s*\}\)\}",
        MODULE.locals["request"],
    )
    assert TARGET["input_path"] == "$.detail.request"
    headers = only(TARGET["http_target"])["header_parameters"]
    assert headers == {"Idempotency-Key": "$.detail.key"}


def test_both_parts_of_the_way_try_again_for_an_hour_and_then_give_up_into_the_queue() -> None:
    for part in (only(SCHEDULE["target"]), TARGET):
        retries = only(part["retry_policy"])
        assert retries["maximum_retry_attempts"] == 3
        assert retries["maximum_event_age_in_seconds"] == 3600
        assert refers(only(part["dead_letter_config"])["arn"], DEAD_LETTERS)
    assert MODULE[DEAD_LETTERS]["sqs_managed_sse_enabled"] is True


@pytest.mark.parametrize(
    ("who", "service", "of", "may"),
    [
        (
            "schedule",
            "scheduler.amazonaws.com",
            only(SCHEDULE["target"]),
            {
                "events:PutEvents": "aws_cloudwatch_event_bus.jobs",
                "sqs:SendMessage": DEAD_LETTERS,
            },
        ),
        (
            "rule",
            "events.amazonaws.com",
            TARGET,
            {"events:InvokeApiDestination": "aws_cloudwatch_event_api_destination.rebuild"},
        ),
    ],
)
def test_a_role_may_do_what_its_part_of_the_way_needs_and_no_more(
    who: str, service: str, of: dict[str, Any], may: dict[str, str]
) -> None:
    assert refers(of["role_arn"], f"aws_iam_role.{who}")
    role, policy = MODULE[f"aws_iam_role.{who}"], MODULE[f"aws_iam_role_policy.{who}"]
    assert refers(role["assume_role_policy"], f"data.aws_iam_policy_document.{who}_is_assumed")
    assert refers(policy["role"], f"aws_iam_role.{who}")
    assert refers(policy["policy"], f"data.aws_iam_policy_document.{who}")
    (assumed,) = statements(f"{who}_is_assumed")
    assert only(assumed["principals"])["identifiers"] == [service]
    assert "aws:SourceArn" in {each["variable"] for each in assumed["condition"]}
    found = {
        action: references(resource)
        for statement in statements(who)
        for action in statement["actions"]
        for resource in statement["resources"]
    }
    assert found == {action: [resource] for action, resource in may.items()}


def test_the_rule_alone_may_give_up_into_the_queue_without_a_role() -> None:
    policy = MODULE["aws_sqs_queue_policy.dead_letters"]
    assert refers(policy["queue_url"], DEAD_LETTERS)
    assert refers(policy["policy"], "data.aws_iam_policy_document.dead_letters")
    (statement,) = statements("dead_letters")
    assert statement["actions"] == ["sqs:SendMessage"]
    (condition,) = statement["condition"]
    assert [references(each) for each in condition["values"]] == [[RULE]]


@pytest.mark.parametrize(
    ("alarm", "watched", "missing"),
    [("dead_letters", DEAD_LETTERS, "notBreaching"), ("silence", RULE, "breaching")],
)
def test_somebody_is_told_of_what_never_came_through_and_of_silence(
    alarm: str, watched: str, missing: str
) -> None:
    body = MODULE[f"aws_cloudwatch_metric_alarm.{alarm}"]
    assert refers(body["alarm_actions"], "var.alarm_topic_arns")
    assert watched in {found for text in texts(body["dimensions"]) for found in references(text)}
    assert body["treat_missing_data"] == missing


@pytest.mark.parametrize("path", MODULE.paths, ids=lambda path: path.name)
def test_a_file_is_written_as_terraform_fmt_writes_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    for line in text.splitlines():
        assert "\t" not in line
        assert line == line.rstrip()
        assert (len(line) - len(line.lstrip(" "))) % 2 == 0
    terraform = which("terraform")
    # It is no package of Debian: where it isn't, the above and the parser have to do.
    if terraform is not None:
        fmt = [terraform, "fmt", "-check", "-diff", str(path)]
        ended = subprocess.run(fmt, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (0, "")
