"""Delivers news by every channel, again and again until it has arrived."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryoloom.server.alarms._book import AlarmBooks, Undelivered, Waiting
from cryoloom.server.alarms._channels import Channel, DeliveryError

_log = logging.getLogger("cryoloom.alarms")

_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 900.0  # seconds
_GIVEN_UP = 24 * 3600.0  # seconds after which nobody needs the news any more
_MOST_UNDELIVERED = 100


@dataclass(slots=True)
class _Trouble:
    reason: str
    pause: float
    again: float


class Courier:
    """Takes what waits in the books to its channels, the oldest first.

    What has arrived is struck out after it has arrived: when the server ends between the two, the same news comes a
    second time, by the same id. A channel that fails is left alone for a while, and does not hold up the others.

    Parameters
    ----------
    books : with what waits
    channels : that deliver
    address : of the server, for links; empty if it has none
    clock : seconds since 1970
    """

    def __init__(
        self, books: AlarmBooks, channels: Sequence[Channel], address: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._books = books
        self._channels = {channel.name: channel for channel in channels}
        self._address = address
        self._clock = clock
        self._troubles: dict[str, _Trouble] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(self._channels)

    def trouble(self, channel: str) -> str:
        """Why a channel has not delivered what it was given last; empty if it has."""
        known = self._troubles.get(channel)
        return "" if known is None else known.reason

    def deliver(self) -> None:
        """Try everything that waits and whose channel is not left alone just now."""
        for project in self._books.projects():
            for waiting in self._books.read(project).waiting:
                known = self._troubles.get(waiting.channel)
                if known is None or self._clock() >= known.again:
                    self._try(project, waiting)

    def _try(self, project: str, waiting: Waiting) -> None:
        news, name = waiting.news, waiting.channel
        channel = self._channels.get(name)
        if channel is None:
            self._strike_out(project, waiting, f"There is no {name} in the settings of the server any more.")
            return
        link = f"{self._address}/projects/{news.project}/session" if self._address else ""
        try:
            channel.deliver(news, link)
        except DeliveryError as error:
            before = self._troubles.get(name)
            pause = _FIRST_PAUSE if before is None else min(2 * before.pause, _LONGEST_PAUSE)
            if before is None or before.reason != str(error):
                _log.warning("News of alarms wait: %s", error)
            self._troubles[name] = _Trouble(str(error), pause, self._clock() + pause)
            if self._clock() - news.at > _GIVEN_UP:
                self._strike_out(project, waiting, str(error))
        else:
            self._troubles.pop(name, None)
            self._strike_out(project, waiting, "")

    def _strike_out(self, project: str, waiting: Waiting, reason: str) -> None:
        with self._books.lock:
            record = self._books.read(project)
            left = [one for one in record.waiting if one != waiting]
            given_up = record.undelivered
            if reason:
                lost = Undelivered(news=waiting.news.id, channel=waiting.channel, reason=reason)
                given_up = [*given_up, lost][-_MOST_UNDELIVERED:]
            self._books.write(project, record.model_copy(update={"waiting": left, "undelivered": given_up}))
