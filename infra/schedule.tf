locals {
  time_zone = "America/New_York"

  # Runs are asked for through the topic, not by calling the coordinator: Scheduler would give a refused call up
  # within minutes, while the subscription repeats it for an hour, keeps it as a dead letter and raises an alert.
  # It is also the way by which anyone else asks for a run.
  runs = {
    early     = { at = "30 2 * * *", reason = "early run" }
    overnight = { at = "0 7 * * *", reason = "overnight run" }
    # Lines and injuries have moved since the morning: this one replaces what stands.
    same-day = { at = "30 11 * * *", reason = "same-day run", force = true }
  }

  # Ahead of each run come the features it needs, and ahead of those the feeds: games first, since every other row
  # belongs to one. Grading waits for the last game of the west coast and its box scores. The two evening fetches of
  # odds come before the tip-offs of 19:00 and 22:00. Each feed comes twice a day or more: alert feed-late cannot wait
  # for a whole day.
  job_times = {
    fetch-schedule     = { job = "fetch-schedule", at = "0 1,6 * * *" }
    fetch-boxscores    = { job = "fetch-boxscores", at = "10 6,10 * * *" }
    fetch-injuries     = { job = "fetch-injuries", at = "40 1,5,10,13,17,18 * * *" }
    fetch-odds         = { job = "fetch-odds", at = "45 1,5,10,18,21 * * *" }
    features-early     = { job = "features", at = "0 2 * * *" }
    features-overnight = { job = "features", at = "30 6 * * *" }
    features-same-day  = { job = "features", at = "0 11 * * *" }
    grading            = { job = "grading", at = "30 7 * * *" }
    validation         = { job = "validation", at = "0 12 * * *" }
    training           = { job = "training", at = "0 4 2 * *" }
  }
}

resource "google_cloud_scheduler_job" "run" {
  for_each    = local.runs
  name        = "props-run-${each.key}"
  region      = var.region
  description = "Asks for the ${each.value.reason} of today's games"
  schedule    = each.value.at
  time_zone   = local.time_zone

  pubsub_target {
    topic_name = module.topic["prediction-run-requested"].id
    data = base64encode(jsonencode({
      game_date = "TODAY"
      force     = try(each.value.force, false)
      reason    = each.value.reason
    }))
  }

  retry_config {
    retry_count          = 5
    min_backoff_duration = "5s"
    max_backoff_duration = "60s"
  }
}

# Ending stalled runs has no message, and the next call comes in two minutes: a plain call does.
resource "google_cloud_scheduler_job" "check_stalled" {
  name             = "props-check-stalled"
  region           = var.region
  description      = "Ends runs whose deadline has passed"
  schedule         = "*/2 * * * *"
  time_zone        = local.time_zone
  attempt_deadline = "${module.coordinator.timeout_seconds}s"

  http_target {
    http_method = "POST"
    uri         = "${module.coordinator.uri}/check-stalled"

    oidc_token {
      service_account_email = google_service_account.this["scheduler"].email
      audience              = module.coordinator.audience
    }
  }

  retry_config {
    retry_count = 0
  }
}

resource "google_cloud_scheduler_job" "job" {
  for_each         = local.job_times
  name             = "props-${each.key}"
  region           = var.region
  description      = "Starts the job props-${each.value.job}"
  schedule         = each.value.at
  time_zone        = local.time_zone
  attempt_deadline = "180s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${module.job[each.value.job].name}:run"

    oauth_token {
      service_account_email = google_service_account.this["scheduler"].email
    }
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
    max_backoff_duration = "300s"
  }
}
