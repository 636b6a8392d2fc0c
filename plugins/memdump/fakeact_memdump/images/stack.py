"""The stack of a process that has crashed: frames, then what the kernel put there when it began."""

import struct
from random import Random
from typing import Any

from fakeact_memdump.images.core import PAGE, READ, WRITE, Mapping
from fakeact_memdump.sections import Section

SIZE = 0x21000
"""Linux gives a stack 128 KiB more than it needs at first."""
STARTED = 0x1CA
"""Where in the C library's code main returns to."""
Word = int | str
"""A number, or the name of a place."""
LOCALS = ("first connection", "table", "log", "metrics", "arena", "self")
"""Places that functions have pointers to."""


class Stack:
    """*code* is the program's and the C library's; *canary* stands before every saved frame pointer."""

    def __init__(
        self, rng: Random, path: str, words: dict[str, Any], *, code: tuple[Mapping, Mapping], canary: int, linker: int
    ) -> None:
        end = 0x7FFC00000000 + rng.getrandbits(22) * PAGE
        self.command = f"{path} {rng.choice(words['arguments'])}"
        self.crashed_at = code[0].base + rng.randrange(0x400, 0x7000)
        texts, places = _strings(end, self.command, path, _environment(rng, words), rng)
        self.auxiliary = _auxiliary(code[0].base - PAGE, linker, places)
        vectors = [len(places["arguments"]), *places["arguments"], 0, *places["environment"], 0]
        start = struct.pack(f"<{len(vectors)}Q", *vectors) + self.auxiliary
        begin = (end - len(texts) - len(start)) & ~15
        frames, self.frame = _frames(rng, code, canary, begin)
        self.pointer = begin - 8 * len(frames)
        section = Section(end - SIZE)
        section.put(bytes(self.pointer - section.base))
        for word in frames:
            _put(section, word)
        section.put(start, bytes(end - len(texts) - begin - len(start)), texts)
        self.mapping = Mapping(section.base, SIZE, READ | WRITE, kept=section)


def _put(section: Section, word: Word) -> None:
    if isinstance(word, str):
        section.point(word)
    else:
        section.put(struct.pack("<Q", word))


def _frames(rng: Random, code: tuple[Mapping, Mapping], canary: int, begin: int) -> tuple[list[Word], int]:
    """Frames from the crash up to main: locals, canary, the caller's frame pointer, the address to return to.

    The innermost one comes first; gives where its frame pointer points, too.
    """
    words: list[Word] = []
    frame, back = 1, code[1].base + STARTED
    for _ in range(rng.randint(6, 22)):
        saved = begin - 8 * (len(words) + 2)
        words = [*_locals(rng), canary, frame, back, *words]
        frame = saved
        back = code[0].base + rng.randrange(0x100, 0x7800)
    return words, frame


def _locals(rng: Random) -> list[Word]:
    """What a function has on the stack; an odd number, so that frames stay aligned to 16 bytes."""
    words: list[Word] = []
    for _ in range(rng.randrange(3, 20, 2)):
        kind = rng.random()
        number = rng.getrandbits(rng.choice((5, 10, 32)))
        words.append(rng.choice(LOCALS) if kind < 0.45 else 0 if kind < 0.7 else number)
    return words


def _environment(rng: Random, words: dict[str, Any]) -> list[str]:
    chosen = rng.sample(list(words["environment"].items()), rng.randint(6, len(words["environment"])))
    return [f"{name}={rng.choice(values)}" for name, values in chosen]


def _strings(end: int, command: str, path: str, environment: list[str], rng: Random) -> tuple[bytes, dict[str, Any]]:
    """What lies at the very top, and where it is: random bytes, platform, arguments, environment, file name."""
    parts = [rng.randbytes(16), b"x86_64\0"]
    parts += [text.encode() + b"\0" for text in (*command.split(), *environment, path)]
    texts = b"".join(parts) + bytes(8)
    at, addresses = end - len(texts), []
    for part in parts:
        addresses.append(at)
        at += len(part)
    many = 2 + len(command.split())
    return texts, {
        "random": addresses[0],
        "platform": addresses[1],
        "arguments": addresses[2:many],
        "environment": addresses[many:-1],
        "name": addresses[-1],
    }


def _auxiliary(program: int, linker: int, places: dict[str, Any]) -> bytes:
    """The auxiliary vector (linux/auxvec.h), in the kernel's order for x86-64."""
    pairs = (
        (51, 0xD30), (16, 0x178BFBFF), (6, PAGE), (17, 100), (3, program + 64), (4, 56), (5, 8), (7, linker), (8, 0),
        (9, program + PAGE + 0x50), (11, 0), (12, 0), (13, 0), (14, 0), (23, 0), (25, places["random"]), (26, 2),
        (31, places["name"]), (15, places["platform"]), (27, 28), (28, 32), (0, 0),
    )  # fmt: skip
    return b"".join(struct.pack("<QQ", *pair) for pair in pairs)
