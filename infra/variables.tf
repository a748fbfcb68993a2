variable "project_id" {
  description = "Google Cloud project that holds everything."
  type        = string
}

variable "region" {
  description = "Where services, jobs, tables and buckets live."
  type        = string
  default     = "us-west2"
}

variable "release" {
  description = <<-EOT
    What each image's first revision runs: `image` by digest and the variables that only a release knows.
    Read when a service or job is created; from then on bin/deploy-service.sh owns both.
  EOT
  type = map(object({
    image = string
    env   = optional(map(string), {})
  }))

  validation {
    condition     = toset(keys(var.release)) == toset(["prediction-coordinator", "prediction-worker", "props"])
    error_message = "Give prediction-coordinator, prediction-worker and props."
  }

  validation {
    condition     = alltrue([for r in var.release : can(regex("@sha256:[0-9a-f]{64}$", r.image))])
    error_message = "Give every image by digest: a tag can come to mean something else."
  }
}

variable "notification_channels" {
  description = "Monitoring channels that alerts go to, as projects/P/notificationChannels/N."
  type        = list(string)
  default     = []
}

variable "console" {
  description = "Host name of the operator console and who may open it (user:, group:); null leaves the console out."
  type = object({
    domain    = string
    operators = list(string)
  })
  default = null
}

variable "source_repository" {
  description = "Cloud Build repository (projects/P/locations/R/connections/C/repositories/N) whose main branch is released; null leaves the trigger out."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether services, jobs, tables and the run store refuse to be destroyed."
  type        = bool
  default     = true
}

variable "runbooks" {
  description = "Where docs/runbooks can be read, without a slash at its end; alerts link there."
  type        = string
  default     = "docs/runbooks"
}
