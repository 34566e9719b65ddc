"""What every way to tell people has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cryoloom.errors import CryoloomError

if TYPE_CHECKING:
    from cryoloom.server.alarms._book import AlarmNews

_WORDS = {"entered": "", "still": "Still: ", "cleared": "Over: ", "notice": ""}


class DeliveryError(CryoloomError):
    """News could not be delivered now; the message says why, without any secret."""


class Channel(Protocol):
    """A way to tell people."""

    @property
    def name(self) -> str:
        """By which people know it."""

    def deliver(self, news: AlarmNews, link: str) -> None:
        """Tell them.

        Parameters
        ----------
        news : what has happened
        link : address of the page that shows it; empty if the server has no address

        Raises
        ------
        DeliveryError
            If that is not possible now.
        """


def headline(news: AlarmNews) -> str:
    """One line without control characters: ``Session 12: Over: No new movie``."""
    line = f"{news.project_name}: {_WORDS[news.happening]}{news.title}"
    return " ".join("".join(one if one.isprintable() else " " for one in line).split())
