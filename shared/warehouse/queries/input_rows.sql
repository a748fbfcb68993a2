SELECT
  (SELECT COUNT(*) FROM nba_raw.odds_api_player_points_props WHERE game_date = @game_date) AS quotes,
  (SELECT COUNT(*) FROM nba_raw.nbac_injury_report WHERE game_date = @game_date) AS injuries,
  (SELECT COUNT(*) FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @since AND @before AND paint_attempts IS NOT NULL) AS located,
  (SELECT MAX(game_date) FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @since AND @before) AS latest_box_scores,
  (SELECT MAX(game_date) FROM nba_reference.nba_schedule
    WHERE game_date BETWEEN @since AND @before AND game_status = 3) AS latest_final
