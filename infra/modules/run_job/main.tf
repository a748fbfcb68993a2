variable "name" {
  description = "Name of the job."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "account" {
  description = "Email of the account it runs as."
  type        = string
}

variable "image" {
  description = "The props image the job is created with, by digest; the release tool sets the later ones."
  type        = string
}

variable "environment" {
  description = "Environment the job is created with; the release tool sets the later ones."
  type        = map(string)
}

variable "arguments" {
  description = "What `props` is called with."
  type        = list(string)
}

variable "secrets" {
  description = "Variables that Secret Manager holds: name of the secret by variable. An execution reads the newest version."
  type        = map(string)
  default     = {}
}

variable "network" {
  description = "Network and subnetwork it leaves through; null: it leaves for the internet, and is outside of the network."
  type        = object({ network = string, subnetwork = string })
}

variable "cpu" {
  description = "CPUs of the task."
  type        = string
  default     = "2"
}

variable "memory" {
  description = "Memory of the task."
  type        = string
  default     = "4Gi"
}

variable "timeout_seconds" {
  description = "After this an attempt is given up."
  type        = number
}

variable "retries" {
  description = "Further attempts after one that failed. Every job that writes may be repeated; a check says the same again."
  type        = number
}

variable "starter" {
  description = "Who may start it."
  type        = string
}

variable "deletion_protection" {
  description = "Whether it refuses to be destroyed."
  type        = bool
}

resource "google_cloud_run_v2_job" "this" {
  name                = var.name
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    # Two at once get out of each other's way by a lock; one task does the work.
    task_count  = 1
    parallelism = 1

    template {
      service_account       = var.account
      timeout               = "${var.timeout_seconds}s"
      max_retries           = var.retries
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      dynamic "vpc_access" {
        for_each = var.network == null ? [] : [var.network]
        content {
          egress = "ALL_TRAFFIC"

          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }

      containers {
        image = var.image
        args  = var.arguments

        dynamic "env" {
          for_each = var.environment
          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = var.secrets
          content {
            name = env.key

            value_source {
              secret_key_ref {
                secret  = env.value
                version = "latest"
              }
            }
          }
        }

        resources {
          limits = { cpu = var.cpu, memory = var.memory }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].labels,
      template[0].template[0].containers[0].image,
      template[0].template[0].containers[0].env,
    ]
  }
}

resource "google_cloud_run_v2_job_iam_member" "starter" {
  name     = google_cloud_run_v2_job.this.name
  location = google_cloud_run_v2_job.this.location
  role     = "roles/run.invoker"
  member   = var.starter
}

output "name" {
  value = google_cloud_run_v2_job.this.name
}

output "job" {
  value = google_cloud_run_v2_job.this
}
