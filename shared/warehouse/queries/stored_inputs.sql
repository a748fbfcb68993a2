SELECT
  (SELECT COUNT(*) FROM nba_reference.nba_schedule
    WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL) AS games,
  (SELECT MAX(game_date) FROM nba_reference.nba_schedule
    WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL) AS last_games,
  (SELECT COUNT(*) FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @first AND @last) AS box_scores,
  (SELECT MAX(game_date) FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @first AND @last) AS last_box_scores,
  (SELECT COUNT(*) FROM nba_raw.odds_api_player_points_props
    WHERE game_date BETWEEN @first AND @last) AS quotes,
  (SELECT MAX(game_date) FROM nba_raw.odds_api_player_points_props
    WHERE game_date BETWEEN @first AND @last) AS last_quotes,
  (SELECT COUNT(*) FROM nba_predictions.feature_snapshots
    WHERE game_date BETWEEN @first AND @last AND invalidated_at IS NULL) AS feature_snapshots,
  (SELECT MAX(game_date) FROM nba_predictions.feature_snapshots
    WHERE game_date BETWEEN @first AND @last AND invalidated_at IS NULL) AS last_feature_snapshots
