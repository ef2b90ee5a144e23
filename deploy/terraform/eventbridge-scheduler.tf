# Derives yesterday again each morning, from outside: EventBridge calls the control plane.
#
#   schedule -> bus -> rule -> API destination -> private route -> load balancer -> control plane
#
# A schedule can't call an API destination itself: it puts an event on a bus, and a rule there does.
# An answer must come within five seconds: set AEGIS_CONTROL_WAIT_SECONDS=3, so that a longer rebuild
# is answered with 202 and goes on. Whatever is sent again is carried out once, by its key. The
# certificate of the load balancer must be one that everybody trusts.
#
#   terraform init
#   terraform apply -var-file=prod.tfvars

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

data "aws_caller_identity" "current" {}

# Who calls, and by which key. Terraform keeps the key in its state, as the connection asks for it:
# the state must be encrypted, and for few to read.

data "aws_secretsmanager_secret_version" "internal_jobs_key" {
  secret_id = var.internal_jobs_key_secret
}

resource "aws_cloudwatch_event_connection" "control" {
  name               = var.name
  description        = "The control plane of Aegis Batch, over a private route."
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "X-Internal-Key"
      value = data.aws_secretsmanager_secret_version.internal_jobs_key.secret_string
    }
  }

  invocation_connectivity_parameters {
    resource_parameters {
      resource_configuration_arn = aws_vpclattice_resource_configuration.control.arn
    }
  }
}

# The private route: what the connection sends comes out in these subnets, and goes nowhere else.

resource "aws_security_group" "route" {
  name        = "${var.name}-route"
  description = "From EventBridge to the load balancer before the control plane."
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "route" {
  security_group_id            = aws_security_group.route.id
  description                  = "HTTPS to the load balancer, and nothing else."
  referenced_security_group_id = var.load_balancer_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  security_group_id            = var.load_balancer_security_group_id
  description                  = "HTTPS from EventBridge."
  referenced_security_group_id = aws_security_group.route.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpclattice_resource_gateway" "control" {
  name               = var.name
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  security_group_ids = [aws_security_group.route.id]
}

resource "aws_vpclattice_resource_configuration" "control" {
  name                        = var.name
  resource_gateway_identifier = aws_vpclattice_resource_gateway.control.id
  type                        = "SINGLE"
  protocol                    = "TCP"
  port_ranges                 = ["443"]

  resource_configuration_definition {
    dns_resource {
      domain_name     = var.load_balancer_dns_name
      ip_address_type = "IPV4"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "rebuild" {
  name                             = var.name
  description                      = "Derives days again."
  connection_arn                   = aws_cloudwatch_event_connection.control.arn
  invocation_endpoint              = "https://${var.control_host}/api/v1/jobs/rebuild-daily-metrics"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 1
}

# The bus, and the rule that makes a request of an event. Only `request` of it is the body.

resource "aws_cloudwatch_event_bus" "jobs" {
  name = var.name
}

resource "aws_cloudwatch_event_rule" "rebuild" {
  name           = var.name
  description    = "Asks the control plane to derive days again."
  event_bus_name = aws_cloudwatch_event_bus.jobs.name

  event_pattern = jsonencode({
    source      = [local.event_source]
    detail-type = [local.event_type]
  })
}

resource "aws_cloudwatch_event_target" "rebuild" {
  rule           = aws_cloudwatch_event_rule.rebuild.name
  event_bus_name = aws_cloudwatch_event_bus.jobs.name
  arn            = aws_cloudwatch_event_api_destination.rebuild.arn
  role_arn       = aws_iam_role.rule.arn
  input_path     = "$.detail.request"

  http_target {
    header_parameters = {
      "Idempotency-Key" = "$.detail.key"
    }
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 3
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

# The schedule. What stands in angle brackets is filled in by EventBridge Scheduler; jsonencode would
# escape them.

locals {
  event_source = "aegis-batch.scheduler"
  event_type   = "rebuild-daily-metrics"

  request = merge(
    { from = "yesterday" },
    var.tenant_id == null ? {} : { tenantId = var.tenant_id },
  )
}

resource "aws_scheduler_schedule_group" "jobs" {
  name = var.name
}

resource "aws_scheduler_schedule" "rebuild" {
  name                         = var.name
  description                  = "Derives yesterday again."
  group_name                   = aws_scheduler_schedule_group.jobs.name
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = "America/Sao_Paulo"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_cloudwatch_event_bus.jobs.arn
    role_arn = aws_iam_role.schedule.arn
    input    = "{\"key\":\"${var.name}/<aws.scheduler.scheduled-time>\",\"request\":${jsonencode(local.request)}}"

    eventbridge_parameters {
      source      = local.event_source
      detail_type = local.event_type
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }
}

# Who may do what.

data "aws_iam_policy_document" "schedule_is_assumed" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_scheduler_schedule_group.jobs.arn]
    }
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.jobs.arn]
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${var.name}-schedule"
  assume_role_policy = data.aws_iam_policy_document.schedule_is_assumed.json
}

resource "aws_iam_role_policy" "schedule" {
  name   = "put-events"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule.json
}

data "aws_iam_policy_document" "rule_is_assumed" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.rebuild.arn]
    }
  }
}

data "aws_iam_policy_document" "rule" {
  statement {
    actions   = ["events:InvokeApiDestination"]
    resources = [aws_cloudwatch_event_api_destination.rebuild.arn]
  }
}

resource "aws_iam_role" "rule" {
  name               = "${var.name}-rule"
  assume_role_policy = data.aws_iam_policy_document.rule_is_assumed.json
}

resource "aws_iam_role_policy" "rule" {
  name   = "invoke-api-destination"
  role   = aws_iam_role.rule.id
  policy = data.aws_iam_policy_document.rule.json
}

# What never came through, and who hears of it.

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600 # 14 days, the most there is
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.rebuild.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = data.aws_iam_policy_document.dead_letters.json
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "A request to derive yesterday again never came through: docs/control.md."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name          = "${var.name}-silence"
  alarm_description   = "Nothing has asked to derive yesterday again for a day: docs/control.md."
  namespace           = "AWS/Events"
  metric_name         = "Invocations"
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  dimensions = {
    EventBusName = aws_cloudwatch_event_bus.jobs.name
    RuleName     = aws_cloudwatch_event_rule.rebuild.name
  }
}
