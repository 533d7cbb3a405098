"""Steam: what one owns, and how long it was played."""

from __future__ import annotations

from .entries import Cells, Entry, Given, Reader, Said, Shape
from .values import moment, number

_MINUTES = ("playtimeforever", "playtimeminutes", "playtime", "minutesplayed", "minutes")
_HOURS = (
    "hours", "hoursonrecord", "playtimehours", "playtimeforeverhours", "hoursplayed",
    "totalhours",
)  # fmt: skip
_PLAYED_LAST = ("rtimelastplayed", "lastplayed", "lastplayedat")


def steam(shape: Shape, given: Given) -> Reader | None:
    """The answer of GetOwnedGames (minutes), or a csv with appid, name and playtime."""
    columns = shape.columns
    codes = next((c for c in ("appid", "steamappid", "gameid") if c in columns), "")
    minutes = next((c for c in _MINUTES if c in columns), "")
    hours = next((c for c in _HOURS if c in columns), "")
    if not codes or not (minutes or hours):
        return None
    title = next((c for c in ("name", "title", "game", "gamename") if c in columns), "")

    def read(cells: Cells) -> Entry:
        if minutes:
            played = number(cells, minutes) or 0.0
        else:
            played = 60.0 * (number(cells, hours) or 0.0)
        last = next((t for c in _PLAYED_LAST if (t := moment(cells.get(c, "")))), 0.0)
        return Entry(
            cells.get(title, ""),
            ids={"steam": cells.get(codes, "").strip()},
            said=(Said("played", max(played, 0.0), last),),
        )

    unit = "minutes" if minutes else "hours"
    named = shape.titles.get(minutes or hours, minutes or hours)
    note = f"playing time is read as {unit} (column {named})"
    return Reader("Steam", read, notes=(note,), about=("game",))
