# Where images are kept, and the account that builds and deploys them.

resource "google_artifact_registry_repository" "images" {
  repository_id = "props"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the services and of the jobs"

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-releases"
    action = "KEEP"

    most_recent_versions {
      keep_count = 50
    }
  }

  cleanup_policies {
    id     = "drop-old"
    action = "DELETE"

    condition {
      older_than = "${180 * 24 * 60 * 60}s"
    }
  }

  depends_on = [google_project_service.api]
}

# What each release was made of: digests and parts lists.
resource "google_storage_bucket" "records" {
  name                        = "${var.project_id}-props-releases"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket_iam_member" "release_records" {
  bucket = google_storage_bucket.records.name
  role   = "roles/storage.objectCreator"
  member = local.release
}

locals {
  image_repository = join("/", [
    join(".", ["${var.region}-docker", "pkg", "dev"]), var.project_id, google_artifact_registry_repository.images.repository_id,
  ])
  release = google_service_account.this["release"].member
}

resource "google_artifact_registry_repository_iam_member" "release_writes" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = local.release
}

resource "google_project_iam_member" "release_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = local.release
}

# What a new revision logs.
resource "google_project_iam_member" "release_reads_logs" {
  project = var.project_id
  role    = "roles/logging.viewer"
  member  = local.release
}

# One object a service: who deploys it just now. A write names the generation that it replaces.
resource "google_storage_bucket" "locks" {
  name                        = "${var.project_id}-props-locks"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket_iam_member" "release_locks" {
  bucket = google_storage_bucket.locks.name
  role   = "roles/storage.objectUser"
  member = local.release
}

resource "google_cloud_run_v2_service_iam_member" "release_deploys" {
  for_each = toset([module.coordinator.name, module.worker.name])
  name     = each.value
  location = var.region
  role     = "roles/run.developer"
  member   = local.release
}

resource "google_cloud_run_v2_job_iam_member" "release_deploys" {
  for_each = { for key, job in module.job : key => job.name }
  name     = each.value
  location = var.region
  role     = "roles/run.developer"
  member   = local.release
}

# A revision runs as its own account, so whoever deploys it must be allowed to say so.
resource "google_service_account_iam_member" "release_acts_as" {
  for_each           = toset(["coordinator", "worker", "jobs", "training", "fetch", "release"])
  service_account_id = google_service_account.this[each.value].name
  role               = "roles/iam.serviceAccountUser"
  member             = local.release
}

resource "google_cloudbuild_trigger" "release" {
  for_each        = var.source_repository == null ? toset([]) : toset([var.source_repository])
  name            = "props-release"
  location        = var.region
  description     = "Tests, builds, deploys and promotes what lands on main"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.this["release"].id

  repository_event_config {
    repository = each.value

    push {
      branch = "^main$"
    }
  }

  substitutions = {
    _REGION     = var.region
    _REPOSITORY = local.image_repository
    _RECORDS    = google_storage_bucket.records.name
  }
}
