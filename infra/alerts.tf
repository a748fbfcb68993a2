# What breaks a promise before it is seen to be broken. Each alert is named as its runbook.

locals {
  pushed = [for name, topic in local.topics : name if topic.push != null]

  alerts = {
    dead-letters = {
      title = "A message could not be delivered"
      filter = join(" AND ", [
        "resource.type=\"pubsub_subscription\"",
        "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"",
        "resource.labels.subscription_id=monitoring.regex.full_match(\".*-dead\")",
      ])
      aligner = "ALIGN_MAX", above = 0, duration = "0s", severity = "CRITICAL"
    }
    push-backlog = {
      title = "A pushed message has waited for ten minutes"
      filter = join(" AND ", [
        "resource.type=\"pubsub_subscription\"",
        "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"",
        "resource.labels.subscription_id=one_of(${join(", ", formatlist("\"%s\"", local.pushed))})",
      ])
      aligner = "ALIGN_MAX", above = 600, duration = "60s", severity = "ERROR"
    }
    job-failed = {
      title = "A job failed, or the daily validation found something"
      filter = join(" AND ", [
        "resource.type=\"cloud_run_job\"",
        "metric.type=\"run.googleapis.com/job/completed_execution_count\"",
        "metric.labels.result=\"failed\"",
      ])
      aligner = "ALIGN_DELTA", above = 0, duration = "0s", severity = "ERROR"
    }
    schedule-failed = {
      title   = "Cloud Scheduler could not do what was due"
      filter  = "resource.type=\"cloud_scheduler_job\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.schedule_failures.name}\""
      aligner = "ALIGN_DELTA", above = 0, duration = "0s", severity = "ERROR"
    }
    service-errors = {
      title   = "A service logged an error"
      filter  = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.service_errors.name}\""
      aligner = "ALIGN_DELTA", above = 0, duration = "0s", severity = "WARNING"
    }
  }
}

resource "google_logging_metric" "schedule_failures" {
  name        = "props_schedule_failures"
  description = "Attempts of Cloud Scheduler that failed"
  filter      = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=~\"^props-\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.api]
}

resource "google_logging_metric" "service_errors" {
  name        = "props_service_errors"
  description = "Lines of severity ERROR and above from the two services"
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^prediction-(coordinator|worker)$\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "symptom" {
  for_each = local.alerts

  display_name          = "props: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.duration

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = each.value.aligner
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Runbook: ${var.runbooks}/${each.key}.md"
  }
}
