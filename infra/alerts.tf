# What breaks a promise before it is seen to be broken. Each alert is named as its runbook.

locals {
  # Hours after which a feed is late: more than between two of its fetches in schedule.tf, on the day that the clock
  # is put back as well. Cloud Monitoring takes 23.5 at most.
  late_after = {
    fetch-boxscores = 22
    fetch-injuries  = 9
    fetch-odds      = 10
    fetch-schedule  = 21
  }

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
    # A fetch logs feed_empty where the source has nothing to give, as all summer long: that is no delay.
    feed-late = {
      title    = "A feed has not come for longer than between two fetches"
      filter   = "resource.type=\"cloud_run_job\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.feeds.name}\""
      severity = "ERROR"
      absent   = { for job, hours in local.late_after : "props-${job}" => hours }
    }
    feed-refused = {
      title   = "A response of a feed could not be read"
      filter  = "resource.type=\"cloud_run_job\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.refused_feeds.name}\""
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

# What `props fetch` logs of each response that it stored, and where there was none to store.
resource "google_logging_metric" "feeds" {
  name        = "props_feeds"
  description = "Fetches of feeds that succeeded, with nothing to fetch too"
  filter      = "resource.type=\"cloud_run_job\" AND jsonPayload.event=(\"feed_stored\" OR \"feed_empty\")"

  label_extractors = { feed = "EXTRACT(jsonPayload.feed)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    labels {
      key        = "feed"
      value_type = "STRING"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_logging_metric" "refused_feeds" {
  name        = "props_refused_feeds"
  description = "Responses of feeds that could not be read"
  filter      = "resource.type=\"cloud_run_job\" AND jsonPayload.event=\"feed_refused\""

  label_extractors = { feed = "EXTRACT(jsonPayload.feed)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    labels {
      key        = "feed"
      value_type = "STRING"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "symptom" {
  for_each = local.alerts

  display_name          = "props: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels

  dynamic "conditions" {
    for_each = try([each.value.above], [])
    content {
      display_name = each.value.title

      condition_threshold {
        filter          = each.value.filter
        comparison      = "COMPARISON_GT"
        threshold_value = conditions.value
        duration        = each.value.duration

        aggregations {
          alignment_period   = "300s"
          per_series_aligner = each.value.aligner
        }
      }
    }
  }

  # By the job, whose name is declared here: the names of feeds are the product's.
  dynamic "conditions" {
    for_each = try(each.value.absent, {})
    content {
      display_name = "${each.value.title}: ${conditions.key}"

      condition_absent {
        filter   = "${each.value.filter} AND resource.labels.job_name=\"${conditions.key}\""
        duration = "${conditions.value * 60 * 60}s"

        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Runbook: ${var.runbooks}/${each.key}.md"
  }
}
