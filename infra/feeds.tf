# What fetches of feeds need besides their jobs: a bucket for the responses as they came, and the key of The Odds API.

resource "google_storage_bucket" "raw" {
  name                        = "${var.project_id}-props-raw"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # Nobody replaces or deletes a response earlier, whoever asks. Cloud Storage has this or generations, not both.
  retention_policy {
    retention_period = 400 * 24 * 60 * 60
    is_locked        = false
  }

  # Read again within days, or after a season. Nothing is ever deleted by a rule.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }

    condition {
      age                   = 30
      matches_storage_class = ["STANDARD"]
    }
  }

  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "ARCHIVE"
    }

    condition {
      age                   = 400
      matches_storage_class = ["NEARLINE"]
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Creator and no more: a response, once written, is neither replaced nor deleted. It is read again by --from-raw.
resource "google_storage_bucket_iam_member" "fetch_raw" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])
  bucket   = google_storage_bucket.raw.name
  role     = each.value
  member   = google_service_account.this["fetch"].member
}

# Its versions are added by hand (backfill_jobs/DEPLOYMENT_GUIDE.md): what Terraform writes is readable in its state.
resource "google_secret_manager_secret" "odds_api_key" {
  secret_id           = "props-odds-api-key"
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "fetch_reads_odds_api_key" {
  secret_id = google_secret_manager_secret.odds_api_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this["fetch"].member
}
