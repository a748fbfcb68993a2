# Services and jobs leave through a subnet without a way to the internet: they reach Google's APIs and nothing
# else. It is also what makes a call from a job count as internal. Fetches are outside of it (docs/adr/0038): they
# reach the internet and no service.

resource "google_compute_network" "this" {
  name                    = "props"
  auto_create_subnetworks = false

  depends_on = [google_project_service.api]
}

resource "google_compute_subnetwork" "this" {
  name                     = "props"
  network                  = google_compute_network.this.id
  region                   = var.region
  ip_cidr_range            = "10.8.0.0/24"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}

locals {
  network = { network = google_compute_network.this.id, subnetwork = google_compute_subnetwork.this.id }
}

# Nothing listens in this network; that nothing may come in either is said aloud.
resource "google_compute_firewall" "nothing_comes_in" {
  name          = "props-nothing-comes-in"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 1000
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "EXCLUDE_ALL_METADATA"
  }
}
