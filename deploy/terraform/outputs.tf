output "schedule_arn" {
  description = "The schedule."
  value       = aws_scheduler_schedule.rebuild.arn
}

output "dead_letter_queue_url" {
  description = "Where requests end that never came through; what the control plane said is in their attributes."
  value       = aws_sqs_queue.dead_letters.url
}
