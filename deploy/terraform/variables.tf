variable "name" {
  description = "What everything here is called, or begins with."
  type        = string
  default     = "aegis-batch-rebuild-daily-metrics"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,39}$", var.name))
    error_message = "Use 3 to 40 small letters, digits and hyphens, a letter first."
  }
}

variable "internal_jobs_key_secret" {
  description = "The name or ARN of the secret in Secrets Manager that holds INTERNAL_JOBS_KEY, as plain text."
  type        = string
  default     = "prod/INTERNAL_JOBS_KEY"
}

variable "control_host" {
  description = "The public name in the certificate of the load balancer before the control plane. It may lead anywhere, or nowhere: the private route is taken."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.control_host))
    error_message = "Give a host such as control.example.com, without https:// and without a path."
  }
}

variable "load_balancer_dns_name" {
  description = "The DNS name of the internal load balancer that speaks HTTPS before the control plane."
  type        = string
}

variable "load_balancer_security_group_id" {
  description = "Its security group, which lets the route in here on port 443."
  type        = string
}

variable "vpc_id" {
  description = "The VPC that the load balancer is in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of it, from which the load balancer is reached."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "Name at least one subnet."
  }
}

variable "tenant_id" {
  description = "Whose day is derived again; null where the books of one shop are closed."
  type        = string
  default     = null
}

variable "schedule_expression" {
  description = "When, as EventBridge Scheduler writes it, in America/Sao_Paulo."
  type        = string
  default     = "cron(0 6 * * ? *)"
}

variable "alarm_topic_arns" {
  description = "The SNS topics that are told of alarms."
  type        = list(string)

  validation {
    condition     = length(var.alarm_topic_arns) > 0
    error_message = "An alarm that nobody hears is none: name at least one topic."
  }
}
