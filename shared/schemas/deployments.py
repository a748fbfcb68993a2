"""Releases: when a revision was deployed, with which code and which model."""

from __future__ import annotations

from shared.schemas.table import Column, Table, required

DEPLOYMENTS = Table(
    "nba_predictions.deployments",
    "Every deployment and how it ended; rows are added and never changed",
    (
        required("deployment_id", "STRING", "one attempt to change the serving revision"),
        required("service", "STRING", "prediction-coordinator or prediction-worker"),
        required("action", "STRING", "deploy or rollback"),
        required("outcome", "STRING", "succeeded, refused, rolled_back or rollback_failed"),
        Column("reason", "STRING", "why it was refused or rolled back"),
        Column("revision", "STRING", "the new revision; NULL where none was made"),
        Column("previous_revision", "STRING", "the revision that served before; NULL for a first deployment"),
        required("commit", "STRING", "of the code in the image"),
        Column("image_digest", "STRING", "sha256:..."),
        Column("model_path", "STRING", "of the V9 model; NULL for a service without models"),
        Column("model_generation", "INT64", "of its object in Cloud Storage"),
        Column("model_sha256", "STRING", "of the model file"),
        Column("model_id", "STRING", "as registered"),
        Column("experiment_id", "STRING", "the training behind it"),
        Column("override_reason", "STRING", "why a model that is not the champion was deployed"),
        required("deployed_by", "STRING", "account"),
        required("deployed_at", "TIMESTAMP", "when it ended"),
        required("deployed_at_eastern", "STRING", "the same in US Eastern time, ISO 8601"),
    ),
    key=("deployment_id",),
    partition=None,
    cluster=("service",),
)
