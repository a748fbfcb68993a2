# What users are promised, counted from the line that the coordinator logs as a live run ends:
#   {"event": "run_ended", "mode": "LIVE", "state": "COMPLETE", "seconds": 31.4, "games_begun": 0, "missing": 0, ...}
# games_begun: games of the run that had started when its rows came into use. missing: expected players whom nobody
# ever reported on. A start that was put off opens no run that ends, and is not counted.

locals {
  live_runs = join(" AND ", [
    "resource.type=\"cloud_run_revision\"", "resource.labels.service_name=\"prediction-coordinator\"",
    "jsonPayload.event=\"run_ended\"", "jsonPayload.mode=\"LIVE\"",
  ])

  run_counts = {
    ended           = local.live_runs
    on_time         = "${local.live_runs} AND jsonPayload.state=\"COMPLETE\" AND jsonPayload.seconds<=300 AND jsonPayload.games_begun=0"
    without_missing = "${local.live_runs} AND jsonPayload.missing=0"
  }

  promises = {
    run-on-time = {
      name = "A run is complete within 5 minutes and before the first tip-off"
      good = "on_time"
      goal = 0.99
    }
    no-missing-outcome = {
      name = "A run leaves no expected player without an outcome"
      good = "without_missing"
      goal = 0.999
    }
  }

  # There are about three runs a day, 84 in four weeks. One bad run burns the budget of weeks at once: the fast
  # alert tells of each, the slow one of a promise that is being missed day after day.
  burn_alerts = {
    fast = { lookback = "3600s", rate = 10, severity = "CRITICAL" }
    slow = { lookback = "259200s", rate = 2, severity = "WARNING" }
  }
}

resource "google_logging_metric" "runs" {
  for_each    = local.run_counts
  name        = "props_runs_${each.key}"
  description = "Live runs: ${each.key}"
  filter      = each.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_custom_service" "runs" {
  service_id   = "props-runs"
  display_name = "Prediction runs"

  depends_on = [google_project_service.api]
}

resource "google_monitoring_slo" "promise" {
  for_each            = local.promises
  service             = google_monitoring_custom_service.runs.service_id
  slo_id              = each.key
  display_name        = each.value.name
  goal                = each.value.goal
  rolling_period_days = 28

  request_based_sli {
    good_total_ratio {
      good_service_filter  = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.runs[each.value.good].name}\" AND resource.type=\"cloud_run_revision\""
      total_service_filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.runs["ended"].name}\" AND resource.type=\"cloud_run_revision\""
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = merge([
    for promise in keys(local.promises) : {
      for speed in keys(local.burn_alerts) : "${promise}-${speed}" => { promise = promise, speed = speed }
    }
  ]...)

  display_name          = "props: ${each.value.promise}, ${each.value.speed} burn"
  combiner              = "OR"
  severity              = local.burn_alerts[each.value.speed].severity
  notification_channels = var.notification_channels

  conditions {
    display_name = local.promises[each.value.promise].name

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.promise[each.value.promise].name}\", \"${local.burn_alerts[each.value.speed].lookback}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = local.burn_alerts[each.value.speed].rate
      duration        = "0s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Runbook: ${var.runbooks}/${each.value.promise}.md"
  }
}
