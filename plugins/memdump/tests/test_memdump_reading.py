"""What is printed, read back by somebody who knows nothing but the lines: every sum, order and pointer holds."""

import hashlib
import re
import struct
from datetime import datetime
from itertools import pairwise
from random import Random

import pytest
from fakeact_memdump import fakeact_modules
from fakeact_memdump.hexdump import Hexdump
from fakeact_memdump.images import IMAGES

from fakeact.testing import perform

(MEMDUMP,) = fakeact_modules()
LINE = re.compile(r"([0-9a-f]{8,})  ((?:[0-9a-f]{2} {1,2}){1,16}) *\|([ -~]{1,16})\|")
SEEDS = range(20)
REGISTERS = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
    "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
)  # fmt: skip
NOW = datetime(2026, 1, 30, 10, 45, 32)


def read(lines: list[str]) -> bytes:
    """The bytes that lines stand for; an AssertionError says which rule of the format a line breaks."""
    memory, row, star = b"", b"", False
    assert re.fullmatch(r"[0-9a-f]{8,}", lines[-1]), "the last line is the number of bytes"
    for line in lines[:-1]:
        if line == "*":
            assert not star, "a run is folded once"
            assert len(row) == 16, "a row comes before what repeats it"
            star = True
            continue
        match = LINE.fullmatch(line)
        assert match, f"no line of hexdump: {line!r}"
        offset, data = int(match[1], 16), bytes.fromhex(match[2])
        memory = unfold(memory, row, offset, star)
        assert offset == len(memory), "offsets go on where the row before ended"
        assert len(row) in (0, 16), "only the last row may be short"
        assert data != row or len(data) < 16, "a row that repeats the one before is folded"
        assert match[3] == re.sub(r"[^ -~]", ".", data.decode("latin-1")), "the right column is the left one's text"
        assert len(line) == 62 + len(match[3]), "columns line up"
        memory, row, star = memory + data, data, False
    memory = unfold(memory, row, int(lines[-1], 16), star)
    assert len(memory) == int(lines[-1], 16), "the number of bytes is right"
    return memory


def unfold(memory: bytes, row: bytes, offset: int, star: bool) -> bytes:
    """Memory up to an offset, where a star stood for copies of a row."""
    if not star:
        return memory
    assert offset > len(memory), "a star stands for at least one row"
    assert not (offset - len(memory)) % 16, "a star stands for whole rows"
    return memory + row * ((offset - len(memory)) // 16)


def printed(memory: bytes) -> list[str]:
    """The lines for so many bytes."""
    hexdump = Hexdump()
    return [*hexdump.feed(memory), *hexdump.end()]


class Core:
    """A core file as a debugger sees it: memory by address."""

    def __init__(self, file: bytes) -> None:
        self.file = file
        assert file[:4] == b"\x7fELF"
        many = struct.unpack_from("<H", file, 56)[0]
        self.segments = [struct.unpack_from("<IIQQQQQQ", file, 64 + 56 * i) for i in range(many)]
        assert self.segments[0][0] == 4, "notes come first"
        loads = [(segment[3], segment[2], segment[5], segment[6]) for segment in self.segments[1:]]
        assert loads == sorted(loads), "segments ascend in memory and in the file"
        ends = [offset + kept for _, offset, kept, _ in loads]
        assert [offset for _, offset, _, _ in loads[1:]] == ends[:-1], "segments leave no gap"
        assert ends[-1] == len(file), "the last segment ends the file"
        assert all(a[0] + a[3] <= b[0] for a, b in pairwise(loads)), "segments do not overlap"
        self.loads = loads
        self.notes = dict(self._notes())

    def _notes(self):
        at, end = self.segments[0][2], self.segments[0][2] + self.segments[0][5]
        while at < end:
            names, size, kind = struct.unpack_from("<III", self.file, at)
            at += 12 + (names + 3 & ~3)
            yield kind, self.file[at : at + size]
            at += size + 3 & ~3
        assert at == end, "notes fill their segment"

    def at(self, address: int, size: int) -> bytes:
        for base, offset, kept, _ in self.loads:
            if base <= address and address + size <= base + kept:
                return self.file[offset + address - base :][:size]
        raise AssertionError(f"a pointer leads nowhere: {address:#x}")

    def word(self, address: int) -> int:
        return struct.unpack("<Q", self.at(address, 8))[0]

    def text(self, address: int) -> str:
        self.at(address, 1)
        base, offset, _, _ = max(load for load in self.loads if load[0] <= address)
        at = offset + address - base
        return self.file[at : self.file.index(b"\0", at)].decode()


def check_process(memory: bytes) -> None:
    """Follow everything that can be followed from the registers on."""
    core = Core(memory)
    register = dict(zip(REGISTERS, struct.unpack_from("<27Q", core.notes[1], 112), strict=True))
    check_stack(core, register)
    check_heap(core, register["r14"])
    check_connections(core, register["rbx"])
    check_table(core, register["rsi"])
    files = core.notes[0x46494C45]
    many = struct.unpack_from("<Q", files)[0]
    paths = files[16 + 24 * many :].split(b"\0")[:-1]
    assert len(paths) == many, "every file's mapping has its path"
    bases = {load[0] for load in core.loads}
    assert {struct.unpack_from("<Q", files, 16 + 24 * i)[0] for i in range(many)} <= bases, "mappings are segments"
    vector = dict(struct.iter_unpack("<QQ", core.notes[6]))
    assert core.text(vector[31]) == paths[0].decode(), "the program's name is the first file's"
    assert core.notes[3][56:].split(b"\0")[0].decode()[:20].startswith(core.text(vector[31])[:20])


def check_stack(core: Core, register: dict[str, int]) -> None:
    """Frames lead from one to the next, each guarded by the thread's canary."""
    canary, frame, low = core.word(register["fs_base"] + 0x28), register["rbp"], register["rsp"]
    assert canary & 0xFF == 0 != canary
    while frame != 1:
        assert low < frame, "frames ascend"
        assert core.word(frame - 8) == canary, "the canary is alive"
        back = core.word(frame + 8)
        assert any(base <= back < base + size and not kept for base, _, kept, size in core.loads), "returns to code"
        low, frame = frame, core.word(frame)


def check_heap(core: Core, top: int) -> None:
    """Chunks lie one behind the other up to the top one, which ends the heap; free ones are found through the cache."""
    base, _, size, _ = next(load for load in core.loads if load[0] <= top < load[0] + load[2])
    at, sizes = base, {}
    while at < base + size:
        length = core.word(at + 8) & ~7
        assert length in range(32, size + 1, 16), "a chunk's size"
        sizes[at + 16] = length
        last, at = at, at + length
    assert last == top, "the last chunk is the top one"
    assert at == base + size, "chunks fill the heap"
    counts = struct.unpack("<64H", core.at(base + 16, 128))
    for kind, count in enumerate(counts):
        chunk = core.word(base + 16 + 128 + 8 * kind)
        for _ in range(count):
            assert sizes[chunk] == 32 + 16 * kind, "a free chunk is in the list of its size"
            chunk = core.word(chunk) ^ chunk >> 12
        assert chunk == 0, "as many are free as are counted"


def check_connections(core: Core, first: int) -> None:
    """The ring closes; every connection has operations with a name, and a buffer with as much in it as it says."""
    connection = first
    for number in range(10_000):
        assert core.text(core.word(core.word(connection))).isalpha(), "operations have a name"
        assert struct.unpack("<I", core.at(connection + 16, 4))[0] == 8 + number, "descriptors count up"
        buffer, used, capacity = struct.unpack("<QQQ", core.at(connection + 48, 24))
        content = core.at(buffer, capacity)
        assert content.startswith(b"HTTP/1.1 200 OK\r\n"), "a buffer holds a response"
        head, _, body = content[:used].partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}\r\n".encode() in head, "its length is what it says"
        assert not any(content[used:]), "nothing is in the rest"
        connection = core.word(connection + 8)
        if connection == first:
            return
    raise AssertionError("the ring does not close")


def check_table(core: Core, table: int) -> None:
    """Every key's hash is right and it is in the bucket that its hash says."""
    for bucket in range(64):
        entry = core.word(table + 8 * bucket)
        while entry:
            digest = 0xCBF29CE484222325
            for byte in core.text(core.word(entry + 16)).encode():
                digest = (digest ^ byte) * 0x100000001B3 % 2**64
            assert core.word(entry + 8) == digest, "a key's hash"
            assert digest % 64 == bucket, "a key's bucket"
            assert core.text(core.word(entry + 24)), "a key has a value"
            entry = core.word(entry)


def check_firmware(flash: bytes) -> None:
    """Both slots' checksums, the vectors, the command table and every entry of the settings."""
    slots = [match.start() for match in re.finditer(re.escape(struct.pack("<I", 0x96F3B83D)), flash)]
    assert len([slot for slot in slots if not slot % 4096]) == 2, "two slots have an image"
    for slot in slots:
        size = struct.unpack_from("<I", flash, slot + 12)[0]
        behind = slot + 0x200 + size
        assert struct.unpack_from("<HHHH", flash, behind)[::2] == (0x6907, 0x10), "records follow the image"
        assert hashlib.sha256(flash[slot:behind]).digest() == flash[behind + 8 : behind + 40], "the image's checksum"
    size = struct.unpack_from("<I", flash, 12)[0]
    check_program(flash[0x200 : 0x200 + size])
    check_settings(flash[2 * slots[1] :])


def check_program(image: bytes) -> None:
    """Vectors lead to functions, pointers of the command table to text and functions."""
    stack, reset, *vectors = struct.unpack_from("<96I", image)
    base = next(base for base in (0x08010200, 0xC200, 0x10020200) if 0 < reset - base < len(image))
    assert 0x20000000 < stack <= 0x20010000
    assert all(is_function(image, vector - base) for vector in (reset, *vectors) if vector), "vectors lead to functions"
    version, found = image[-8:-4], struct.unpack("<III", image[-12:])
    assert version
    assert image[found[0] - base :].startswith(b"*** Booting "), "the banner is found"
    assert re.match(rb"v\d+\.\d+\.\d+\0", image[found[1] - base :])


def is_function(image: bytes, at: int) -> bool:
    """Whether an address has the Thumb bit and a push with lr there."""
    return at & 1 == 1 and at < len(image) and image[at] == 0xB5


def check_settings(rest: bytes) -> None:
    """Every entry's checksum, and that values stand one behind the other."""
    assert not len(rest) % 4096
    sectors = [rest[at : at + 4096] for at in range(0, len(rest), 4096)]
    used = [sector for sector in sectors if sector.count(0xFF) < 4096]
    assert len(used) >= 2
    assert sectors[-1] == b"\xff" * 4096, "one sector stays erased"
    for sector in used:
        entries = [sector[at : at + 8] for at in range(4096 - 16, 0, -8)]
        end = 0
        for entry in entries:
            identifier, offset, length, part, crc = struct.unpack("<HHHBB", entry)
            if identifier == 0xFFFF:
                break
            assert offset == end, "values follow one another"
            assert crc == crc8(entry[:7]), "an entry's checksum"
            assert part == 0xFF
            end = offset + (length + 3 & ~3)
        assert end > 500


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x07 from 0xFF, by division of the whole as one number."""
    number = int.from_bytes(data, "big") ^ 0xFF << 8 * (len(data) - 1)
    number <<= 8
    for bit in range(number.bit_length() - 1, 7, -1):
        if number >> bit & 1:
            number ^= 0x107 << bit - 8
    return number


CHECKS = {"process": check_process, "firmware": check_firmware}


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("seed", SEEDS)
def test_everything_printed_holds(kind: str, seed: int) -> None:
    """Read back from the lines, an image of either kind is sound through and through."""
    size = (24, 24, 40, 64)[seed % 4]
    memory = IMAGES[kind](Random(seed), size << 10, NOW)
    again = read(printed(memory))
    assert again == memory
    CHECKS[kind](again)


@pytest.mark.parametrize("kind", CHECKS)
def test_what_is_played_is_an_image(kind: str) -> None:
    """The show prints an image and nothing else."""
    played = perform(MEMDUMP, seed=5, seconds=900, image=kind, size=24)
    assert played.ended == "finished"
    CHECKS[kind](read(played.lines))


PLANTED = {
    "a gap": lambda lines: lines[:5] + lines[6:],
    "two stars": lambda lines: [row for line in lines for row in ([line, line] if line == "*" else [line])],
    "no star": lambda lines: [line for line in lines if line != "*"],
    "a star too many": lambda lines: [*lines[:3], "*", *lines[3:]],
    "not folded": lambda lines: [
        *printed(bytes(16))[:1],
        printed(bytes(48))[0].replace("0000 ", "0010 ", 1),
        "00000020",
    ],
    "another text": lambda lines: [lines[0].replace("ELF", "ELG"), *lines[1:]],
    "a short row": lambda lines: [*printed(b"abc")[:1], *[f"{3:08x}{lines[0][8:]}"], f"{19:08x}"],
    "no end": lambda lines: lines[:-1],
    "a wrong end": lambda lines: [*lines[:-1], f"{int(lines[-1], 16) + 16:08x}"],
    "crooked": lambda lines: [lines[0].replace("  |", "   |"), *lines[1:]],
}


@pytest.mark.parametrize("error", PLANTED)
def test_the_reader_sees_a_broken_line(error: str) -> None:
    """Each rule of the format catches a line that breaks it."""
    lines = printed(IMAGES["process"](Random(1), 24 << 10, NOW)[:0x2040])
    read(lines)
    with pytest.raises(AssertionError):
        read(PLANTED[error](lines))


DESCRIPTOR = re.compile(rb"\x08\0{3}[\x01-\x05]\0{3}\x11\0{7}\x02\0", re.DOTALL)


def _poke(memory: bytes, at: int) -> bytes:
    return memory[:at] + bytes([memory[at] ^ 0x10]) + memory[at + 1 :]


PLACES = {
    "a segment's offset": ("process", lambda memory: 64 + 2 * 56 + 9),
    "the stack pointer's frame": ("process", lambda memory: _note(memory) + 112 + 4 * 8 + 1),
    "the thread": ("process", lambda memory: _note(memory) + 112 + 21 * 8),
    "a descriptor": ("process", lambda memory: DESCRIPTOR.search(memory).start()),
    "a length": ("process", lambda memory: memory.index(b"Content-Length: ") + 17),
    "the banner": ("firmware", lambda memory: memory.index(b"*** Booting") + 1),
    "the reset vector": ("firmware", lambda memory: 0x204),
    "an entry": ("firmware", lambda memory: len(memory) - 4096 - 4096 - 14),
}


def _note(memory: bytes) -> int:
    """Where the first note's content begins."""
    return struct.unpack_from("<Q", memory, 64 + 8)[0] + 20


@pytest.mark.parametrize("error", PLACES)
def test_the_checker_sees_a_flipped_bit(error: str) -> None:
    """One bit that is wrong in a structure is found."""
    kind, place = PLACES[error]
    memory = IMAGES[kind](Random(2), 40 << 10, NOW)
    CHECKS[kind](memory)
    with pytest.raises((AssertionError, KeyError, UnicodeDecodeError)):
        CHECKS[kind](_poke(memory, place(memory)))
