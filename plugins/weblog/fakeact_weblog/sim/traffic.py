"""All who come to a site, and when."""

import random
from collections.abc import Callable
from datetime import date

from fakeact_weblog import catalogue
from fakeact_weblog.sim.agenda import Agenda, Script
from fakeact_weblog.sim.backend import Backend
from fakeact_weblog.sim.clients import Clients
from fakeact_weblog.sim.incidents import INCIDENTS, Scene
from fakeact_weblog.sim.machines import Machines
from fakeact_weblog.sim.records import Entry
from fakeact_weblog.sim.server import Server
from fakeact_weblog.sim.site import Site
from fakeact_weblog.sim.visitor import Visitor

_BEFORE = 240.0
"""Seconds of traffic before the show begins, so that it begins in the middle of things."""
_STAY = 85.0
"""Seconds of a visit, on the average."""


class Traffic:
    """A site under traffic; about so many *visitors* are there at a time.

    *trouble* names an incident or is empty, *when* is the second it begins in. *today* dates the browsers.
    """

    def __init__(self, kind: str, visitors: int, rng: random.Random, *, trouble: str, when: float, today: date) -> None:
        self._entries: list[Entry] = []
        self._rng = rng
        self._agenda = Agenda(-_BEFORE)
        self.site = Site(kind, rng)
        backend = Backend(self._agenda, 4 + visitors // 6)
        timeout = rng.choice((10.0, 15.0)) if when > 20 else 10.0
        write = self._entries.append
        self._server = Server(self._agenda, self.site, backend, rng, timeout=timeout, write=write)
        self._clients = Clients(rng, today)
        machines = Machines(self.site, self._server, self._clients, rng)
        for pause, script in (
            (_STAY / visitors, self._visit),
            (22.0, machines.crawl),
            (55.0, machines.preview),
            (50.0, machines.read_feed),
            (45.0, machines.probe),
            (16.0, machines.survey),
            (28.0, machines.knock),
        ):
            self._agenda.play(self._arrivals(pause, script))
        for monitor in rng.sample(catalogue.agents()["monitors"], 2):
            self._agenda.play(machines.watch(*monitor))
        if trouble:
            scene = Scene(self._agenda, self.site, self._server, backend, self._clients, rng)
            self._agenda.after(_BEFORE + when, lambda: self._agenda.play(INCIDENTS[trouble](scene)))

    @property
    def next_at(self) -> float:
        """When something happens next, in seconds."""
        return self._agenda.next_at

    def advance(self, until: float) -> list[Entry]:
        """What is logged from the last time to this one, in its order."""
        self._agenda.advance(until)
        entries = self._entries[:]
        self._entries.clear()
        return entries

    def _arrivals(self, pause: float, script: Callable[[], Script[None]]) -> Script[None]:
        """Let them come independently of each other, one in *pause* seconds on the average."""
        while True:
            yield self._rng.expovariate(1 / pause)
            self._agenda.play(script())

    def _visit(self) -> Script[None]:
        client = self._clients.visitor()
        returns = self._rng.random() < 0.35
        visitor = Visitor(self._agenda, self.site, self._server, client, self._rng, returns=returns)
        arrivals = self.site.facts["arrivals"]
        yield from visitor.visit(self._rng.choices(list(arrivals), list(arrivals.values()))[0])
