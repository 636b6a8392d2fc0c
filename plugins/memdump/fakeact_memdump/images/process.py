"""A daemon that has crashed: its mappings, and what its heap, data and stack hold."""

import struct
from datetime import datetime
from random import Random

from fakeact_memdump.catalogue import facts
from fakeact_memdump.images.core import EXECUTE, PAGE, READ, WRITE, Mapping, core_file
from fakeact_memdump.images.heap import Heap
from fakeact_memdump.images.libraries import Loader, relocated
from fakeact_memdump.images.notes import Death, notes
from fakeact_memdump.images.stack import Stack
from fakeact_memdump.sections import Section, link

HEAP_STEP = 0x21000
"""What malloc asks of the kernel at a time."""
FAULTS = (0x0, 0x8, 0x10, 0x18, 0x28, 0x40)
"""Members of a structure that is not there."""
VSYSCALL = 0xFFFFFFFFFF600000
TIMES = (0x60, 0xC9, 0x135)
"""System calls behind the three entries of that page: gettimeofday, time, getcpu."""
THREAD = 0x740
"""Where in its pages the C library puts a thread's block."""


def process(rng: Random, size: int, today: datetime) -> bytes:
    """The core file of a process that had about *size* bytes in use."""
    words = facts("process")
    name, path = rng.choice(list(words["programs"].items()))
    loader = Loader(rng)
    program = loader.program(path, rng.randint(12, 60) * PAGE)
    heap = Heap(rng, program[-1].end + rng.randint(0x100, 0x1FFF) * PAGE, name, words, today)
    shared = rng.sample(list(words["libraries"].items()), rng.randint(1, 3))
    libraries = [part for library in shared for part in loader.library(*library)]
    libc = loader.library(*words["libc"])
    thread = loader.anonymous(3)
    linker = loader.library(*words["linker"])
    canary = rng.getrandbits(56) << 8  # begins with a zero byte, so that no string runs over it
    heap.fill(max(0x2000, size - 0x5000 - 0x1000 * len(shared)))
    _thread_block(rng, thread, canary)
    _tables(program, heap, rng)
    _arena(libc[-1], heap)
    stack = Stack(rng, path, words, code=(program[1], libc[1]), canary=canary, linker=linker[0].base)
    mapped = sorted([*libraries, *libc, thread, *linker], key=lambda mapping: mapping.base)
    mappings = [*program, _heap(heap), *mapped, stack.mapping, _vsyscall()]
    places = link(mapping.kept for mapping in mappings if mapping.kept)
    death = _death(rng, name, stack, {**places, "thread": thread.base + THREAD})
    return core_file(mappings, notes(death, stack.auxiliary, mappings, _vectors(rng, heap)))


def _heap(heap: Heap) -> Mapping:
    section = heap.section
    size = -(-(len(section.data) + 8) // HEAP_STEP) * HEAP_STEP
    heap.close(size)
    return Mapping(section.base, size, READ | WRITE, kept=section)


def _tables(program: list[Mapping], heap: Heap, rng: Random) -> None:
    """The program's own data: tables of functions with their names, and variables that point into the heap."""
    code, constant, data = program[1].base, program[3].kept, program[4].kept
    assert constant
    assert data
    relocated(constant, rng, code)
    constant.align(16)
    for kind in heap.kinds:
        constant.mark(f"operations {kind}")
        constant.point(f"name {kind}")
        constant.put(*(struct.pack("<Q", code + rng.randrange(0, 0x8000, 16)) for _ in range(7)))
    data.put(bytes(8))
    data.mark("self")
    data.point("self")
    for place in ("table", "first connection", "log", "metrics"):
        data.point(place)
        data.put(struct.pack("<Q", rng.choice((0, 1, 64, 128))))
    for kind in heap.kinds:
        data.text(f"name {kind}", kind)


def _arena(variables: Mapping, heap: Heap) -> None:
    """The allocator's state in the C library: an empty bin points at itself, so that they count up."""
    arena, used = variables.kept, len(heap.section.data)
    assert arena
    arena.align(32)
    arena.mark("arena")
    arena.put(bytes(16), bytes(80))
    arena.point("top")
    arena.put(bytes(8))
    for _ in range(127):
        here = arena.here - 16
        arena.put(struct.pack("<QQ", here, here))
    arena.put(bytes(16))
    arena.point("arena")
    size = -(-(used + 8) // HEAP_STEP) * HEAP_STEP
    arena.put(struct.pack("<QQQQ", 0, 1, size, size))


def _thread_block(rng: Random, pages: Mapping, canary: int) -> None:
    """What register fs points to: itself, its vector of modules, the canary, the pointer guard."""
    block = pages.kept
    assert block
    own = block.base + THREAD
    block.put(bytes(THREAD))
    block.put(struct.pack("<7Q", own, own + 0x960, own, 0, 0, canary, rng.getrandbits(64)))


def _vsyscall() -> Mapping:
    page = Section(VSYSCALL)
    for number in TIMES:
        page.put(b"\x48\xc7\xc0", struct.pack("<I", number), b"\x0f\x05\xc3")
        page.align(0x400, b"\xcc")
    page.align(PAGE, b"\xcc")
    return Mapping(VSYSCALL, PAGE, EXECUTE, kept=page)


def _vectors(rng: Random, heap: Heap) -> bytes:
    """What string functions leave in the XMM registers: pieces of text, masks, pointers twice."""
    text = rng.choice(heap.texts).encode()[:48].ljust(48, b"\0")
    pointer = struct.pack("<Q", heap.section.places["first connection"])
    return (pointer * 2 + text + bytes(16) + b"\xff" * 16 + text[16:]).ljust(256, b"\0")


def _death(rng: Random, name: str, stack: Stack, places: dict[str, int]) -> Death:
    pid, address = rng.randint(412, 31_000), rng.choice(FAULTS)
    connection = places["first connection"]
    registers = {
        "rip": stack.crashed_at, "rsp": stack.pointer, "rbp": stack.frame, "rbx": connection, "rdi": 0,
        "rsi": places["table"], "rdx": rng.randint(1, 512), "r12": places["log"], "r13": connection,
        "r8": rng.randint(0, 64), "r10": places["metrics"], "r11": 0x246, "r14": places["top"],
        "orig_rax": -1, "cs": 0x33, "ss": 0x2B, "eflags": 0x10246, "fs_base": places["thread"],
    }  # fmt: skip
    seconds = rng.lognormvariate(3.0, 1.5)
    return Death(pid, 1, rng.choice((0, 106, 998, 1000)), name, stack.command, registers, address, seconds)
