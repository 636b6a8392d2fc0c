"""Where the loader puts a program and its libraries, and the pages of theirs that a core file keeps."""

import struct
from random import Random

from fakeact_memdump.catalogue import facts
from fakeact_memdump.images.core import EXECUTE, LOAD, PAGE, READ, SEGMENT, WRITE, Mapping, header
from fakeact_memdump.sections import Section

SHARED = 3
DYNAMIC, GNU_RELRO, GNU_STACK, GNU_EH_FRAME = 2, 0x6474E552, 0x6474E551, 0x6474E550
BUILD_ID = 3


class Loader:
    """Addresses under randomization: the program low, libraries downwards from below the stack."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._next = 0x7F0000000000 + rng.getrandbits(27) * PAGE

    def program(self, path: str, text: int) -> list[Mapping]:
        """The five mappings of a position-independent program: header, code, constants, relocated, data."""
        base = 0x550000000000 + self._rng.getrandbits(28) * PAGE
        return self._file(path, base, text, text // 3 // PAGE * PAGE + PAGE, 2)

    def library(self, path: str, text: int) -> list[Mapping]:
        """The same five for a library with so many bytes of code; the C library's data come last."""
        constants = text // 3 // PAGE * PAGE + PAGE
        size = 2 * PAGE + text + constants + 2 * PAGE
        self._next -= size + self._rng.randrange(0, 4) * PAGE
        return self._file(path, self._next, text, constants, 1)

    def anonymous(self, pages: int) -> Mapping:
        """Pages that belong to no file."""
        self._next -= pages * PAGE
        return Mapping(self._next, pages * PAGE, READ | WRITE, kept=Section(self._next))

    def _file(self, path: str, base: int, text: int, constants: int, data: int) -> list[Mapping]:
        sizes = (PAGE, text, constants, PAGE, data * PAGE)
        flags = (READ, READ | EXECUTE, READ, READ, READ | WRITE)
        parts, offset = [], 0
        for size, flag in zip(sizes, flags, strict=True):
            parts.append(Mapping(base + offset, size, flag, path, offset // PAGE))
            offset += size
        for part in (parts[0], parts[3], parts[4]):
            part.kept = Section(part.base)
        parts[0].kept = first_page(parts, self._rng)
        if path.partition(".so")[1]:
            assert parts[3].kept
            relocated(parts[3].kept, self._rng, parts[1].base)
            _variables(parts[4], parts[3].base)
        return parts


def relocated(section: Section, rng: Random, code: int) -> None:
    """A table of functions in ascending order, as constructors and virtual tables are after relocation."""
    many = rng.randint(24, 90)
    for offset in sorted(rng.randrange(0, 0x8000, 16) for _ in range(many)):
        section.put(struct.pack("<Q", code + offset))
        if rng.random() < 0.15:
            section.put(struct.pack("<Q", rng.choice((0, 0, 1, 8, 0x20))))


def _variables(data: Mapping, relro: int) -> None:
    assert data.kept
    data.kept.put(struct.pack("<QQ", 0, data.base + 8), bytes(16), struct.pack("<QQ", relro, relro + 0x40))


def first_page(parts: list[Mapping], rng: Random) -> Section:
    """The page with a file's ELF header: segments, build identifier, hash table, first symbols."""
    base = parts[0].base
    page = Section(base)
    page.put(header(SHARED, parts[1].base - base + rng.randrange(0x40, 0x800, 16), 8, 28))
    for part in parts[:3]:
        page.put(_segment(LOAD, part.flags, part.base - base, part.size, PAGE))
    relocated_at = parts[3].base - base
    page.put(_segment(LOAD, READ | WRITE, relocated_at, parts[3].size + parts[4].size, PAGE))
    page.put(_segment(DYNAMIC, READ | WRITE, relocated_at + 0xD00, 0x1F0, 8))
    page.put(_segment(GNU_EH_FRAME, READ, parts[2].base - base + 0x80, 0x15C, 4))
    page.put(_segment(GNU_STACK, READ | WRITE, 0, 0, 16), _segment(GNU_RELRO, READ, relocated_at, PAGE, 1))
    page.put(struct.pack("<III4s", 4, 20, BUILD_ID, b"GNU\0"), rng.randbytes(20))
    page.align(8)
    _symbols(page, parts[0].path, rng)
    return page


def _segment(kind: int, flags: int, offset: int, size: int, align: int) -> bytes:
    return SEGMENT.pack(kind, flags, offset, offset, offset, size, size, align)


def _symbols(page: Section, path: str, rng: Random) -> None:
    """A GNU hash table with Bloom filter and buckets, then symbols, their names and their versions."""
    buckets, first = rng.randint(17, 67), rng.randint(8, 40)
    page.put(struct.pack("<IIII", buckets, first, 16, 6))
    page.put(*(struct.pack("<Q", rng.getrandbits(64) & rng.getrandbits(64)) for _ in range(16)))
    chain = first
    for _ in range(buckets):
        page.put(struct.pack("<I", chain if (used := rng.random() < 0.8) else 0))
        chain += rng.randint(1, 3) if used else 0
    page.align(8)
    names = _names(path, rng)
    page.put(bytes(24))
    name, value = 1, 0x1000
    for symbol in names:
        size = rng.randint(5, 700)
        page.put(struct.pack("<IBBHQQ", name, 0x12, 0, 13, value, size))
        name, value = name + len(symbol) + 1, value + (size | 15) + 1
    page.put(b"\0", *(symbol.encode() + b"\0" for symbol in names))
    page.align(2)
    page.put(*(struct.pack("<H", rng.choice((2, 2, 2, 2, 3))) for _ in names))
    del page.data[PAGE:]  # the rest is on pages that a core file does not keep
    page.align(PAGE)


def _names(path: str, rng: Random) -> list[str]:
    """What a library offers; the C library has so much to offer that nothing else fits."""
    words = facts("process")
    prefix = path.rpartition("/")[2].partition(".")[0].partition("-")[0].removeprefix("lib")
    possible = [f"{prefix}_{verb}_{noun}" for verb in words["verbs"] for noun in words["nouns"]]
    return rng.sample(possible, 200 if prefix in ("c", "ld") else rng.randint(24, 64))
