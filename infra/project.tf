data "google_project" "this" {
  project_id = var.project_id
}

locals {
  apis = [
    "artifactregistry", "bigquery", "bigquerystorage", "cloudbuild", "cloudscheduler", "compute", "containeranalysis",
    "firestore", "iam", "iap", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
  ]

  # Google's own account of Pub/Sub in this project: it moves dead letters and mints push tokens.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  iap_agent    = "service-${data.google_project.this.number}@gcp-sa-iap.iam.gserviceaccount.com"
}

resource "google_project_service" "api" {
  for_each           = toset(local.apis)
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}
