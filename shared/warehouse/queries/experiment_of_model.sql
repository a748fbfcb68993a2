SELECT *
FROM nba_predictions.ml_experiments
WHERE model_sha256 = @sha256
ORDER BY created_at DESC
LIMIT 1
