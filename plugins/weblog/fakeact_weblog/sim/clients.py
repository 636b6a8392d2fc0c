"""Who there is on the net: addresses from the documentation ranges, and user agents of the day."""

import random
from datetime import date
from typing import Any

from fakeact_weblog import catalogue
from fakeact_weblog.sim.records import Client

_HOMES, _OFFICES = ("192.0.2.{}", 1, 255), ("203.0.113.{}", 1, 128)
_CELLARS, _HOSTERS = ("203.0.113.{}", 128, 255), ("198.51.100.{}", 1, 254)
"""Parts of the three ranges of RFC 5737: where people come from, those who try doors, and machines."""
OWN = "198.51.100.254"
"""The server's own address."""
_BUILD = (date(2025, 12, 2), 7499, 1.81)
"""A day, Chrome's build number of it, and builds a day; from Chrome 143 and Chrome 148."""


class Clients:
    """Draws clients; no two people share an address before all have been used. *today* dates browsers."""

    def __init__(self, rng: random.Random, today: date) -> None:
        self._rng, self._today = rng, today
        self._free: dict[tuple[str, int, int], list[int]] = {}

    def visitor(self) -> Client:
        """Somebody with a browser."""
        sort, agent = self._pick("browsers")
        protocol = "HTTP/2.0" if self._rng.random() < 0.95 else "HTTP/1.1"
        bandwidth = self._rng.lognormvariate(14.2 if sort == "desktop" else 13.4, 0.7)
        lag = 0 if self._rng.random() < 0.75 else self._rng.randint(10, 60)
        return Client(self._home(), self._dated(agent, lag), protocol, bandwidth)

    def crawler(self) -> tuple[Client, float]:
        """A crawler, and how many seconds it pauses between two pages."""
        protocol, pause, agent = self._pick("crawlers")
        return Client(self._address(_HOSTERS), self._dated(agent, 30), protocol), pause

    def machine(self, agent: str, protocol: str = "HTTP/1.1") -> Client:
        """A program in a data centre."""
        return Client(self._address(_HOSTERS), agent, protocol)

    def scanner(self, agent: str) -> Client:
        """Somebody who tries doors."""
        return Client(self._address(_CELLARS), agent)

    def crew(self, number: int) -> list[Client]:
        """Several machines of somebody who copies sites."""
        protocol, agent = self._rng.choice(catalogue.agents()["scrapers"])
        return [Client(self._address(_CELLARS), agent, protocol) for _ in range(number)]

    def _pick(self, sort: str) -> list[Any]:
        table = catalogue.agents()[sort]
        chosen: list[Any] = self._rng.choices(table, [row[0] for row in table])[0]
        return chosen[1:]

    def _home(self) -> str:
        if self._rng.random() < 0.4:
            net = f"2001:db8:{self._rng.randint(0x10, 0xFFFF):x}:{self._rng.randint(0x1, 0xFFFF):x}"
            return net + "".join(f":{self._rng.randint(0x1000, 0xFFFF):x}" for _ in range(4))
        return self._address(_HOMES if self._rng.random() < 0.7 else _OFFICES)

    def _address(self, net: tuple[str, int, int]) -> str:
        template, first, end = net
        if not self._free.get(net):
            self._free[net] = self._rng.sample(range(first, end), end - first)
        return template.format(self._free[net].pop())

    def _dated(self, agent: str, lag: int) -> str:
        day = self._today.toordinal() - lag
        versions = {name: _release(rows, day) for name, rows in catalogue.agents()["releases"].items()}
        safari = [version for since, version in catalogue.agents()["safari"] if _ordinal(since) <= day]
        build = _BUILD[1] + round((day - _BUILD[0].toordinal()) * _BUILD[2])
        full = f"{versions['chrome']}.0.{build}.{30 + build % 160}"
        return agent.format(**versions, safari=(safari or ["18.6"])[-1], chrome_full=full)


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _release(calendar: list[list[Any]], day: int) -> int:
    """The version that is current on a day; each row is a first day, its version, and days to the next."""
    since, version, days = ([row for row in calendar if _ordinal(row[0]) <= day] or calendar)[-1]
    return int(version) + (day - _ordinal(since)) // int(days)
