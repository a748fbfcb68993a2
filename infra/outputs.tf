output "image_repository" {
  description = "Where images are pushed."
  value       = local.image_repository
}

output "model_bucket" {
  description = "Bucket of the model bundles."
  value       = google_storage_bucket.models.name
}

output "raw_bucket" {
  description = "Bucket of the responses of feeds, as they came."
  value       = google_storage_bucket.raw.name
}

output "environment" {
  description = "Declared environment of each program, without what a release sets."
  value       = { for name, d in local.declared : name => d.values }
}

output "services" {
  description = "Address and audience of each service."
  value = {
    for s in [module.coordinator, module.worker] : s.name => { uri = s.uri, audience = s.audience }
  }
}

output "accounts" {
  description = "Email of each account."
  value       = { for key, a in google_service_account.this : key => a.email }
}

output "console_address" {
  description = "Address that the console's host name must point to."
  value       = one([for a in google_compute_global_address.console : a.address])
}
