output "name" {
  value = google_cloud_run_v2_service.this.name
}

output "uri" {
  value = google_cloud_run_v2_service.this.uri
}

output "audience" {
  value = var.audience
}

output "timeout_seconds" {
  value = var.timeout_seconds
}

output "service" {
  value = google_cloud_run_v2_service.this
}

output "invokers" {
  value = { for key, grant in google_cloud_run_v2_service_iam_member.invoker : key => grant.member }
}
