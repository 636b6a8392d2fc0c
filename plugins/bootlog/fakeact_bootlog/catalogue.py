"""What the data files say, read once: machines, units, and the kernel's lines in their order."""

import json
import pkgutil
import random
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple


class Step(NamedTuple):
    """A line the kernel prints while it starts, or with ``@`` a block of lines that depends on the machine."""

    pause: str
    """Microseconds it usually comes after the line before it, or ``{name}`` of a value that says so."""
    condition: str
    """On which machines it appears: ``efi``, ``!kvm``; empty for all."""
    text: str


def _read(name: str) -> str:
    data = pkgutil.get_data("fakeact_bootlog", f"data/{name}")
    assert data is not None
    return data.decode()


@cache
def machines() -> dict[str, Any]:
    """Kinds of machines with their parts, and the distribution they run."""
    found: dict[str, Any] = json.loads(_read("machines.json"))
    return found


class Software(NamedTuple):
    """What a machine runs: Debian's kernel package, the day it was built, and its systemd package."""

    package: str
    built: str
    systemd: str

    @property
    def release(self) -> str:
        """What uname -r says."""
        return f"{self.package.partition('-')[0]}+deb13-amd64"

    @property
    def version(self) -> str:
        """How the kernel calls its package."""
        return f"{self.package} ({self.built})"

    @property
    def key(self) -> str:
        """The fingerprint of the key that was made for this build alone."""
        return f"{random.Random(self.package).getrandbits(160):040x}"


def software(day: date) -> Software:
    """What Debian 13 had as updates two days earlier: changelogs of linux and systemd.

    >>> software(date(2026, 3, 1))
    Software(package='6.12.73-1', built='2026-02-17', systemd='257.9-1~deb13u1')
    >>> software(date(2026, 12, 1)).release
    '6.12.118+deb13-amd64'
    """
    facts, until = machines()["distribution"], (day - timedelta(days=2)).isoformat()

    def newest(releases: list[tuple[str, str]]) -> tuple[str, str]:
        return max((each for each in releases if each[0] <= until), default=releases[0])

    built, package = newest([(day, name) for day, name in facts["kernels"]])
    return Software(package, built, newest([(day, name) for day, name in facts["systemds"]])[1])


@cache
def units() -> dict[str, dict[str, Any]]:
    """Units by name, as their files in Debian 13 (systemd 257) describe and order them."""
    found: dict[str, dict[str, Any]] = json.loads(_read("units.json"))
    return found


@cache
def kernel() -> tuple[Step, ...]:
    """The kernel's lines from its version to its first process: 6.12's wording and order."""
    return tuple(_step(line) for line in _read("kernel.txt").splitlines())


def _step(line: str) -> Step:
    pause, _, text = line.partition(" ")
    condition = ""
    if text.startswith("?"):
        condition, _, text = text[1:].partition(" ")
    return Step(pause, condition, text)
