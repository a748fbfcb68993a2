# The operator console: the coordinator behind a load balancer that asks Identity-Aware Proxy who is there. The
# coordinator stays closed to everybody else, and its address is not reachable from outside.

locals {
  console = var.console == null ? {} : { this = var.console }
}

resource "google_compute_region_network_endpoint_group" "console" {
  for_each              = local.console
  name                  = "props-console"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.coordinator.name
  }
}

resource "google_compute_backend_service" "console" {
  for_each              = local.console
  name                  = "props-console"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"

  backend {
    group = google_compute_region_network_endpoint_group.console[each.key].id
  }

  iap {
    enabled = true
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_iap_web_backend_service_iam_member" "operators" {
  for_each            = var.console == null ? toset([]) : toset(var.console.operators)
  web_backend_service = google_compute_backend_service.console["this"].name
  role                = "roles/iap.httpsResourceAccessor"
  member              = each.value
}

resource "google_compute_url_map" "console" {
  for_each        = local.console
  name            = "props-console"
  default_service = google_compute_backend_service.console[each.key].id
}

resource "google_compute_managed_ssl_certificate" "console" {
  for_each = local.console
  name     = "props-console"

  managed {
    domains = [each.value.domain]
  }

  depends_on = [google_project_service.api]
}

resource "google_compute_ssl_policy" "console" {
  for_each        = local.console
  name            = "props-console"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.api]
}

resource "google_compute_target_https_proxy" "console" {
  for_each         = local.console
  name             = "props-console"
  url_map          = google_compute_url_map.console[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.console[each.key].id]
  ssl_policy       = google_compute_ssl_policy.console[each.key].id
}

resource "google_compute_global_address" "console" {
  for_each = local.console
  name     = "props-console"

  depends_on = [google_project_service.api]
}

resource "google_compute_global_forwarding_rule" "console" {
  for_each              = local.console
  name                  = "props-console"
  ip_address            = google_compute_global_address.console[each.key].id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  target                = google_compute_target_https_proxy.console[each.key].id
}
