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
  network             = local.network
  memory              = each.value.memory
  timeout_seconds     = each.value.timeout
  retries             = each.value.retries
  starter             = google_service_account.this[each.key == "release" ? "release" : "scheduler"].member
  deletion_protection = var.deletion_protection

  depends_on = [google_bigquery_table_iam_member.rows, google_project_iam_member.documents]
}
