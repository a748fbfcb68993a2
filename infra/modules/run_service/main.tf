resource "google_cloud_run_v2_service" "this" {
  name                = var.name
  location            = var.region
  ingress             = var.ingress
  custom_audiences    = [var.audience]
  deletion_protection = var.deletion_protection

  template {
    service_account                  = var.account
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    vpc_access {
      egress = "ALL_TRAFFIC"

      network_interfaces {
        network    = var.network.network
        subnetwork = var.network.subnetwork
      }
    }

    containers {
      image = var.image

      dynamic "env" {
        for_each = var.environment
        content {
          name  = env.key
          value = env.value
        }
      }

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = var.cpu, memory = var.memory }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      # Ready when the models are loaded and verified and the stores answer; 24 x 5 s is long for that, and well
      # under the 240 s that Cloud Run allows.
      startup_probe {
        initial_delay_seconds = 0
        period_seconds        = 5
        timeout_seconds       = 4
        failure_threshold     = 24

        http_get {
          path = "/ready"
        }
      }

      # /health touches no dependency: restarting the process would not mend one.
      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 4

        http_get {
          path = "/health"
        }
      }
    }
  }

  lifecycle {
    # The release tool owns image and environment and names the revisions; the shape is Terraform's.
    ignore_changes = [
      client,
      client_version,
      template[0].revision,
      template[0].labels,
      template[0].containers[0].image,
      template[0].containers[0].env,
      traffic,
    ]
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers
  name     = google_cloud_run_v2_service.this.name
  location = google_cloud_run_v2_service.this.location
  role     = "roles/run.invoker"
  member   = each.value
}
