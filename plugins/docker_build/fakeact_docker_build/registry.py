"""Images in a registry and how their layers come down a shared line."""

import random
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fakeact_docker_build.facts import facts
from fakeact_docker_build.vertex import Status, Vertex

TICK = 0.15
"""Seconds between two progress reports of a layer, as BuildKit's puller makes them."""
AT_ONCE = 4
"""Downloads at a time from one registry: the limit of BuildKit's resolver."""
UNPACK = 95e6
"""Compressed bytes a second that gunzip and an SSD's file system get done."""


@dataclass(frozen=True)
class Image:
    """An image that a build stands on."""

    reference: str
    """In full, with registry and tag."""
    digest: str
    layers: tuple[tuple[str, int], ...]
    """Digest and compressed bytes, from the base up."""

    @property
    def pinned(self) -> str:
        """The reference with the digest that its tag had."""
        return f"{self.reference}@{self.digest}"

    @property
    def repository(self) -> tuple[str, str]:
        """Registry host, and the repository there."""
        host, _, rest = self.reference.partition("/")
        return host, rest.partition(":")[0]


def digest(rng: random.Random) -> str:
    """The name of something nobody has made before."""
    return f"sha256:{rng.getrandbits(256):064x}"


def full(name: str) -> str:
    """An image's name with what Docker fills in: registry, `library`, `latest`.

    >>> full("node:22"), full("acme/web"), full("ghcr.io/astral-sh/uv:0.9")
    ('docker.io/library/node:22', 'docker.io/acme/web:latest', 'ghcr.io/astral-sh/uv:0.9')
    """
    host, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in host:
        name = f"docker.io/{name}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def look_up(name: str, rng: random.Random) -> Image:
    """An image by the name that a Dockerfile uses; its sizes are a published one's, give or take."""
    sizes = next(sizes for pattern, sizes in facts("images").items() if fnmatchcase(name, pattern))
    layers = tuple((digest(rng), round(size * rng.uniform(0.97, 1.03))) for size in sizes)
    return Image(full(name), digest(rng), layers)


class _Download:
    """A layer on its way; no two connections are equally fast."""

    def __init__(self, vertex: Vertex, name: str, size: int, start: float, weight: float) -> None:
        self.vertex, self.size, self.weight, self.done = vertex, size, weight, 0.0
        self.status = Status(name, start, start, size)

    def take(self, size: float, now: float) -> None:
        self.done = min(self.size, self.done + size)
        self.status.curve.append((now, int(self.done)))
        self.status.completed = now


def pull(rows: list[tuple[Vertex, Image]], start: float, bandwidth: float, rng: random.Random) -> None:
    """Download and unpack images side by side; fills in the vertices' statuses and ends.

    The line's *bandwidth*, in bytes a second, is shared by all that is under way.
    """
    waiting = [
        _Download(vertex, name, size, start, rng.uniform(0.5, 1.5))
        for vertex, image in rows
        for name, size in reversed(image.layers)
    ]
    waiting.sort(key=lambda download: download.size > 1e6)
    for vertex, image in rows:
        vertex.statuses.append(Status(f"resolve {image.pinned}", start, start + rng.uniform(0.005, 0.06)))
    _download(waiting, start, bandwidth, rng)
    for vertex, image in rows:
        _unpack(vertex, image, rng)


def _download(waiting: list[_Download], now: float, bandwidth: float, rng: random.Random) -> None:
    now += rng.uniform(0.2, 0.5)
    running: list[_Download] = []
    quiet = 0  # ticks that the line has still to stall
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            running.append(waiting.pop(0))
            running[-1].vertex.statuses.append(running[-1].status)
        now += TICK
        quiet = quiet - 1 if quiet else rng.choice((0,) * 199 + (rng.randint(4, 20),))
        speed = bandwidth * rng.uniform(0.6, 1.25) * (not quiet)
        whole = sum(each.weight for each in running)
        for each in running:
            each.take(speed * TICK * each.weight / whole, now)
        running = [each for each in running if each.done < each.size]


def _unpack(vertex: Vertex, image: Image, rng: random.Random) -> None:
    """Layers go on top of one another, so each waits for its own bytes and for the one below."""
    arrived = {status.id: status.completed for status in vertex.statuses}
    now = 0.0
    for name, size in image.layers:
        now = max(now, arrived[name]) + rng.uniform(0.004, 0.02)
        end = now + size / (UNPACK * rng.uniform(0.8, 1.2)) + rng.uniform(0.002, 0.03)
        vertex.statuses.append(Status(f"extracting {name}", now, end))
        now = end
    vertex.completed = now + rng.uniform(0.005, 0.03)
