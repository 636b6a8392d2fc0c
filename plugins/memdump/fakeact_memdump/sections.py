"""Memory under construction: bytes at an address, names for places, pointers from one place to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain


@dataclass
class Section:
    """Bytes from the address *base* on."""

    base: int
    data: bytearray = field(default_factory=bytearray)
    places: dict[str, int] = field(default_factory=dict)
    _pointers: list[tuple[int, str, int, int]] = field(default_factory=list)

    @property
    def here(self) -> int:
        """The address of what is put next."""
        return self.base + len(self.data)

    def put(self, *parts: bytes) -> int:
        """Append bytes; gives the address of the first."""
        here = self.here
        for part in parts:
            self.data += part
        return here

    def mark(self, place: str) -> int:
        """Name this address; gives it."""
        self.places[place] = self.here
        return self.here

    def point(self, place: str, width: int = 8, plus: int = 0) -> None:
        """Append a little-endian pointer of so many bytes to a place that may yet have to come."""
        self._pointers.append((len(self.data), place, width, plus))
        self.data += bytes(width)

    def text(self, place: str, text: str) -> int:
        """Append text and a zero byte under a name; gives its address."""
        self.mark(place)
        return self.put(text.encode(), b"\0")

    def align(self, to: int, filler: bytes = b"\0") -> int:
        """Fill up to a multiple of an address; gives it."""
        missing = -self.here % to
        self.data += (filler * missing)[:missing]
        return self.here

    def resolve(self, places: Mapping[str, int]) -> None:
        """Fill the pointers in."""
        for at, place, width, plus in self._pointers:
            self.data[at : at + width] = (places[place] + plus).to_bytes(width, "little")


def link(sections: Iterable[Section]) -> dict[str, int]:
    """Fill in all pointers between sections; gives all places."""
    sections = list(sections)
    places = dict(chain.from_iterable(section.places.items() for section in sections))
    for section in sections:
        section.resolve(places)
    return places
