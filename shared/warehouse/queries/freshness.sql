SELECT
  (SELECT MAX(captured_at) FROM nba_raw.odds_api_player_points_props
    WHERE game_date = @game_date AND captured_at <= @now) AS latest_quote,
  (SELECT COUNT(*) FROM nba_raw.odds_api_player_points_props WHERE game_date = @game_date) AS quotes,
  (SELECT MAX(reported_at) FROM nba_raw.nbac_injury_report
    WHERE game_date = @game_date AND reported_at <= @now) AS latest_report,
  (SELECT COUNT(*) FROM nba_raw.nbac_injury_report
    WHERE game_date BETWEEN @since AND @game_date) AS reports,
  (SELECT MAX(game_date) FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @since AND @game_date) AS latest_box_scores,
  (SELECT MAX(game_date) FROM nba_reference.nba_schedule
    WHERE game_date BETWEEN @since AND @game_date AND game_status = 3) AS latest_final
