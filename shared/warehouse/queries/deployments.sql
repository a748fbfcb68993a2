SELECT *
FROM nba_predictions.deployments
ORDER BY deployed_at DESC, deployment_id
LIMIT 500
