"""Environment settings of ``props fetch``."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class FetchSettings(BaseSettings):
    """Hosts, key and limits of the fetches of feeds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    odds_api_key: SecretStr | None = None
    """Key of The Odds API; required to fetch odds. It is never logged or stored."""

    odds_api_url: str = "https://api.the-odds-api.com"
    """Host of The Odds API."""

    odds_api_regions: str = "us"
    """Regions whose bookmakers are fetched, separated by commas; each region costs a credit per event."""

    odds_api_budget: int = Field(default=60, ge=0)
    """Credits of The Odds API that one fetch may spend; it stops before a request that would exceed them."""

    nba_stats_url: str = "https://stats.nba.com"
    """Host of NBA.com's statistics."""

    injury_report_url: str = "https://ak-static.cms.nba.com"
    """Host of the league's injury reports."""

    fetch_seconds_between: float = Field(default=1.0, ge=0.0)
    """Seconds between two requests to one host."""
