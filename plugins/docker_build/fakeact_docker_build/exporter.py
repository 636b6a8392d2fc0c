"""The last vertex: from the layers to an image in containerd's store, as Docker 29 keeps it."""

import random

from fakeact_docker_build.registry import digest
from fakeact_docker_build.vertex import Status, Vertex

COMPRESS = 34e6
"""Bytes a second that gzip gets through, of uncompressed layers."""
UNPACK = 130e6
"""Bytes a second that come out of the compressed layers again."""


def export(image: str, size: int, start: float, rng: random.Random) -> Vertex:
    """Export so many bytes of new layers under a name."""
    start += rng.uniform(0.02, 0.08)
    vertex = Vertex("exporting to image", started=start)
    now = start + 0.002
    for what, seconds in (
        ("exporting layers", size / (COMPRESS * rng.uniform(0.85, 1.2)) + rng.uniform(0.03, 0.2)),
        (f"exporting manifest {digest(rng)}", rng.uniform(0.002, 0.03)),
        (f"exporting config {digest(rng)}", rng.uniform(0.002, 0.03)),
        (f"exporting attestation manifest {digest(rng)}", rng.uniform(0.01, 0.09)),
        (f"exporting manifest list {digest(rng)}", rng.uniform(0.004, 0.05)),
        (f"naming to {image}", rng.uniform(0.001, 0.01)),
        (f"unpacking to {image}", size / (UNPACK * rng.uniform(0.85, 1.2)) + rng.uniform(0.02, 0.1)),
    ):
        vertex.statuses.append(Status(what, now, now + seconds))
        now += seconds
    vertex.completed = now + 0.003
    return vertex
