"""Physical memory as firmware describes it and as the kernel divides it. Addresses and sizes are bytes."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

PAGE = 4096
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECTION = 128 * MIB
"""Memory is tracked in sections of this size on x86-64 (SECTION_SIZE_BITS)."""
_DMA, _DMA32 = 16 * MIB, 4 * GIB


class Range(NamedTuple):
    """From the first byte to the one after the last."""

    start: int
    end: int
    kind: str = "usable"

    def __str__(self) -> str:
        """As the memory map has it, without the kind."""
        return f"[mem {self.start:#018x}-{self.end - 1:#018x}]"

    @property
    def short(self) -> str:
        """With as many digits as 32 bits need."""
        return f"[mem {self.start:#010x}-{self.end - 1:#010x}]"


def zone(address: int) -> str:
    """The zone an address belongs to."""
    return "DMA" if address < _DMA else "DMA32" if address < _DMA32 else "Normal"


@dataclass(frozen=True)
class MemoryMap:
    """What firmware says about each part of the address space, ascending, and how many nodes share it."""

    ranges: tuple[Range, ...]
    nodes: int = 1

    @property
    def usable(self) -> list[Range]:
        """What the kernel may use: whole pages, and never the first one."""
        found = [each for each in self.ranges if each.kind == "usable"]
        return [Range(max(each.start, PAGE), each.end // PAGE * PAGE) for each in found]

    @property
    def pages(self) -> int:
        """Pages of usable memory."""
        return sum(each.end - each.start for each in self.usable) // PAGE

    @property
    def top(self) -> int:
        """The end of usable memory."""
        return self.usable[-1].end

    @property
    def low_top(self) -> int:
        """The end of usable memory below 4 GiB."""
        return max(each.end for each in self.usable if each.end <= _DMA32)

    @property
    def bounds(self) -> list[int]:
        """Where nodes begin, and the end of the last one."""
        half = (self.top // 2 + SECTION - 1) // SECTION * SECTION
        return [0, half, self.top] if self.nodes == 2 else [0, self.top]

    @property
    def node_ranges(self) -> list[tuple[int, Range]]:
        """Usable memory by node."""
        found = []
        for node, (start, end) in enumerate(pairwise(self.bounds)):
            clipped = (Range(max(each.start, start), min(each.end, end)) for each in self.usable)
            found += [(node, each) for each in clipped if each.start < each.end]
        return found

    @property
    def zones(self) -> list[tuple[str, Range | None]]:
        """The zones; None for one without memory."""
        limits = ("DMA", PAGE, _DMA), ("DMA32", _DMA, _DMA32), ("Normal", _DMA32, self.top)
        clipped = [(name, Range(start, min(end, self.top))) for name, start, end in limits]
        return [(name, each if each.start < each.end else None) for name, each in clipped]

    @property
    def unavailable(self) -> list[tuple[int, str, int]]:
        """Node, zone and pages of each gap that lies in sections with usable memory."""
        sections = {
            section for each in self.usable for section in range(each.start // SECTION, (each.end - 1) // SECTION + 1)
        }
        found, last = [], 0
        for node, each in self.node_ranges:
            gap = _overlap(last, each.start, sections) // PAGE
            if gap:
                found.append((node, zone(each.start), gap))
            last = each.end
        if gap := _overlap(last, -(-last // SECTION) * SECTION, sections) // PAGE:
            found.append((self.nodes - 1, zone(last - 1), gap))
        return found

    @property
    def gaps(self) -> list[Range]:
        """What lies between usable ranges."""
        edges = [0, *(edge for each in self.usable for edge in (each.start, each.end))]
        pairs = zip(edges[::2], edges[1::2], strict=False)
        return [Range(start, end) for start, end in pairs if start < end]

    @property
    def pci_gap(self) -> Range:
        """The largest hole below 4 GiB, where devices go."""
        edges = [(each.start, each.end) for each in self.ranges if each.start < _DMA32]
        ends = [end for _, end in edges]
        starts = [*(start for start, _ in edges[1:]), _DMA32]
        holes = [Range(end, start) for end, start in zip(ends, starts, strict=True) if start > end]
        return max(holes, key=lambda hole: hole.end - hole.start)


def _overlap(start: int, end: int, sections: set[int]) -> int:
    """Bytes between two addresses that lie in some sections."""
    near = sections.intersection(range(start // SECTION, min(end // SECTION, 1 << 20) + 1))
    return sum(max(0, min(end, (each + 1) * SECTION) - max(start, each * SECTION)) for each in near)


def lay_out(pieces: list[tuple[int, str]], start: int = 0) -> list[Range]:
    """Ranges one after the other, from their sizes and kinds; kind "" leaves a hole.

    >>> [str(each) for each in lay_out([(0x9F000, "usable"), (0x1000, "")])]
    ['[mem 0x0000000000000000-0x000000000009efff]']
    """
    ranges = []
    for size, kind in pieces:
        if kind:
            ranges.append(Range(start, start + size, kind))
        start += size
    return ranges
