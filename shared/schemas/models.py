"""Tables of models: their trainings, evaluations and states."""

from __future__ import annotations

from shared.schemas.table import Column, Table, required

MODEL_REGISTRY = Table(
    "nba_predictions.model_registry",
    "Trained models by content; the state is in one column",
    (
        required("model_id", "STRING", "bundle name: system, last day of training, hash"),
        required("system_id", "STRING", "the prediction system"),
        required("path", "STRING", "of the bundle's .cbm"),
        required("sha256", "STRING", "of the model file"),
        required("state", "STRING", "candidate, shadow, champion, retired or blocked"),
        required("training_start_date", "DATE", "inclusive"),
        required("training_end_date", "DATE", "inclusive"),
        required("training_samples", "INT64", "rows"),
        Column("evaluation_mae", "FLOAT64", "points, on rows after the training rows"),
        required("created_at", "TIMESTAMP", "when it was registered"),
        Column("human_name", "STRING", "as given at the training"),
        Column("experiment_id", "STRING", "the row of ml_experiments"),
        Column("parent_model_id", "STRING", "the champion when it was trained"),
        Column("state_changed_at", "TIMESTAMP", "when it came into its state"),
        Column("state_reason", "STRING", "reason given by the operator"),
    ),
    key=("model_id",),
    partition=None,
    cluster=("system_id",),
    stamps=("created_at",),
)

ML_EXPERIMENTS = Table(
    "nba_predictions.ml_experiments",
    "One row per training: windows, settings, results",
    (
        required("experiment_id", "STRING", "hash of system, windows and model"),
        required("experiment_name", "STRING", "as given, or the model's name"),
        required("experiment_type", "STRING", "retrain"),
        required("system_id", "STRING", "the prediction system"),
        required("train_start", "DATE", "inclusive"),
        required("train_end", "DATE", "inclusive, before eval_start"),
        required("train_samples", "INT64", "rows learnt from; the tail of the window stops the training"),
        required("eval_start", "DATE", "inclusive"),
        required("eval_end", "DATE", "inclusive"),
        required("eval_samples", "INT64", "rows"),
        required("config_json", "STRING", "settings, seed, libraries, features"),
        required("results_json", "STRING", "errors, bias, hit rates with n and interval"),
        required("model_path", "STRING", "of the bundle"),
        required("model_sha256", "STRING", "of the model file"),
        Column("git_commit", "STRING", "of the code that trained"),
        required("status", "STRING", "completed"),
        required("created_at", "TIMESTAMP", "when"),
    ),
    key=("experiment_id",),
    partition=None,
    stamps=("created_at",),
)

MODEL_STATE_CHANGES = Table(
    "nba_predictions.model_state_changes",
    "Every change of a model's state, with the gates as they were",
    (
        required("model_id", "STRING", "the model"),
        required("system_id", "STRING", "its prediction system"),
        required("changed_at", "TIMESTAMP", "when"),
        required("from_state", "STRING", "before"),
        required("to_state", "STRING", "after"),
        required("reason", "STRING", "reason given by the operator"),
        required("overridden", "BOOL", "although a gate had failed"),
        required("gates_json", "STRING", "each gate with its values"),
    ),
    key=("model_id", "changed_at"),
    partition=None,
)
