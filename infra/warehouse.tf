# Datasets and tables. Columns, partition and clustering are generated from shared/schemas: see generate.py.

locals {
  tables = jsondecode(file("${path.module}/schemas/tables.json"))

  datasets = {
    nba_raw         = "Quotes and injury reports as they came"
    nba_reference   = "Schedule"
    nba_analytics   = "Box scores and the context of upcoming games"
    nba_precompute  = "Player caches"
    nba_predictions = "Features, predictions, grades, models, runs"
  }
}

resource "google_bigquery_dataset" "this" {
  for_each                   = local.datasets
  dataset_id                 = each.key
  description                = each.value
  location                   = var.region
  max_time_travel_hours      = "168"
  delete_contents_on_destroy = false

  lifecycle {
    # Who may do what is granted by table in access.tf.
    ignore_changes  = [access]
    prevent_destroy = true
  }

  depends_on = [google_project_service.api]
}

# Rows on their way into a MERGE; nothing here outlives a day.
resource "google_bigquery_dataset" "scratch" {
  dataset_id                  = "props_scratch"
  description                 = "Rows on their way into a table"
  location                    = var.region
  default_table_expiration_ms = 24 * 60 * 60 * 1000
  delete_contents_on_destroy  = false

  lifecycle {
    ignore_changes = [access]
  }

  depends_on = [google_project_service.api]
}

resource "google_bigquery_table" "this" {
  for_each                 = local.tables
  dataset_id               = google_bigquery_dataset.this[each.value.dataset].dataset_id
  table_id                 = each.value.table
  description              = each.value.description
  schema                   = file("${path.module}/schemas/${each.key}.json")
  clustering               = each.value.cluster
  require_partition_filter = each.value.require_partition_filter
  deletion_protection      = var.deletion_protection

  dynamic "time_partitioning" {
    for_each = each.value.partition == null ? [] : [each.value.partition]
    content {
      type  = "DAY"
      field = time_partitioning.value
    }
  }
}
