terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # The bucket is given by `terraform init -backend-config="bucket=..."`; it has versioning and no other user.
  backend "gcs" {
    prefix = "props"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
