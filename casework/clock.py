"""The time, and which day it is in Japan, where the office is."""

from datetime import UTC, date, datetime, timedelta, timezone

JAPAN = timezone(timedelta(hours=9), "JST")


def read_clock() -> datetime:
    """Return the time with its zone."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Return the day in Japan at a moment (with its zone): deadlines, ages of papers, recalls and reports are dated by it."""
    return moment.astimezone(JAPAN).date()
