"""The notes of a core file: what the kernel knew about the process when it died (linux/elfcore.h)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from fakeact_memdump.images.core import PAGE, Mapping, note

PRSTATUS, FPREGSET, PRPSINFO, AUXV, XSTATE = 1, 2, 3, 6, 0x202
FILE, SIGINFO = 0x46494C45, 0x53494749
SIGSEGV, MAPERR = 11, 1
REGISTERS = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
    "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
)  # fmt: skip
"""In the order of `struct user_regs_struct`."""
MXCSR, CONTROL = 0x1F80, 0x037F
"""How the floating-point units are set when a program starts."""
AVX = 7
"""XCR0 where x87, SSE and AVX state is saved: 832 bytes."""


@dataclass(frozen=True)
class Death:
    """A process at the moment it touched an address that is not there."""

    pid: int
    parent: int
    user: int
    name: str
    command: str
    registers: dict[str, int]
    address: int
    seconds: float
    """Processor time it had used."""


def notes(death: Death, auxiliary: bytes, mappings: Sequence[Mapping], vectors: bytes) -> bytes:
    """All notes in the kernel's order; *vectors* is what the sixteen XMM registers hold."""
    floating = struct.pack("<HHHHQQII", CONTROL, 0, 0, 0, 0, 0, MXCSR, 0x2FFFF)
    floating = (floating + bytes(128) + vectors).ljust(512, b"\0")
    # XCR0 stands in the area left to software; the XSAVE header follows the 512 bytes.
    extended = (floating[:464] + struct.pack("<Q", AVX) + bytes(40) + struct.pack("<Q", AVX)).ljust(832, b"\0")
    return b"".join(
        (
            note("CORE", PRSTATUS, _status(death)),
            note("CORE", PRPSINFO, _information(death)),
            note("CORE", SIGINFO, struct.pack("<iiiiQ", SIGSEGV, 0, MAPERR, 0, death.address).ljust(128, b"\0")),
            note("CORE", AUXV, auxiliary),
            note("CORE", FILE, _files(mappings)),
            note("CORE", FPREGSET, floating),
            note("LINUX", XSTATE, extended),
        )
    )


def _status(death: Death) -> bytes:
    head = struct.pack("<iiihHQQ", SIGSEGV, 0, 0, SIGSEGV, 0, 0, 0)
    head += struct.pack("<iiii", death.pid, death.parent, death.pid, death.pid)
    micros = int(death.seconds * 1_000_000)
    system = micros // 4
    times = struct.pack("<8Q", *divmod(micros - system, 1_000_000), *divmod(system, 1_000_000), 0, 0, 0, 0)
    registers = (death.registers.get(name, 0) & (1 << 64) - 1 for name in REGISTERS)
    return head + times + struct.pack("<27Qi4x", *registers, 1)


def _information(death: Death) -> bytes:
    head = struct.pack("<bcbb4xQII", 0, b"R", 0, 0, 0x400600, death.user, death.user)
    ids = struct.pack("<iiii", death.pid, death.parent, death.pid, death.pid)
    return head + ids + struct.pack("<16s80s", death.name[:15].encode(), death.command[:79].encode())


def _files(mappings: Sequence[Mapping]) -> bytes:
    named = [mapping for mapping in mappings if mapping.path]
    places = b"".join(struct.pack("<QQQ", it.base, it.end, it.offset) for it in named)
    paths = b"".join(it.path.encode() + b"\0" for it in named)
    return struct.pack("<QQ", len(named), PAGE) + places + paths
