# Models, and the run store with its documents.

resource "google_storage_bucket" "models" {
  name                        = "${var.project_id}-props-models"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # A release names a model by generation as well as by path: no generation may vanish.
  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 30 * 24 * 60 * 60
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_firestore_database" "this" {
  name                              = "(default)"
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = "ABANDON"

  depends_on = [google_project_service.api]
}

locals {
  # Every collection: its documents say themselves when they may go, after more than a year. BigQuery keeps what
  # became of each run.
  collections = [
    "prediction_runs", "prediction_runs_under_way", "outcomes", "locks", "jobs", "processor_heartbeats",
    "phase4_completion", "alerts_told",
  ]
}

resource "google_firestore_field" "expire_at" {
  for_each   = toset(local.collections)
  database   = google_firestore_database.this.name
  collection = each.value
  field      = "expire_at"

  ttl_config {}

  # Nobody asks by expiry, and an index on a rising timestamp would be a hot spot.
  index_config {}
}

# The newest runs of a game date.
resource "google_firestore_index" "runs" {
  database   = google_firestore_database.this.name
  collection = "prediction_runs"

  fields {
    field_path = "game_date"
    order      = "ASCENDING"
  }

  fields {
    field_path = "opened_at"
    order      = "DESCENDING"
  }
}
