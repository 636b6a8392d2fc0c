"""Files that people fetch by the list, and made-up servers that have them: facts, read once.

A line of `data/TOPIC.txt` has a path as the public archives lay it out and the file's size in MB, as of
January 2026. The servers of `data/hosts.txt` do not exist.
"""

import pkgutil
import random
import zlib
from dataclasses import dataclass
from functools import cache

TOPICS = ("genomes", "isos", "maps", "sources", "wikis")
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Target:
    """One line of the list: *host* has it, or sends whoever asks to *mirror*. *size* is in bytes."""

    host: str
    path: str
    size: int
    mirror: str = ""

    @property
    def name(self) -> str:
        """The file's name here."""
        return self.path.rpartition("/")[2]

    @property
    def url(self) -> str:
        """Where the list says it is."""
        return f"https://{self.host}/{self.path}"


def choose(rng: random.Random, topic: str, count: int) -> list[Target]:
    """So many files of a topic in the list's order, their checksums first."""
    home, mirrors = _hosts(topic), rng.sample(_hosts("mirror"), 4)
    lines = rng.sample(_lines(topic), count)
    moved = rng.sample(range(count), min(count, 1 + count // 5))
    files = [_target(home[0] if n in moved else rng.choice(home + mirrors[1:]), *line) for n, line in enumerate(lines)]
    files = [Target(f.host, f.path, f.size, mirrors[0]) if n in moved else f for n, f in enumerate(files)]
    # A line of sha256sum's: 64 digits, two blanks, the name, a line feed.
    return [Target(home[0], SUMS, sum(67 + len(file.name) for file in files)), *files]


def _target(host: str, path: str, megabytes: int) -> Target:
    """A file of about its published size: the digits below a MB follow from its name."""
    return Target(host, path, megabytes * 1_000_000 + zlib.crc32(path.encode()) % 1_000_000)


def _hosts(kind: str) -> list[str]:
    return [host for topic, host in map(str.split, _read("hosts")) if topic == kind]


def _lines(topic: str) -> list[tuple[str, int]]:
    return [(path, int(size)) for path, size in map(str.split, _read(topic))]


@cache
def _read(name: str) -> list[str]:
    data = pkgutil.get_data(__package__, f"data/{name}.txt")
    assert data is not None
    return data.decode().splitlines()
