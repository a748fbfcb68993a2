variable "name" {
  description = "Name of the service."
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
  description = "Image of the first revision, by digest; the release tool sets the later ones."
  type        = string
}

variable "environment" {
  description = "Environment of the first revision; the release tool sets the later ones."
  type        = map(string)
}

variable "audience" {
  description = "What callers' tokens are made out to: the same for the service and for a revision under test."
  type        = string
}

variable "ingress" {
  description = "INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER; never the open internet."
  type        = string

  validation {
    condition     = contains(["INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.ingress)
    error_message = "A service is internal, or internal and behind the load balancer."
  }
}

variable "network" {
  description = "Network and subnetwork it leaves through."
  type        = object({ network = string, subnetwork = string })
}

variable "invokers" {
  description = "Members who may call it, by a name for each."
  type        = map(string)

  validation {
    condition     = alltrue([for m in values(var.invokers) : !contains(["allUsers", "allAuthenticatedUsers"], m)])
    error_message = "No service is open to everyone."
  }
}

variable "cpu" {
  description = "CPUs of an instance."
  type        = string
}

variable "memory" {
  description = "Memory of an instance; /tmp is part of it."
  type        = string
}

variable "timeout_seconds" {
  description = "After this a request is given up; the push subscription waits at least as long."
  type        = number
}

variable "min_instances" {
  description = "Instances kept when nobody calls."
  type        = number
  default     = 0
}

variable "max_instances" {
  description = "The most instances there may be."
  type        = number
}

variable "deletion_protection" {
  description = "Whether it refuses to be destroyed."
  type        = bool
}
