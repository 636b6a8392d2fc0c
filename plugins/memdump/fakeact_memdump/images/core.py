"""An ELF core file as Linux writes it: header, segments' places, notes, then pages."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from fakeact_memdump.sections import Section

PAGE = 4096
HEADER, SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
CORE, X86_64 = 4, 62
LOAD, NOTE = 1, 4
READ, WRITE, EXECUTE = 4, 2, 1
IDENTITY = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")


@dataclass
class Mapping:
    """A stretch of a process's addresses, whole pages: *size* bytes, of which a core file keeps *kept*.

    Pages that belong to a file have its *path* and their *offset* in it, in pages. Linux leaves out what can be
    read from the file again, but for the page with the ELF header.
    """

    base: int
    size: int
    flags: int
    path: str = ""
    offset: int = 0
    kept: Section | None = field(default=None)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.base + self.size


def core_file(mappings: Sequence[Mapping], notes: bytes) -> bytes:
    """The whole file; every mapping is a segment, kept or not."""
    many = len(mappings) + 1
    begin = HEADER.size + many * SEGMENT.size
    offset = -(-(begin + len(notes)) // PAGE) * PAGE
    file = bytearray(header(CORE, 0, many, 0))
    file += SEGMENT.pack(NOTE, 0, begin, 0, 0, len(notes), 0, 4)
    for mapping in mappings:
        kept = mapping.size if mapping.kept else 0
        file += SEGMENT.pack(LOAD, mapping.flags, offset, mapping.base, 0, kept, mapping.size, PAGE)
        offset += kept
    file += notes
    file += bytes(-len(file) % PAGE)
    for mapping in mappings:
        if mapping.kept:
            file += mapping.kept.data.ljust(mapping.size, b"\0")
    return bytes(file)


def header(kind: int, entry: int, segments: int, sections: int) -> bytes:
    """The header of an ELF file for x86-64."""
    sizes = (HEADER.size, SEGMENT.size, segments, 64 if sections else 0, sections, max(0, sections - 1))
    return HEADER.pack(IDENTITY, kind, X86_64, 1, entry, HEADER.size, 0, 0, *sizes)


def note(owner: str, kind: int, content: bytes) -> bytes:
    """A note: owner's name and content, each padded to whole words."""
    name = owner.encode() + b"\0"
    head = struct.pack("<III", len(name), len(content), kind)
    return head + name + bytes(-len(name) % 4) + content + bytes(-len(content) % 4)
