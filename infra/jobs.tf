locals {
  # TODAY is the US Eastern date. Each job may be repeated and picks up where it was killed.
  jobs = {
    features = {
      account   = "jobs", timeout = 1800, retries = 1, memory = "4Gi"
      arguments = ["features", "build", "--dates", "TODAY,TODAY+1"]
    }
    grading = {
      account = "jobs", timeout = 1800, retries = 1, memory = "4Gi"
      # Three days, for games that were final late.
      arguments = ["grade", "--start-date", "TODAY-3", "--end-date", "TODAY-1"]
    }
    validation = {
      account   = "jobs", timeout = 600, retries = 0, memory = "2Gi"
      arguments = ["validate-daily", "--date", "TODAY"]
    }
    training = {
      account = "training", timeout = 7200, retries = 1, memory = "8Gi"
      # Three seasons, judged on the four weeks after them. A candidate: it serves nothing until it is promoted.
      arguments = [
        "train", "catboost_v9", "--train-start", "TODAY-1123", "--train-end", "TODAY-29",
        "--eval-start", "TODAY-28", "--eval-end", "TODAY-1",
      ]
    }
    # Last night's games. The second fetch of the morning takes what was not final at the first.
    fetch-boxscores = {
      account   = "fetch", timeout = 900, retries = 1, memory = "2Gi", internet = true
      arguments = ["fetch", "boxscores", "--date", "TODAY-1"]
    }
    fetch-injuries = {
      account   = "fetch", timeout = 600, retries = 1, memory = "2Gi", internet = true
      arguments = ["fetch", "injuries", "--date", "TODAY"]
    }
    # A date has at most 15 games, and a game costs one credit: one market in one region.
    fetch-odds = {
      account   = "fetch", timeout = 600, retries = 1, memory = "2Gi", internet = true
      arguments = ["fetch", "odds", "--date", "TODAY", "--budget", "15"]
      secrets   = { ODDS_API_KEY = google_secret_manager_secret.odds_api_key.secret_id }
    }
    fetch-schedule = {
      account   = "fetch", timeout = 600, retries = 1, memory = "2Gi", internet = true
      arguments = ["fetch", "schedule", "--date", "TODAY"]
    }
    # What bin/deploy-service.sh asks and records: only what runs in this network may call the services.
    release = {
      account   = "release", timeout = 600, retries = 0, memory = "2Gi"
      arguments = ["deployments", "list"]
    }
  }
}

module "job" {
  source   = "./modules/run_job"
  for_each = local.jobs

  name                = "props-${each.key}"
  region              = var.region
  account             = google_service_account.this[each.value.account].email
  image               = var.release["props"].image
  environment         = local.environment["props"]
  arguments           = each.value.arguments
  secrets             = try(each.value.secrets, {})
  network             = try(each.value.internet, false) ? null : local.network
  cpu                 = try(each.value.internet, false) ? "1" : "2"
  memory              = each.value.memory
  timeout_seconds     = each.value.timeout
  retries             = each.value.retries
  starter             = google_service_account.this[each.key == "release" ? "release" : "scheduler"].member
  deletion_protection = var.deletion_protection

  # Cloud Run refuses a job whose account may not read its secret.
  depends_on = [
    google_bigquery_table_iam_member.rows, google_project_iam_member.documents,
    google_secret_manager_secret_iam_member.fetch_reads_odds_api_key,
  ]
}
