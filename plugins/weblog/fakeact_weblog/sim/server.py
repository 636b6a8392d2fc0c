"""The web server: what it answers by itself, what it passes on, and how long it waits for that."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fakeact_weblog.sim.agenda import Agenda, Done, Step
from fakeact_weblog.sim.backend import Backend, Job, Outcome
from fakeact_weblog.sim.records import Entry, Request, Upstream
from fakeact_weblog.sim.site import Resource, Site

BODIES = {
    301: 162, 304: 0, 400: 150, 403: 146, 404: 146, 405: 150, 499: 0, 502: 150, 504: 160,
}  # fmt: skip
"""Bytes of nginx's own pages with `server_tokens off`, as nginx 1.22 logged them."""
_PADDING = 402
"""Bytes of comments below an error page (`msie_padding`), so that Chrome shows it rather than one of its own."""
_BUFFER = 128 * 1024
"""Bytes the kernel takes off the server's hands at once; only what is more has to be waited for."""
_REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
_CLOSED = "upstream prematurely closed connection while reading response header from upstream"
_LATE = "upstream timed out (110: Connection timed out) while reading response header from upstream"


@dataclass
class Exchange:
    """A request that the application has not answered yet."""

    request: Request
    resource: Resource
    began: float
    done: Done
    open: bool = True


class Server:
    """An nginx in front of the application; *timeout* is its `proxy_read_timeout` in seconds."""

    def __init__(
        self,
        agenda: Agenda,
        site: Site,
        backend: Backend,
        rng: random.Random,
        *,
        timeout: float,
        write: Callable[[Entry], None],
    ) -> None:
        self.timeout = timeout
        self._agenda, self._site, self._backend, self._rng, self._write = agenda, site, backend, rng, write
        self._denied: set[str] = set()
        self._connections: dict[str, int] = {}
        self._accepted = rng.randint(20_000, 900_000)

    def deny(self, *addresses: str) -> None:
        """Refuse whatever these ask, from now on."""
        self._denied.update(addresses)

    def fetch(self, request: Request) -> Step:
        """A step that sends a request and waits for the last byte of its answer."""
        return partial(self._take, request)

    def _take(self, request: Request, done: Done) -> None:
        if refused := self._refusal(request):
            self._answer(request, done, *refused)
            return
        resource = self._site.resources.get((request.method.replace("HEAD", "GET"), request.path))
        if resource is None and request.path in self._site.files:
            self._file(request, done)
        elif resource is None and request.path.endswith(".php"):
            self._answer(request, done, 404)
        else:
            self._pass(request, resource or self._unknown(request), done)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if request.garbage is not None:
            return 400, ""
        if request.client.address in self._denied or "/." in request.path.replace("/.well-known/", "/"):
            return 403, "access forbidden by rule"
        return None if request.secure else (301, "")

    def _file(self, request: Request, done: Done) -> None:
        if request.method == "POST":
            self._answer(request, done, 405)
        elif request.held:
            self._answer(request, done, 304)
        else:
            self._send(request, done, 200, self._site.files[request.path], self._agenda.now)

    def _unknown(self, request: Request) -> Resource:
        return Resource(request.method, request.path, 0.012, self._site.not_found, 404, locks=False)

    def _answer(self, request: Request, done: Done, status: int, complaint: str = "") -> None:
        size = 0 if request.garbage == "" else _own_page(status, request)
        self._send(request, done, status, size, self._agenda.now, complaint=complaint)

    def _pass(self, request: Request, resource: Resource, done: Done) -> None:
        exchange = Exchange(request, resource, self._agenda.now, done)
        seconds = resource.seconds * self._rng.lognormvariate(0, 0.4)
        if self._rng.random() < 0.015:  # a cache missed, a connection to the database had to be made
            seconds *= self._rng.uniform(4, 12)
        self._agenda.after(self.timeout, partial(self._give_up, exchange, 504, _LATE))
        if request.patience < self.timeout:
            self._agenda.after(request.patience, partial(self._give_up, exchange, 499, ""))
        self._backend.take(Job(seconds, resource.locks, partial(self._reply, exchange)))

    def _give_up(self, exchange: Exchange, status: int, complaint: str) -> None:
        """End the wait; the application is not told and goes on working."""
        self._settle(
            exchange, status, _own_page(status, exchange.request), Upstream(0.0, None, self._since(exchange)), complaint
        )

    def _reply(self, exchange: Exchange, outcome: Outcome) -> None:
        elapsed, bad = self._since(exchange), _own_page(502, exchange.request)
        if outcome is Outcome.REFUSED:
            self._settle(exchange, 502, bad, Upstream(None, None, elapsed), _REFUSED)
        elif outcome is Outcome.CLOSED:
            self._settle(exchange, 502, bad, Upstream(0.0, None, elapsed), _CLOSED)
        else:
            size = self._weigh(exchange.request, exchange.resource)
            self._settle(exchange, exchange.resource.status, size, Upstream(0.0, elapsed, elapsed))

    def _settle(self, exchange: Exchange, status: int, size: int, upstream: Upstream, complaint: str = "") -> None:
        if exchange.open:
            exchange.open = False
            request, done, began = exchange.request, exchange.done, exchange.began
            self._send(request, done, status, size, began, upstream=upstream, complaint=complaint)

    def _since(self, exchange: Exchange) -> float:
        return self._agenda.now - exchange.began

    def _weigh(self, request: Request, resource: Resource) -> int:
        """The bytes of a page: its own size, and a little for tokens that compress differently each time."""
        if resource.status in (204, 302):
            return 0
        if resource.size < 1000 or resource.status == 404:
            return round(resource.size)
        share = zlib.crc32(request.target.encode()) / 2**32
        return round(resource.size * (0.85 + 0.3 * share)) + self._rng.randint(-9, 9)

    def _send(
        self,
        request: Request,
        done: Done,
        status: int,
        size: int,
        began: float,
        *,
        upstream: Upstream | None = None,
        complaint: str = "",
    ) -> None:
        size = 0 if request.method == "HEAD" else size
        transfer = max(0, size - _BUFFER) / request.client.bandwidth

        def log() -> None:
            now = self._agenda.now
            number = self._connection(request.client.address)
            self._write(Entry(now, request, status, size, now - began, number, upstream, complaint))
            done(status)

        self._agenda.after(transfer, log)

    def _connection(self, address: str) -> int:
        """The number of a client's connection: they are counted as they are accepted."""
        if address not in self._connections:
            self._accepted += self._rng.randint(1, 3)
            self._connections[address] = self._accepted
        return self._connections[address]


def _own_page(status: int, request: Request) -> int:
    """The bytes of a page that nginx itself sends."""
    padded = status >= 400 and BODIES[status] > 0 and "Chrome/" in request.client.agent
    return BODIES[status] + _PADDING * padded
