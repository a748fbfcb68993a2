# Who may read and write what: by table, by bucket, by topic. Nothing here is granted on the whole project but
# running queries, and the run store, which Firestore can only grant by database.

locals {
  inputs = [
    "nba_reference.nba_schedule", "nba_analytics.player_game_summary", "nba_raw.odds_api_player_points_props",
    "nba_raw.nbac_injury_report", "nba_raw.load_reconciliation", "nba_reference.players",
    "nba_reference.player_aliases",
  ]
  features = [
    "nba_predictions.ml_feature_store_v2", "nba_predictions.feature_snapshots",
    "nba_precompute.player_daily_cache", "nba_analytics.upcoming_player_game_context",
  ]
  outcomes = [
    "nba_predictions.player_prop_predictions", "nba_predictions.prediction_runs",
    "nba_predictions.prediction_key_outcomes", "nba_predictions.daily_prediction_signals",
    "nba_predictions.prediction_regeneration_audit", "nba_predictions.prediction_accuracy",
  ]
  registry = [
    "nba_predictions.model_registry", "nba_predictions.ml_experiments", "nba_predictions.model_state_changes",
  ]
  kept     = ["nba_predictions.rejected_messages", "nba_predictions.message_replays"]
  staging  = "nba_predictions.prediction_staging"
  rejected = local.kept[0]

  deployments = "nba_predictions.deployments"

  # A writer can read what it writes; the worker appends and sees nothing of it. Whoever asks how far a date has come
  # brings the games' status up to the clock first, so the coordinator writes the schedule as the jobs do. Its console
  # shows what was refused and what was replayed.
  grants = {
    coordinator = {
      read = concat(
        [for t in local.inputs : t if t != "nba_reference.nba_schedule"], local.features, [local.staging, "nba_predictions.prediction_accuracy", local.deployments],
        local.registry, local.kept,
      )
      write = concat(
        [for t in local.outcomes : t if t != "nba_predictions.prediction_accuracy"], ["nba_reference.nba_schedule"],
      )
      append = [local.rejected]
    }
    worker = {
      read   = ["nba_reference.nba_schedule", "nba_predictions.model_registry"]
      write  = []
      append = [local.staging, local.rejected]
    }
    jobs = {
      read = concat(
        [for t in local.inputs : t if t != "nba_reference.nba_schedule"], local.registry, [local.staging],
        [for t in local.outcomes : t if !contains(["nba_predictions.prediction_accuracy", "nba_predictions.daily_prediction_signals"], t)],
      )
      write = concat(local.features, local.kept, [
        "nba_reference.nba_schedule", "nba_predictions.prediction_accuracy", "nba_predictions.daily_prediction_signals",
      ])
      append = []
    }
    training = {
      read   = concat(local.inputs, local.features, ["nba_predictions.prediction_accuracy"])
      write  = local.registry
      append = []
    }
    # What an import writes. Where a game has moved, it also ends the active predictions of the old date.
    fetch = {
      read   = []
      write  = concat(local.inputs, ["nba_raw.row_versions", "nba_predictions.player_prop_predictions"])
      append = []
    }
    # A release compares every table's columns with the code's, which takes a query of it.
    release = {
      read   = [for t in keys(local.tables) : t if t != local.deployments]
      write  = [local.deployments]
      append = []
    }
  }

  table_roles = {
    read   = "roles/bigquery.dataViewer"
    write  = google_project_iam_custom_role.row_writer.id
    append = google_project_iam_custom_role.row_appender.id
  }

  table_grants = merge([
    for account, kinds in local.grants : merge([
      for kind, tables in kinds : {
        for table in tables : "${account}/${kind}/${table}" => { account = account, kind = kind, table = table }
      }
    ]...)
  ]...)
}

# BigQuery's own dataEditor may also delete tables and change their columns.
resource "google_project_iam_custom_role" "row_writer" {
  role_id     = "propsRowWriter"
  title       = "Read and change the rows of a table"
  permissions = ["bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.updateData"]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_custom_role" "row_appender" {
  role_id     = "propsRowAppender"
  title       = "Add rows to a table"
  permissions = ["bigquery.tables.get", "bigquery.tables.updateData"]

  depends_on = [google_project_service.api]
}

resource "google_bigquery_table_iam_member" "rows" {
  for_each   = local.table_grants
  dataset_id = google_bigquery_table.this[each.value.table].dataset_id
  table_id   = google_bigquery_table.this[each.value.table].table_id
  role       = local.table_roles[each.value.kind]
  member     = google_service_account.this[each.value.account].member
}

resource "google_bigquery_dataset_iam_member" "scratch" {
  for_each   = toset(["coordinator", "jobs", "training", "fetch"])
  dataset_id = google_bigquery_dataset.scratch.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.this[each.value].member
}

# Queries are billed to the project, so running them can only be granted there; it shows no rows.
resource "google_project_iam_member" "queries" {
  for_each = toset(keys(local.grants))
  project  = var.project_id
  role     = "roles/bigquery.jobUser"
  member   = google_service_account.this[each.value].member
}

resource "google_project_iam_member" "reads_results_fast" {
  for_each = toset(keys(local.grants))
  project  = var.project_id
  role     = "roles/bigquery.readSessionUser"
  member   = google_service_account.this[each.value].member
}

# The worker keeps its heartbeat here, the coordinator the runs, jobs their locks and checkpoints.
resource "google_project_iam_member" "documents" {
  for_each = setsubtract(keys(local.grants), ["release", "fetch"])
  project  = var.project_id
  role     = "roles/datastore.user"
  member   = google_service_account.this[each.value].member

  condition {
    title      = "this database"
    expression = "resource.name == \"${google_firestore_database.this.id}\""
  }
}

resource "google_storage_bucket_iam_member" "reads_models" {
  # The coordinator explains predictions and asks a candidate's gates.
  for_each = toset(["coordinator", "worker", "jobs", "training", "release"])
  bucket   = google_storage_bucket.models.name
  role     = "roles/storage.objectViewer"
  member   = google_service_account.this[each.value].member
}

# Creator and no more: a bundle, once written, is neither replaced nor deleted.
resource "google_storage_bucket_iam_member" "writes_models" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.this["training"].member
}
