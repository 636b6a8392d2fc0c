"""Somebody with a browser: follows links, loads what pages need, reloads what failed, and leaves."""

import random
from collections.abc import Iterable
from dataclasses import replace

from fakeact_weblog.sim.agenda import Agenda, Script
from fakeact_weblog.sim.records import Client, Request
from fakeact_weblog.sim.server import Server
from fakeact_weblog.sim.site import Page, Site

LONGEST_STAY = 75.0
"""Seconds after which nobody stays on a page."""
_POLL = 20.0
"""Seconds between two polls of an open page."""


class Visitor:
    """One visit. A returning visitor has the site's files already."""

    def __init__(
        self, agenda: Agenda, site: Site, server: Server, client: Client, rng: random.Random, *, returns: bool
    ) -> None:
        self._agenda, self._site, self._server, self._rng = agenda, site, server, rng
        self._client, self._round_trip = client, rng.lognormvariate(-3.0, 0.5)
        before = site.settled if returns else frozenset[str]()
        self._cached = before & {*site.styles, *site.scripts, *site.fonts}
        self._held = before - self._cached
        self._present, self._url = True, ""
        self._kept: list[str] = []

    def visit(self, referrer: str) -> Script[None]:
        """Come from somewhere, look at some pages, go."""
        page: Page | None = self._site.landing(self._rng)
        if self._rng.random() < 0.03:  # a link from elsewhere that nobody has mended
            yield self._server.fetch(self._request(self._rng.choice(self._site.gone), referrer))
            referrer = "-"
            yield 3.0
        if referrer == "-" and self._rng.random() < 0.12:  # typed without https://
            yield self._server.fetch(replace(self._request("/"), secure=False, client=self._plain))
            yield self._round_trip * 3
            page = self._site.pages["home"][0]
        for _ in range(1 + int(self._rng.expovariate(0.2))):
            if page is None or not (yield from self._view(page, referrer)):
                break
            yield min(LONGEST_STAY, 2 + self._rng.lognormvariate(2.3, 0.8))
            referrer = self._site.url(page.target)
            page = yield from self._next(page, referrer)
        self._present = False

    @property
    def _plain(self) -> Client:
        return replace(self._client, protocol="HTTP/1.1")

    def _next(self, page: Page, referrer: str) -> Script[Page | None]:
        """Follow a link; an action leads on to where it redirects."""
        chosen = self._site.follow(page, self._rng)
        if chosen is None or chosen is page or not chosen.then:
            return None if chosen is page else chosen
        status = yield self._server.fetch(self._request(chosen.target, referrer, chosen.method))
        yield self._round_trip
        if status != 302 or chosen.then == page.kind:
            return page
        self._kept += [page.sign] if page.sign else []
        return self._site.page(chosen.then, self._rng)

    def _view(self, page: Page, referrer: str) -> Script[bool]:
        """Load a page, again if it failed; tell whether there is something to look at."""
        for _ in range(3):
            patience = 4 + self._rng.lognormvariate(2.1, 0.5)
            request = replace(self._request(page.target, referrer), patience=patience)
            status = yield self._server.fetch(request)
            if status < 400:
                self._load(page)
                return True
            if self._rng.random() < 0.35:
                break
            yield self._rng.uniform(1.0, 5.0)
        return False

    def _load(self, page: Page) -> None:
        if not self._url:
            self._agenda.play(self._poll())
        self._url = url = self._site.url(page.target)
        start = self._round_trip
        self._fetch_all(self._site.scripts, url, start)
        self._agenda.play(self._dress(url, start))
        self._fetch_all(self._kept if page.keeps else page.images, url, start + 0.15, spread=0.6)
        self._fetch_all(self._site.extras, url, start + 0.5, spread=0.7)
        for method, target in page.calls:
            delay = start + self._rng.uniform(0.3, 0.9)
            self._agenda.play(self._get(target, url, delay, method))
        if self._site.http3 and self._client.protocol == "HTTP/2.0":
            self._client = replace(self._client, protocol="HTTP/3.0")

    def _dress(self, url: str, delay: float) -> Script[None]:
        """Load style sheets, then the fonts these ask for."""
        yield delay
        for style in filter(self._take, self._site.styles):
            yield self._server.fetch(self._request(style, url))
        style_url = self._site.url(self._site.styles[0])
        self._fetch_all(self._site.fonts, style_url, self._round_trip)

    def _fetch_all(self, paths: Iterable[str], url: str, delay: float, spread: float = 0.08) -> None:
        """Load files side by side, those that are not cached."""
        for path in filter(self._take, paths):
            self._agenda.play(self._get(path, url, delay + self._rng.uniform(0, spread)))

    def _get(self, target: str, referrer: str, delay: float, method: str = "GET") -> Script[None]:
        yield delay
        request = self._request(target, referrer, method)
        held = target in self._held and self._rng.random() < 0.3
        yield self._server.fetch(replace(request, held=held))

    def _poll(self) -> Script[None]:
        """Ask for news as long as a page is open."""
        method, target, *_ = self._site.facts["poll"].split()
        yield self._rng.uniform(0.5, 1) * _POLL
        while self._present:
            yield self._server.fetch(self._request(target, self._url, method))
            yield _POLL

    def _take(self, path: str) -> bool:
        """Whether a file has to be asked for; it is cached from now on."""
        if path in self._cached:
            return False
        self._cached |= {path}
        return True

    def _request(self, target: str, referrer: str = "-", method: str = "GET") -> Request:
        return Request(self._client, target, method, referrer)
