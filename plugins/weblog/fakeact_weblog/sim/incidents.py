"""What goes wrong, and who mends it: each begins with something that is in the log, too.

Every incident is an actor. Nothing in it sets a status: it takes the application's time away, locks its
table or ends it, and what the server then has to answer follows.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from fakeact_weblog.sim.agenda import Agenda, Script
from fakeact_weblog.sim.backend import Backend
from fakeact_weblog.sim.clients import Clients
from fakeact_weblog.sim.records import Client, Request
from fakeact_weblog.sim.server import Server
from fakeact_weblog.sim.site import Resource, Site

_RAMP = 6.0
"""Seconds in which a scraper opens its connections."""
_REPORTS = "/admin/reports"
_SWAPPING = 1.6
"""How much slower an application gets each second once its memory is swapped out."""


@dataclass(frozen=True)
class Scene:
    """Where an incident takes place."""

    agenda: Agenda
    site: Site
    server: Server
    backend: Backend
    clients: Clients
    rng: random.Random


def scraper(scene: Scene) -> Script[None]:
    """Somebody copies the site's costliest pages, until the operator locks him out and restarts."""
    rng, backend = scene.rng, scene.backend
    crew = scene.clients.crew(rng.randint(2, 4))
    path = scene.site.facts["costly"].partition("?")[0]
    page = scene.site.fill(path, rng)
    costly = Resource("GET", page, scene.server.timeout * 0.28, 14_000)
    scene.site.resources[("GET", page)] = costly
    template = scene.site.facts["costly"].replace(path, page)
    connections = backend.workers * 6
    for number in range(connections):
        target = scene.site.fill(template, rng, page="{page}")
        scene.agenda.play(_copy(scene, crew[number % len(crew)], target))
        yield rng.uniform(0.4, 1.6) * _RAMP / connections
    yield scene.server.timeout + rng.uniform(4, 9)
    scene.server.deny(*(client.address for client in crew))
    yield rng.uniform(2, 4)
    backend.stop()
    yield rng.uniform(2.5, 5)
    backend.start()


def deployment(scene: Scene) -> Script[None]:
    """A release migrates the main table under load, which nobody had thought would take so long."""
    rng, backend = scene.rng, scene.backend
    scene.site.resources[("POST", "/hooks/deploy")] = Resource("POST", "/hooks/deploy", 0.02, 15, 202, locks=False)
    pipeline = scene.clients.machine(f"GitHub-Hookshot/{rng.randrange(16**7):07x}")
    yield scene.server.fetch(Request(pipeline, "/hooks/deploy", "POST"))
    yield rng.uniform(3, 7)
    backend.lock()
    yield scene.server.timeout * 1.3 + rng.uniform(4, 9)
    backend.unlock()
    yield rng.uniform(0.5, 1.5)
    backend.stop()
    scene.site.release()
    yield rng.uniform(3, 6)
    backend.start()


def memory(scene: Scene) -> Script[None]:
    """A report takes more memory than there is; the kernel ends the application, twice."""
    rng = scene.rng
    path = scene.site.facts["report"].partition("?")[0]
    scene.site.resources[("GET", path)] = Resource("GET", path, 1e9, 0, locks=False)
    scene.site.resources[("GET", _REPORTS)] = Resource("GET", _REPORTS, 0.09, 7400)
    asker = scene.clients.visitor()
    yield scene.server.fetch(Request(asker, _REPORTS))
    yield rng.uniform(2, 4)
    for _ in range(2):
        scene.agenda.play(_ask(scene, asker))
        yield from _exhaust(scene)
        yield rng.uniform(3, 5)
    scene.site.resources[("GET", path)] = Resource("GET", path, 0.03, 19, 202, locks=False)
    yield from _ask(scene, asker)


INCIDENTS: dict[str, Callable[[Scene], Script[None]]] = {
    "scraper": scraper,
    "deployment": deployment,
    "memory": memory,
}


def _copy(scene: Scene, client: Client, template: str) -> Script[None]:
    """One of a scraper's connections: page after page, until it is refused too often."""
    refusals, page = 0, scene.rng.randint(1, 400)
    while refusals < 2:
        status = yield scene.server.fetch(Request(client, template.format(page=page)))
        refusals += status == 403
        page += 1
        yield scene.rng.uniform(1, 6) if status >= 400 else scene.rng.uniform(0.05, 0.3)


def _ask(scene: Scene, asker: Client) -> Script[None]:
    report = scene.site.facts["report"]
    yield scene.server.fetch(Request(asker, report, referrer=scene.site.url(_REPORTS)))


def _exhaust(scene: Scene) -> Script[None]:
    """Swap ever more, be killed, be started again by the service manager."""
    yield scene.rng.uniform(1, 2)
    for _ in range(scene.rng.randint(6, 8)):
        scene.backend.strain *= _SWAPPING
        yield 1.0
    scene.backend.stop()
    yield scene.rng.uniform(2.5, 4.5)
    scene.backend.start()
