locals {
  push_account = google_service_account.this["push"].email

  # A run ends 15 minutes after it began: ten attempts of 2 s to a minute are over in five, and whatever cannot
  # be delivered by then is in the dead letters while somebody can still use it.
  within_a_run = { shortest = 2, longest = 60, attempts = 10 }

  # A start is put off while the feature store is incomplete: twelve attempts span more than an hour.
  until_features_are_there = { shortest = 10, longest = 600, attempts = 12 }

  # The jobs account also fetches dead letters and publishes them again: `props deadletters`.
  topics = {
    prediction-run-requested = {
      publishers = ["scheduler", "jobs"]
      retry      = local.until_features_are_there
      push = {
        endpoint        = "${module.coordinator.uri}/pubsub/start"
        audience        = module.coordinator.audience
        account         = local.push_account
        timeout_seconds = module.coordinator.timeout_seconds
      }
    }
    prediction-request = {
      publishers = ["coordinator", "jobs"]
      retry      = local.within_a_run
      push = {
        endpoint        = "${module.worker.uri}/predict"
        audience        = module.worker.audience
        account         = local.push_account
        timeout_seconds = module.worker.timeout_seconds
      }
    }
    prediction-ready = {
      publishers = ["worker", "jobs"]
      retry      = local.within_a_run
      push = {
        endpoint        = "${module.coordinator.uri}/complete"
        audience        = module.coordinator.audience
        account         = local.push_account
        timeout_seconds = module.coordinator.timeout_seconds
      }
    }
    # For whoever uses predictions: they pull, and read the rows from the warehouse.
    predictions-complete = {
      publishers = ["coordinator", "jobs"]
      retry      = local.within_a_run
      push       = null
    }
  }
}

module "topic" {
  source   = "./modules/topic"
  for_each = local.topics

  name         = each.key
  region       = var.region
  pubsub_agent = local.pubsub_agent
  publishers   = { for a in each.value.publishers : a => google_service_account.this[a].member }
  retry        = each.value.retry
  push         = each.value.push
  undertaker   = google_service_account.this["jobs"].member

  depends_on = [google_project_service.api]
}
