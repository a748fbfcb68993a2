locals {
  audiences = {
    for name in ["prediction-coordinator", "prediction-worker"] : name => "https://${name}.${var.project_id}.internal"
  }

  # infra/environment names every variable of a program; infra/release.py fills in the same files.
  declared = {
    for name in ["prediction-coordinator", "prediction-worker", "props"] : name => jsondecode(
      templatefile("${path.module}/environment/${name}.json", {
        project_id     = var.project_id
        project_number = data.google_project.this.number
        region         = var.region
        audience       = lookup(local.audiences, name, "")
        model_bucket   = google_storage_bucket.models.name
        raw_bucket     = google_storage_bucket.raw.name
      })
    )
  }
  environment = { for name, d in local.declared : name => merge(d.values, var.release[name].env) }
}

check "release_sets_only_what_is_its_own" {
  assert {
    condition = alltrue([
      for name, r in var.release : length(setsubtract(keys(r.env), local.declared[name].from_release)) == 0
    ])
    error_message = "var.release sets a variable that infra/environment does not leave to a release."
  }
}

module "coordinator" {
  source = "./modules/run_service"

  name                = "prediction-coordinator"
  region              = var.region
  account             = google_service_account.this["coordinator"].email
  image               = var.release["prediction-coordinator"].image
  environment         = local.environment["prediction-coordinator"]
  audience            = local.audiences["prediction-coordinator"]
  ingress             = var.console == null ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  network             = local.network
  cpu                 = "2"
  memory              = "2Gi"
  timeout_seconds     = 300
  max_instances       = 4
  deletion_protection = var.deletion_protection

  invokers = merge(
    { for a in ["push", "scheduler", "release"] : a => google_service_account.this[a].member },
    var.console == null ? {} : { console = "serviceAccount:${local.iap_agent}" },
  )

  depends_on = [google_bigquery_table_iam_member.rows, google_project_iam_member.documents]
}

module "worker" {
  source = "./modules/run_service"

  name                = "prediction-worker"
  region              = var.region
  account             = google_service_account.this["worker"].email
  image               = var.release["prediction-worker"].image
  environment         = local.environment["prediction-worker"]
  audience            = local.audiences["prediction-worker"]
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  network             = local.network
  cpu                 = "2"
  memory              = "2Gi"
  timeout_seconds     = 60
  max_instances       = 10
  deletion_protection = var.deletion_protection
  invokers            = { for a in ["push", "release"] : a => google_service_account.this[a].member }

  depends_on = [google_bigquery_table_iam_member.rows, google_storage_bucket_iam_member.reads_models]
}
