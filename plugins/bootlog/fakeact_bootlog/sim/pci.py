"""PCI buses: which device has which addresses."""

import random
from dataclasses import dataclass, field
from typing import Any

from fakeact_bootlog.sim.memory import GIB, MIB, Range

_HIGH = 0x40_0000_0000
_ENDPOINTS = {"port": "PCIe Root Port"}


@dataclass
class Function:
    """A device's function with its base address registers."""

    at: str
    ids: str
    kind: str
    what: str
    bars: list[tuple[str, Range, str]] = field(default_factory=list)
    bus: int = 0
    """The bus behind it, if it is a bridge."""
    window: Range | None = None
    ports: tuple[int, ...] = ()

    @property
    def registers(self) -> Range:
        """Where its registers are: the first base address."""
        return self.bars[0][1]


class Buses:
    """All functions of a machine, in the order in which they are found."""

    def __init__(self, facts: dict[str, Any], hole: Range, rng: random.Random, *, conventional: bool) -> None:
        self._rng, self._conventional = rng, conventional
        self.hole = Range(hole.start, min(hole.end, 0xFEC00000))
        self.high = Range(_HIGH, _HIGH + 256 * GIB)
        self._low_end, self._high_end = self.hole.end, self.high.end
        at, ids, kind = facts["root"].split()
        self.functions = [Function(at, ids, kind, "host")]
        behind: list[Function] = []
        for device in facts["devices"]:
            self.functions.append(self._function(f"0000:{device['at']}", device))
            if "behind" in device:
                behind += self._behind(self.functions[-1], device["behind"])
        self.functions += behind

    def find(self, what: str) -> list[Function]:
        """Functions of a sort: ``nvme``, ``xhci``, ..."""
        return [each for each in self.functions if each.what == what]

    def _function(self, at: str, device: dict[str, Any]) -> Function:
        function = Function(at, device["id"], device["class"], device["what"], ports=tuple(device.get("ports", ())))
        for number, bits, flags in device.get("bars", ()):
            function.bars.append((number, self._place(1 << bits, high="64bit" in flags and "pref" in flags), flags))
        return function

    def _place(self, size: int, *, high: bool) -> Range:
        """The next free addresses from the top down, aligned to their size."""
        end = self._high_end if high else self._low_end
        start = (end - size) // size * size
        if high:
            self._high_end = start
        else:
            self._low_end = start
        return Range(start, start + size)

    def _behind(self, port: Function, device: dict[str, Any]) -> list[Function]:
        port.bus = 1 + sum(1 for each in self.functions if each.bus)
        high = all("pref" in flags for _, _, flags in device["bars"])
        self._place(MIB, high=high)  # windows begin at whole MiB
        top = self._high_end if high else self._low_end
        count = device.get("functions", 1)
        found = [self._function(f"0000:{port.bus:02x}:00.{number}", device) for number in range(count)]
        bottom = self._place(MIB, high=high).start
        port.window = Range(bottom, top)
        return found

    def found(self) -> list[str]:
        """What is printed as they are found."""
        lines = []
        for function in self.functions:
            if function.what == "bridge":
                continue
            lines.append(self._identity(function))
            lines += [f"pci {function.at}: {bar}" for bar in self._bars(function)]
            if function.bus:
                lines += self.bridge(function)
                lines.append(f"pci {function.at}: PME# supported from D0 D3hot D3cold")
        return lines

    def _identity(self, function: Function) -> str:
        bridge = bool(function.bus)
        kind = _ENDPOINTS.get(function.what, "PCIe Endpoint" if function.at[5:7] != "00" else "")
        if not kind:
            kind = "conventional PCI endpoint" if self._conventional or not function.bars else (
                "PCIe Root Complex Integrated Endpoint"
            )  # fmt: skip
        return f"pci {function.at}: [{function.ids}] type {bridge:02d} class 0x{function.kind} {kind}"

    def _bars(self, function: Function) -> list[str]:
        return [f"BAR {number} {_plain(bar, flags)}" for number, bar, flags in function.bars]

    def bridge(self, function: Function) -> list[str]:
        """What is printed of a bridge and the addresses it passes on."""
        assert function.window
        flags = "64bit pref" if function.window.start >= _HIGH else ""
        return [
            f"pci {function.at}: PCI bridge to [bus {function.bus:02x}]",
            f"pci {function.at}:   bridge window {_plain(function.window, flags)}",
        ]

    def windows(self) -> list[str]:
        """The addresses that the host bridge passes on."""
        io = ["[io  0x0000-0x0cf7 window]", "[io  0x0d00-0xffff window]", "[mem 0x000a0000-0x000bffff window]"]
        return [*io, _plain(self.hole, "window"), _plain(self.high, "window")]


def _plain(addresses: Range, flags: str) -> str:
    text = f"[mem {addresses.start:#010x}-{addresses.end - 1:#010x}"
    return f"{text} {flags}]" if flags else f"{text}]"
