"""What the data files say, read once: machines, units, and the kernel's lines in their order."""

import json
import pkgutil
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
