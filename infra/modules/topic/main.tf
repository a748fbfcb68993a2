# A topic, its one subscription, and what becomes of messages that cannot be delivered.

variable "name" {
  description = "Name of the topic and of its subscription."
  type        = string
}

variable "region" {
  description = "The only region that messages are stored in."
  type        = string
}

variable "pubsub_agent" {
  description = "Google's account of Pub/Sub in this project."
  type        = string
}

variable "publishers" {
  description = "Members who may publish, by a name for each."
  type        = map(string)
}

variable "undertaker" {
  description = "Who fetches dead letters."
  type        = string
}

variable "push" {
  description = "Where messages are pushed and as whom; null makes a subscription that others pull from."
  type = object({
    endpoint        = string
    audience        = string
    account         = string
    timeout_seconds = number
  })
  default = null
}

variable "retry" {
  description = "Shortest and longest pause between attempts, in seconds, and how many attempts there are."
  type = object({
    shortest = number
    longest  = number
    attempts = number
  })

  validation {
    condition     = var.retry.attempts >= 5 && var.retry.attempts <= 100
    error_message = "Pub/Sub takes 5 to 100 attempts."
  }
}

locals {
  week = "${7 * 24 * 60 * 60}s"
}

resource "google_pubsub_topic" "this" {
  name                       = var.name
  message_retention_duration = local.week

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }
}

resource "google_pubsub_topic" "dead" {
  name = "${var.name}-dead"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }
}

# Without a subscription a dead-letter topic loses what is sent to it.
resource "google_pubsub_subscription" "dead" {
  name                       = "${var.name}-dead"
  topic                      = google_pubsub_topic.dead.id
  ack_deadline_seconds       = 60
  message_retention_duration = "${31 * 24 * 60 * 60}s"
  labels                     = { holds = "dead-letters" }

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription" "this" {
  name                       = var.name
  topic                      = google_pubsub_topic.this.id
  ack_deadline_seconds       = var.push == null ? 60 : var.push.timeout_seconds
  message_retention_duration = local.week

  # By default a subscription goes away after 31 quiet days, and a summer is longer than that.
  expiration_policy {
    ttl = ""
  }

  dynamic "push_config" {
    for_each = var.push == null ? [] : [var.push]
    content {
      push_endpoint = push_config.value.endpoint

      oidc_token {
        service_account_email = push_config.value.account
        audience              = push_config.value.audience
      }
    }
  }

  retry_policy {
    minimum_backoff = "${var.retry.shortest}s"
    maximum_backoff = "${var.retry.longest}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = var.retry.attempts
  }
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = var.publishers
  topic    = google_pubsub_topic.this.name
  role     = "roles/pubsub.publisher"
  member   = each.value
}

# Pub/Sub itself publishes to the dead-letter topic and acknowledges what it moved there.
resource "google_pubsub_topic_iam_member" "agent_buries" {
  topic  = google_pubsub_topic.dead.name
  role   = "roles/pubsub.publisher"
  member = var.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges" {
  subscription = google_pubsub_subscription.this.name
  role         = "roles/pubsub.subscriber"
  member       = var.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "undertaker" {
  subscription = google_pubsub_subscription.dead.name
  role         = "roles/pubsub.subscriber"
  member       = var.undertaker
}

output "id" {
  value = google_pubsub_topic.this.id
}

output "subscription" {
  value = google_pubsub_subscription.this
}

output "dead_topic" {
  value = google_pubsub_topic.dead
}

output "dead_subscription" {
  value = google_pubsub_subscription.dead
}

output "agent_grants" {
  value = {
    buries       = google_pubsub_topic_iam_member.agent_buries
    acknowledges = google_pubsub_subscription_iam_member.agent_acknowledges
  }
}

output "publishers" {
  value = [for grant in google_pubsub_topic_iam_member.publishers : grant.member]
}
