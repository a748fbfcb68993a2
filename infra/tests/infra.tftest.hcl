# The whole graph, applied with a provider whose answers are made up. What a plan of the real provider would
# refuse is not seen here; every rule below has a mutant in tests/infra that it must catch.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }

  mock_resource "google_cloud_run_v2_service" {
    defaults = { uri = "https://service.test" }
  }

  override_resource {
    target = google_service_account.this["coordinator"]
    values = {
      email  = "props-coordinator@p.test"
      member = "serviceAccount:props-coordinator@p.test"
      name   = "projects/p/serviceAccounts/props-coordinator@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["worker"]
    values = {
      email  = "props-worker@p.test"
      member = "serviceAccount:props-worker@p.test"
      name   = "projects/p/serviceAccounts/props-worker@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["jobs"]
    values = {
      email  = "props-jobs@p.test"
      member = "serviceAccount:props-jobs@p.test"
      name   = "projects/p/serviceAccounts/props-jobs@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["training"]
    values = {
      email  = "props-training@p.test"
      member = "serviceAccount:props-training@p.test"
      name   = "projects/p/serviceAccounts/props-training@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["fetch"]
    values = {
      email  = "props-fetch@p.test"
      member = "serviceAccount:props-fetch@p.test"
      name   = "projects/p/serviceAccounts/props-fetch@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["push"]
    values = {
      email  = "props-push@p.test"
      member = "serviceAccount:props-push@p.test"
      name   = "projects/p/serviceAccounts/props-push@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["scheduler"]
    values = {
      email  = "props-scheduler@p.test"
      member = "serviceAccount:props-scheduler@p.test"
      name   = "projects/p/serviceAccounts/props-scheduler@p.test"
    }
  }

  override_resource {
    target = google_service_account.this["release"]
    values = {
      email  = "props-release@p.test"
      member = "serviceAccount:props-release@p.test"
      name   = "projects/p/serviceAccounts/props-release@p.test"
    }
  }
}

variables {
  project_id = "p"
  release = {
    prediction-coordinator = { image = "coordinator@sha256:0000000000000000000000000000000000000000000000000000000000000001" }
    prediction-worker = {
      image = "worker@sha256:0000000000000000000000000000000000000000000000000000000000000002"
      env   = { CATBOOST_V9_MODEL_PATH = "gs://p-props-models/models/a.cbm" }
    }
    props = { image = "props@sha256:0000000000000000000000000000000000000000000000000000000000000003" }
  }
}

# The first run makes everything, so that the plans after it know all values.
run "dead_letters" {
  command = apply

  assert {
    condition     = alltrue([for t in module.topic : t.subscription.dead_letter_policy[0].dead_letter_topic == t.dead_topic.id])
    error_message = "Each subscription sends what it cannot deliver to its own dead-letter topic."
  }

  assert {
    condition     = alltrue([for t in module.topic : t.dead_subscription.topic == t.dead_topic.id])
    error_message = "A dead-letter topic without a subscription loses messages."
  }

  assert {
    condition = alltrue([
      for t in module.topic : t.agent_grants.buries.role == "roles/pubsub.publisher"
      && t.agent_grants.buries.topic == t.dead_topic.name && t.agent_grants.buries.member == local.pubsub_agent
    ])
    error_message = "Pub/Sub itself must be allowed to publish to the dead-letter topic."
  }

  assert {
    condition = alltrue([
      for t in module.topic : t.agent_grants.acknowledges.role == "roles/pubsub.subscriber"
      && t.agent_grants.acknowledges.subscription == t.subscription.name && t.agent_grants.acknowledges.member == local.pubsub_agent
    ])
    error_message = "Pub/Sub itself must be allowed to acknowledge what it moved away."
  }

  assert {
    condition = alltrue([
      for s in concat([for t in module.topic : t.subscription], [for t in module.topic : t.dead_subscription]) :
      s.expiration_policy[0].ttl == ""
    ])
    error_message = "A subscription must outlive the summer."
  }

  assert {
    condition     = !anytrue([for t in module.topic : coalesce(t.subscription.enable_exactly_once_delivery, false)])
    error_message = "Push does not know exactly-once delivery."
  }
}

run "push" {
  command = plan

  assert {
    condition = { for name, t in module.topic : name => one([for p in t.subscription.push_config : p.push_endpoint]) } == {
      prediction-request       = "https://service.test/predict"
      prediction-ready         = "https://service.test/complete"
      prediction-run-requested = "https://service.test/pubsub/start"
      predictions-complete     = null
    }
    error_message = "Each topic is pushed to the route that takes it."
  }

  assert {
    condition = alltrue(flatten([
      for t in module.topic : [for p in t.subscription.push_config : p.oidc_token[0].service_account_email == "props-push@p.test"]
    ]))
    error_message = "Every push carries the push account's token."
  }

  assert {
    condition = (
      module.topic["prediction-request"].subscription.push_config[0].oidc_token[0].audience == module.worker.service.custom_audiences[0]
      && module.topic["prediction-ready"].subscription.push_config[0].oidc_token[0].audience == module.coordinator.service.custom_audiences[0]
      && module.topic["prediction-run-requested"].subscription.push_config[0].oidc_token[0].audience == module.coordinator.service.custom_audiences[0]
    )
    error_message = "A token must be made out to the service it is shown to."
  }

  assert {
    condition = (
      local.environment["prediction-worker"].AUTH_AUDIENCES == module.worker.service.custom_audiences[0]
      && local.environment["prediction-coordinator"].AUTH_AUDIENCES == module.coordinator.service.custom_audiences[0]
    )
    error_message = "A service must expect the audience that tokens are made out to."
  }

  assert {
    condition = (
      module.topic["prediction-request"].subscription.ack_deadline_seconds >= tonumber(trimsuffix(module.worker.service.template[0].timeout, "s"))
      && module.topic["prediction-ready"].subscription.ack_deadline_seconds >= tonumber(trimsuffix(module.coordinator.service.template[0].timeout, "s"))
      && module.topic["prediction-run-requested"].subscription.ack_deadline_seconds >= tonumber(trimsuffix(module.coordinator.service.template[0].timeout, "s"))
    )
    error_message = "A message must not be pushed again while its first push is still answered."
  }

  assert {
    condition = { for name, t in module.topic : name => t.publishers } == {
      prediction-request       = ["serviceAccount:props-coordinator@p.test", "serviceAccount:props-jobs@p.test"]
      prediction-ready         = ["serviceAccount:props-jobs@p.test", "serviceAccount:props-worker@p.test"]
      prediction-run-requested = ["serviceAccount:props-jobs@p.test", "serviceAccount:props-scheduler@p.test"]
      predictions-complete     = ["serviceAccount:props-coordinator@p.test", "serviceAccount:props-jobs@p.test"]
    }
    error_message = "One account publishes to each topic, and the jobs account what was dead."
  }
}

run "services" {
  command = plan

  assert {
    condition     = alltrue([for s in [module.worker.service, module.coordinator.service] : s.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"])
    error_message = "Without a console both services are internal."
  }

  assert {
    condition     = alltrue([for s in [module.worker.service, module.coordinator.service] : s.location == "us-west2"])
    error_message = "The default region is us-west2."
  }

  assert {
    condition     = length(setintersection(concat(values(module.worker.invokers), values(module.coordinator.invokers)), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "No service has a public invoker."
  }

  assert {
    condition     = toset(values(module.worker.invokers)) == toset(["serviceAccount:props-push@p.test", "serviceAccount:props-release@p.test"])
    error_message = "The worker is called by Pub/Sub and by a release that checks it."
  }

  assert {
    condition = alltrue([
      for s in [module.worker.service, module.coordinator.service] : s.template[0].containers[0].startup_probe[0].http_get[0].path == "/ready"
      && s.template[0].containers[0].liveness_probe[0].http_get[0].path == "/health"
    ])
    error_message = "Traffic waits for /ready; only /health restarts an instance."
  }

  assert {
    condition = alltrue([
      for s in [module.worker.service, module.coordinator.service] :
      s.template[0].containers[0].startup_probe[0].period_seconds * s.template[0].containers[0].startup_probe[0].failure_threshold <= 240
    ])
    error_message = "Cloud Run gives a start 240 s."
  }

  assert {
    condition = alltrue([
      for s in [module.worker.service, module.coordinator.service] : s.template[0].max_instance_request_concurrency == 80
      && s.template[0].scaling[0].min_instance_count == 0
      && s.template[0].scaling[0].max_instance_count > 0 && s.template[0].scaling[0].max_instance_count <= 10
      && s.template[0].containers[0].resources[0].startup_cpu_boost
    ])
    error_message = "80 requests an instance, none when idle, at most ten, a boost while the models load."
  }

  assert {
    condition = (
      module.worker.service.template[0].service_account == "props-worker@p.test"
      && module.coordinator.service.template[0].service_account == "props-coordinator@p.test"
    )
    error_message = "Each service runs as its own account."
  }

  assert {
    condition = alltrue([
      for s in [module.worker.service, module.coordinator.service] : s.deletion_protection && s.template[0].vpc_access[0].egress == "ALL_TRAFFIC"
    ])
    error_message = "A service refuses to be destroyed and leaves through the subnet."
  }

  assert {
    condition     = local.environment["prediction-worker"].AUTH == "iam" && local.environment["prediction-coordinator"].AUTH == "iam"
    error_message = "On Cloud Run the platform checks signatures and the service who calls."
  }
}

run "access" {
  command = plan

  assert {
    condition = { for key, g in google_bigquery_table_iam_member.rows : key => g.role if startswith(key, "worker/") } == {
      "worker/append/nba_predictions.prediction_staging" = google_project_iam_custom_role.row_appender.id
      "worker/append/nba_predictions.rejected_messages"  = google_project_iam_custom_role.row_appender.id
      "worker/read/nba_predictions.model_registry"       = "roles/bigquery.dataViewer"
      "worker/read/nba_reference.nba_schedule"           = "roles/bigquery.dataViewer"
    }
    error_message = "The worker appends to two tables and reads two."
  }

  assert {
    condition     = [for key, g in google_bigquery_table_iam_member.rows : g.table_id if startswith(key, "release/") && g.role != "roles/bigquery.dataViewer"] == ["deployments"]
    error_message = "A release writes what was deployed, and nothing else."
  }

  assert {
    condition     = google_storage_bucket_iam_member.release_locks.member == "serviceAccount:props-release@p.test" && module.job["release"].job.template[0].template[0].service_account == "props-release@p.test"
    error_message = "Who deploys holds the locks, and asks as itself."
  }

  assert {
    condition = alltrue([
      for g in google_bigquery_table_iam_member.rows : g.member != "serviceAccount:props-coordinator@p.test" || g.table_id != "model_registry" || g.role == "roles/bigquery.dataViewer"
    ])
    error_message = "The coordinator does not change which model serves."
  }

  assert {
    condition     = length(setintersection(google_project_iam_custom_role.row_writer.permissions, ["bigquery.tables.delete", "bigquery.tables.update"])) == 0
    error_message = "Whoever writes rows can neither delete a table nor change its columns."
  }

  assert {
    condition     = google_storage_bucket_iam_member.writes_models.role == "roles/storage.objectCreator" && google_storage_bucket_iam_member.writes_models.member == "serviceAccount:props-training@p.test"
    error_message = "Training alone adds models, and replaces none."
  }

  assert {
    condition     = toset([for g in google_storage_bucket_iam_member.reads_models : g.role]) == toset(["roles/storage.objectViewer"])
    error_message = "All others read models."
  }
}

run "stores" {
  command = plan

  assert {
    condition     = google_storage_bucket.models.versioning[0].enabled
    error_message = "A model's generation must not vanish."
  }

  assert {
    condition     = google_storage_bucket.models.public_access_prevention == "enforced" && google_storage_bucket.models.uniform_bucket_level_access
    error_message = "The model bucket is closed."
  }

  assert {
    condition     = alltrue([for f in google_firestore_field.expire_at : f.field == "expire_at" && length(f.ttl_config) == 1])
    error_message = "Documents of the run store expire."
  }

  assert {
    condition     = alltrue([for t in google_bigquery_table.this : t.deletion_protection])
    error_message = "Tables refuse to be destroyed."
  }

  assert {
    condition = (
      google_bigquery_table.this["nba_predictions.player_prop_predictions"].time_partitioning[0].field == "game_date"
      && google_bigquery_table.this["nba_predictions.player_prop_predictions"].require_partition_filter
    )
    error_message = "Predictions are partitioned by game date and must be filtered by it."
  }

  assert {
    condition     = length(google_bigquery_table.this["nba_predictions.model_registry"].time_partitioning) == 0
    error_message = "A table without a partition is left without one."
  }
}

run "schedule" {
  command = plan

  assert {
    condition = alltrue([
      for j in concat(values(google_cloud_scheduler_job.run), values(google_cloud_scheduler_job.job), [google_cloud_scheduler_job.check_stalled]) :
      j.time_zone == "America/New_York"
    ])
    error_message = "Game dates are those of New York."
  }

  assert {
    condition = {
      for key, j in google_cloud_scheduler_job.run : key => jsondecode(base64decode(j.pubsub_target[0].data)).force
    } == { early = false, overnight = false, same-day = true }
    error_message = "Three runs a day; the last replaces what stands."
  }

  assert {
    condition     = google_cloud_scheduler_job.check_stalled.http_target[0].oidc_token[0].audience == module.coordinator.service.custom_audiences[0]
    error_message = "/check-stalled is called with a token made out to the coordinator."
  }

  assert {
    condition     = toset([for t in local.job_times : t.job]) == setsubtract(keys(module.job), ["release"])
    error_message = "Every job has its time but the release, which is started by the script."
  }
}

run "feeds" {
  command = plan

  assert {
    condition = [for key, j in module.job : key if length(j.job.template[0].template[0].vpc_access) == 0] == [
      "fetch-boxscores", "fetch-injuries", "fetch-odds", "fetch-schedule",
    ]
    error_message = "Only fetches leave for the internet."
  }

  assert {
    condition = alltrue(flatten([
      for j in module.job : [for v in j.job.template[0].template[0].vpc_access : v.egress == "ALL_TRAFFIC"]
    ]))
    error_message = "Whatever is in the network leaves through its subnet."
  }

  assert {
    condition = [
      for key, j in module.job : key if j.job.template[0].template[0].service_account == "props-fetch@p.test"
    ] == ["fetch-boxscores", "fetch-injuries", "fetch-odds", "fetch-schedule"]
    error_message = "Every fetch runs as the account fetch, and nothing else does."
  }

  assert {
    condition = { for key, g in google_bigquery_table_iam_member.rows : g.table_id => g.role if g.member == "serviceAccount:props-fetch@p.test" } == {
      load_reconciliation          = google_project_iam_custom_role.row_writer.id
      nba_schedule                 = google_project_iam_custom_role.row_writer.id
      nbac_injury_report           = google_project_iam_custom_role.row_writer.id
      odds_api_player_points_props = google_project_iam_custom_role.row_writer.id
      player_aliases               = google_project_iam_custom_role.row_writer.id
      player_aliases               = google_project_iam_custom_role.row_writer.id
      player_game_summary          = google_project_iam_custom_role.row_writer.id
      player_prop_predictions      = google_project_iam_custom_role.row_writer.id
      players                      = google_project_iam_custom_role.row_writer.id
      row_versions                 = google_project_iam_custom_role.row_writer.id
    }
    error_message = "A fetch writes what an import writes, and reads nothing else."
  }

  assert {
    condition     = !contains([for g in google_project_iam_member.documents : g.member], "serviceAccount:props-fetch@p.test")
    error_message = "A fetch has nothing in the run store."
  }

  assert {
    condition = !contains(
      concat(values(module.coordinator.invokers), values(module.worker.invokers), flatten([for t in module.topic : t.publishers])),
      "serviceAccount:props-fetch@p.test",
    )
    error_message = "What reaches the internet calls no service and publishes nothing."
  }

  assert {
    condition = { for g in google_storage_bucket_iam_member.fetch_raw : g.role => g.member } == {
      "roles/storage.objectCreator" = "serviceAccount:props-fetch@p.test"
      "roles/storage.objectViewer"  = "serviceAccount:props-fetch@p.test"
    }
    error_message = "A fetch adds responses and reads them again."
  }

  assert {
    condition     = local.environment["props"].RAW_BUCKET == google_storage_bucket.raw.name && google_storage_bucket.raw.name == "p-props-raw"
    error_message = "A fetch stores in the bucket of responses."
  }

  assert {
    condition     = google_storage_bucket.raw.public_access_prevention == "enforced" && google_storage_bucket.raw.uniform_bucket_level_access
    error_message = "The bucket of responses is closed."
  }

  assert {
    condition     = google_storage_bucket.raw.retention_policy[0].retention_period == 400 * 24 * 60 * 60
    error_message = "A response is kept for longer than a season."
  }

  assert {
    condition = [for r in google_storage_bucket.raw.lifecycle_rule : [for a in r.action : "${a.type} ${a.storage_class}"][0]] == [
      "SetStorageClass NEARLINE", "SetStorageClass ARCHIVE",
    ]
    error_message = "Responses become cheaper; no rule deletes them."
  }

  assert {
    condition = {
      for key, j in module.job : key => {
        for e in j.job.template[0].template[0].containers[0].env : e.name => e.value_source[0].secret_key_ref[0].secret if length(e.value_source) > 0
      }
    } == merge({ for key in keys(module.job) : key => {} }, { fetch-odds = { ODDS_API_KEY = "props-odds-api-key" } })
    error_message = "The key of The Odds API is in the job that needs it and in no other."
  }

  assert {
    condition = alltrue([
      for e in module.job["fetch-odds"].job.template[0].template[0].containers[0].env : e.value_source[0].secret_key_ref[0].version == "latest" if length(e.value_source) > 0
    ])
    error_message = "A new key needs no release."
  }

  assert {
    condition = (
      google_secret_manager_secret_iam_member.fetch_reads_odds_api_key.role == "roles/secretmanager.secretAccessor"
      && google_secret_manager_secret_iam_member.fetch_reads_odds_api_key.member == "serviceAccount:props-fetch@p.test"
    )
    error_message = "The key is read by the account fetch, and not changed."
  }

  assert {
    condition = { for c in google_monitoring_alert_policy.symptom["feed-late"].conditions : c.display_name => c.condition_absent[0].filter } == {
      for job in [for key in keys(module.job) : "props-${key}" if startswith(key, "fetch-")] :
      "A feed has not come for longer than between two fetches: ${job}" => "resource.type=\"cloud_run_job\" AND metric.type=\"logging.googleapis.com/user/props_feeds\" AND resource.labels.job_name=\"${job}\""
    }
    error_message = "Every fetch is missed when it does not come."
  }

  assert {
    condition = alltrue([
      for c in google_monitoring_alert_policy.symptom["feed-late"].conditions : tonumber(trimsuffix(c.condition_absent[0].duration, "s")) <= 23.5 * 60 * 60
    ])
    error_message = "Cloud Monitoring misses nothing for longer than 23.5 hours."
  }

  assert {
    condition = (
      google_logging_metric.feeds.filter == "resource.type=\"cloud_run_job\" AND jsonPayload.event=(\"feed_stored\" OR \"feed_empty\")"
      && google_logging_metric.feeds.label_extractors.feed == "EXTRACT(jsonPayload.feed)"
    )
    error_message = "A fetch with nothing to fetch has come as well."
  }

  assert {
    condition = (
      google_logging_metric.refused_feeds.filter == "resource.type=\"cloud_run_job\" AND jsonPayload.event=\"feed_refused\""
      && google_monitoring_alert_policy.symptom["feed-refused"].conditions[0].condition_threshold[0].threshold_value == 0
    )
    error_message = "One response that cannot be read is told."
  }
}

run "promises" {
  command = plan

  assert {
    condition     = length(google_monitoring_slo.promise) == 2 && length(google_monitoring_alert_policy.burn) == 4
    error_message = "Two promises, each watched fast and slow."
  }

  assert {
    condition = alltrue([
      for a in concat(values(google_monitoring_alert_policy.burn), values(google_monitoring_alert_policy.symptom)) :
      can(regex("^Runbook: docs/runbooks/[a-z-]+\\.md$", a.documentation[0].content))
    ])
    error_message = "Each alert names its runbook."
  }
}

run "console" {
  command = plan

  variables {
    console = { domain = "props.example.com", operators = ["group:operators@example.com"] }
  }

  assert {
    condition     = module.coordinator.service.ingress == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" && module.worker.service.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "The load balancer reaches the coordinator and nothing else."
  }

  assert {
    condition     = google_compute_backend_service.console["this"].iap[0].enabled
    error_message = "Nobody comes to the console past Identity-Aware Proxy."
  }

  assert {
    condition     = toset([for g in google_iap_web_backend_service_iam_member.operators : g.member]) == toset(["group:operators@example.com"])
    error_message = "The operators may open the console."
  }

  assert {
    condition     = contains(split(",", local.environment["prediction-coordinator"].AUTH_EMAILS), local.iap_agent)
    error_message = "The coordinator must know the proxy's account."
  }
}

run "an_image_without_digest_is_refused" {
  command = plan

  variables {
    release = {
      prediction-coordinator = { image = "coordinator:latest" }
      prediction-worker      = { image = "worker:latest" }
      props                  = { image = "props:latest" }
    }
  }

  expect_failures = [var.release]
}

run "a_release_sets_only_what_is_its_own" {
  command = plan

  variables {
    release = {
      prediction-coordinator = {
        image = "coordinator@sha256:0000000000000000000000000000000000000000000000000000000000000001"
        env   = { AUTH = "loopback" }
      }
      prediction-worker = { image = "worker@sha256:0000000000000000000000000000000000000000000000000000000000000002" }
      props             = { image = "props@sha256:0000000000000000000000000000000000000000000000000000000000000003" }
    }
  }

  expect_failures = [check.release_sets_only_what_is_its_own]
}
