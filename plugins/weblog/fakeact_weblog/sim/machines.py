"""What is no person: crawlers, link previews, feed readers, monitors, and those who try doors."""

import random

from fakeact_weblog import catalogue
from fakeact_weblog.sim.agenda import Script
from fakeact_weblog.sim.clients import OWN, Clients
from fakeact_weblog.sim.records import Request
from fakeact_weblog.sim.server import Server
from fakeact_weblog.sim.site import Page, Site


class Machines:
    """Scripts for programs that visit a site."""

    def __init__(self, site: Site, server: Server, clients: Clients, rng: random.Random) -> None:
        self._site, self._server, self._clients, self._rng = site, server, clients, rng
        self._closed = tuple(site.facts["disallow"])

    def crawl(self) -> Script[None]:
        """Read robots.txt, then pages that it allows, at leisure; stop where the server is in trouble."""
        client, pause = self._clients.crawler()
        yield self._server.fetch(Request(client, "/robots.txt"))
        targets = [page.target for page in self._rng.sample(self._allowed(), self._rng.randint(3, 12))]
        gone = [target for target in self._site.gone if not target.startswith(self._closed)]
        if gone and self._rng.random() < 0.5:
            targets.insert(self._rng.randrange(3), self._rng.choice(gone))
        if self._rng.random() < 0.4:
            targets.insert(0, "/sitemap.xml")
        for target in targets:
            yield pause * self._rng.uniform(0.8, 1.6)
            status = yield self._server.fetch(Request(client, target))
            if status in (403, 502, 504):
                break

    def preview(self) -> Script[None]:
        """Fetch a link that somebody has posted, and its picture."""
        client = self._clients.machine(self._rng.choice(catalogue.agents()["previewers"]))
        page = self._rng.choice(self._allowed())
        yield self._server.fetch(Request(client, page.target))
        if page.images:
            yield self._rng.uniform(0.2, 1.0)
            yield self._server.fetch(Request(client, page.images[0]))

    def read_feed(self) -> Script[None]:
        """Ask whether the feed has anything new; mostly it has not."""
        client = self._clients.machine(self._rng.choice(catalogue.agents()["readers"]))
        held = self._rng.random() < 0.85
        yield self._server.fetch(Request(client, self._site.facts["feed"], held=held))

    def watch(self, period: int, method: str, target: str, agent: str) -> Script[None]:
        """Look every so many seconds whether the site is alive."""
        client = self._clients.machine(agent)
        yield self._rng.uniform(0, period)
        while True:
            yield self._server.fetch(Request(client, target, method, patience=10.0))
            yield float(period)

    def probe(self) -> Script[None]:
        """Try a list of doors, one after the other; give up early now and then."""
        run = self._rng.choice(list(catalogue.probes()["runs"].values())).split()
        client = self._clients.scanner(self._rng.choice(catalogue.probes()["agents"]))
        first = self._rng.randrange(len(run) // 2)
        secure, pace = self._rng.random() < 0.7, self._rng.uniform(0.15, 1.1)
        for target in run[first : first + self._rng.randint(4, 18)]:
            method = "POST" if "eval-stdin" in target or "formLogin" in target else "GET"
            yield self._server.fetch(Request(client, target, method, secure=secure))
            yield pace * self._rng.uniform(0.7, 1.5)

    def survey(self) -> Script[None]:
        """Ask once, to put it into a list of what there is on the net."""
        method, target, agent = self._rng.choice(catalogue.probes()["surveys"])
        client = self._clients.scanner(agent)
        yield self._server.fetch(Request(client, target, method, secure=self._rng.random() < 0.4))

    def knock(self) -> Script[None]:
        """Send bytes that are no HTTP, or not enough of it."""
        yield self._server.fetch(Request(self._clients.scanner("-"), "/", garbage=self._bytes()))

    def _bytes(self) -> str:
        template: str = self._rng.choice(catalogue.probes()["handshakes"])
        hello = "\0\xee\x01\0\0\xea\x03\x03" + "".join(
            chr(self._rng.choice([n for n in range(256) if n != 10])) for _ in range(self._rng.randint(12, 50))
        )
        return template.format(hello=hello, server=OWN)

    def _allowed(self) -> list[Page]:
        """The pages that robots.txt does not forbid."""
        pages = [page for kind in self._site.pages.values() for page in kind]
        return [page for page in pages if page.method == "GET" and not page.target.startswith(self._closed)]
