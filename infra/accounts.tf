# One account per thing that acts. None has a key, and none is a default account.

locals {
  accounts = {
    coordinator = "Runs prediction-coordinator"
    worker      = "Runs prediction-worker"
    jobs        = "Runs features, grading and validation"
    training    = "Runs training, and alone may write models"
    fetch       = "Runs fetches, and alone leaves for the internet"
    push        = "Is who Pub/Sub says it is when it pushes"
    scheduler   = "Publishes run requests, calls /check-stalled, starts jobs"
    release     = "Builds images, deploys and checks them"
  }
}

resource "google_service_account" "this" {
  for_each     = local.accounts
  account_id   = "props-${each.key}"
  display_name = "props ${each.key}"
  description  = each.value

  depends_on = [google_project_service.api]
}

# Projects made before April 2021 do not let Pub/Sub mint tokens for the push account by themselves.
resource "google_service_account_iam_member" "pubsub_mints_push_tokens" {
  service_account_id = google_service_account.this["push"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
