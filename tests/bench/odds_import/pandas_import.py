"""The side to compare with: odds files read and resolved by pandas, vectorised, as a careful analyst writes it.

``python -m tests.bench.odds_import.pandas_import FOLDER`` prints CPU seconds of reading and of all.
"""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.odds_import.odds_files import TEAMS

EVENT = ["id", "commence_time", "home_team", "away_team"]
MARKETS = ("player_points", "player_points_alternate")
QUOTE = ["event_id", "bookmaker", "player_name", "line", "last_update"]


def read(folder: Path) -> pd.DataFrame:
    """Return one row for each quote: event, book, player, line, both prices, main line and Eastern date."""
    documents = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    sides = pd.json_normalize(
        [document["data"] for document in documents],
        record_path=["bookmakers", "markets", "outcomes"],
        meta=[
            *EVENT,
            ["bookmakers", "key"],
            ["bookmakers", "markets", "key"],
            ["bookmakers", "markets", "last_update"],
        ],
    ).rename(
        columns={
            "id": "event_id",
            "bookmakers.key": "bookmaker",
            "bookmakers.markets.key": "market",
            "bookmakers.markets.last_update": "last_update",
            "description": "player_name",
            "point": "line",
        }
    )
    sides = sides[sides["market"].isin(MARKETS)]
    names = ["event_id", "commence_time", "home_team", "away_team", "bookmaker", "market", "last_update"]
    sides[names] = sides[names].astype("category")
    sides["player_name"] = sides["player_name"].astype("category")
    quotes = paired(sides)
    tipoff = pd.to_datetime(quotes["commence_time"].astype("str"), utc=True)
    quotes["snapshot_time_utc"] = pd.to_datetime(quotes["last_update"].astype("str"), utc=True)
    quotes = quotes[quotes["snapshot_time_utc"] < tipoff].copy()
    quotes["game_date"] = tipoff.dt.tz_convert("America/New_York").dt.date
    quotes["is_main"] = main(quotes)
    return quotes


def paired(sides: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each quote; of a quote that is listed twice the first."""
    first = sides.drop_duplicates([*QUOTE, "name"])
    over, under = first[first["name"] == "Over"], first[first["name"] == "Under"]
    under = under[[*QUOTE, "price"]].rename(columns={"price": "under_price"})
    return over.rename(columns={"price": "over_price"}).merge(under, on=QUOTE, how="outer")


def main(quotes: pd.DataFrame) -> pd.Series:
    """Return whether each quote is the one of its book and player that is nearest to even without the margin."""
    over, under = implied(quotes["over_price"]), implied(quotes["under_price"])
    uneven = ((over / (over + under)) - 0.5).abs().round(9).where(quotes["market"] == "player_points")
    order = quotes.assign(uneven=uneven).dropna(subset=["uneven"]).sort_values(["uneven", "line"])
    best = order.drop_duplicates(["event_id", "bookmaker", "player_name", "last_update"]).index
    return pd.Series(quotes.index.isin(best), quotes.index)


def implied(price: pd.Series) -> np.ndarray:
    size = price.abs()
    return np.where(price < 0, size, 100.0) / (size + 100.0)


def resolved(quotes: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the quotes with codes of teams, ids of players and of games."""
    for side in ("home_team", "away_team"):
        quotes[side] = quotes[side].map(TEAMS).astype("str")
    quotes["player_key"] = quotes["player_name"].cat.rename_categories(folded).astype("str")
    rosters = pd.read_parquet(folder / "rosters.parquet")
    rosters["player_key"] = rosters["player_name"].map(folded)
    keys = rosters[["player_id", "player_key", "team"]]
    home = quotes.merge(
        keys, left_on=["player_key", "home_team"], right_on=["player_key", "team"], how="left"
    )
    away = quotes.merge(
        keys, left_on=["player_key", "away_team"], right_on=["player_key", "team"], how="left"
    )
    quotes["player_id"] = home["player_id"].fillna(away["player_id"]).to_numpy()
    games = pd.read_parquet(folder / "games.parquet")
    return quotes.merge(games, on=["game_date", "home_team", "away_team"], how="left")


def folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(c for c in plain.lower() if c.isalnum())


if __name__ == "__main__":
    folder, begun = Path(sys.argv[1]), time.process_time()
    quotes = read(folder)
    was_read = time.process_time()
    rows = resolved(quotes, folder)
    done = time.process_time()
    print(
        f"{len(rows)} quotes, {int(rows['is_main'].sum())} main, "
        f"{int(rows['player_id'].isna().sum())} without a player, {int(rows['game_id'].isna().sum())} without a game; "
        f"read {was_read - begun:.2f} s, all {done - begun:.2f} s"
    )
