"""Thumb-2 code as a compiler lays it out: prologue, calls, branches, literals behind the epilogue."""

from random import Random

from fakeact_memdump.sections import Section

FRAMES = ((0xB510, 0xBD10), (0xB538, 0xBD38), (0xB570, 0xBD70), (0xB5F8, 0xBDF8))
"""push {..., lr} and the pop {..., pc} that belongs to it (ARM DDI 0403, encoding T1)."""
PLAIN = (
    (0x6823, 6, 16),  # ldr r3, [r4, #n]
    (0x6860, 6, 12),  # ldr r0, [r4, #n]
    (0x6023, 6, 16),  # str r3, [r4, #n]
    (0x7823, 6, 24),  # ldrb r3, [r4, #n]
    (0x7023, 6, 24),  # strb r3, [r4, #n]
    (0x2000, 0, 256),  # movs r0, #n
    (0x2100, 0, 64),  # movs r1, #n
    (0x2200, 0, 64),  # movs r2, #n
    (0x3301, 0, 8),  # adds r3, #n
    (0x009B, 0, 1),  # lsls r3, r3, #2
    (0x4013, 0, 1),  # ands r3, r2
    (0x4313, 0, 1),  # orrs r3, r2
    (0x4423, 0, 1),  # add r3, r4
    (0x4620, 0, 1),  # mov r0, r4
    (0x4629, 0, 1),  # mov r1, r5
    (0x4604, 0, 1),  # mov r4, r0
    (0xB2DB, 0, 1),  # uxtb r3, r3
)
"""Instructions of 16 bits: opcode, where a number goes into it, how many numbers there are."""
LOADS = (0x4800, 0x4900, 0x4A00, 0x4B00)
"""ldr r0 to r3, [pc, #n]"""
TESTS = ((0x2800, 0xD000), (0x2B00, 0xD100), (0x2B04, 0xD900), (0x2A00, 0xDB00))
"""cmp r, #n and the beq, bne, bls or blt behind it."""
Word = int | str | tuple[int]
"""A halfword, the name of a literal to be loaded, or in a tuple the address of a function to be called."""


def function(code: Section, rng: Random, callees: list[int], names: list[str]) -> int:
    """Append a function that calls some of those before it and loads some names' addresses; gives its address."""
    address = code.align(4, b"\x00\xbf")
    push, pop = rng.choice(FRAMES)
    words: list[Word] = [push, *_body(rng, callees, names), pop]
    literals = list(dict.fromkeys(word for word in words if isinstance(word, str)))
    size = 2 * sum(2 if isinstance(word, tuple) else 1 for word in words)
    pool = address + size + size % 4
    for word in words:
        code.put(_encode(word, code.here, pool, literals, rng))
    code.align(4, b"\x00\xbf")  # nop
    for literal in literals:
        code.point(literal, 4)
    return address


def _body(rng: Random, callees: list[int], names: list[str]) -> list[Word]:
    words: list[Word] = []
    for _ in range(rng.randint(3, 14)):
        inner = _straight(rng, callees, names)
        if rng.random() < 0.4:
            compare, branch = rng.choice(TESTS)
            # A branch counts halfwords from the second one behind it.
            words += [compare, branch | sum(2 if isinstance(word, tuple) else 1 for word in inner) - 1]
        words += inner
    return words


def _straight(rng: Random, callees: list[int], names: list[str]) -> list[Word]:
    words: list[Word] = []
    for _ in range(rng.randint(1, 4)):
        opcode, shift, many = rng.choice(PLAIN)
        words.append(opcode | rng.randrange(many) << shift)
    if rng.random() < 0.35:
        words.append(rng.choice(names))
    if callees and rng.random() < 0.6:
        words.append((callees[int(len(callees) * rng.random() ** 2)],))  # what is called most was linked first
    return words


def _encode(word: Word, here: int, pool: int, literals: list[str], rng: Random) -> bytes:
    if isinstance(word, tuple):
        return branch_with_link(here, word[0])
    if isinstance(word, str):
        behind = pool + 4 * literals.index(word) - (here + 4 & ~3)
        word = rng.choice(LOADS) | behind // 4
    return word.to_bytes(2, "little")


def branch_with_link(here: int, target: int) -> bytes:
    """`bl`, encoding T1 of ARM DDI 0403, A7.7.18.

    >>> branch_with_link(0x8000100, 0x8000000).hex(" ")
    'ff f7 7e ff'
    """
    away = target - (here + 4)
    sign = int(away < 0)
    j1, j2 = (1 ^ (away >> bit & 1) ^ sign for bit in (23, 22))
    upper = 0xF000 | sign << 10 | away >> 12 & 0x3FF
    lower = 0xD000 | j1 << 13 | j2 << 11 | away >> 1 & 0x7FF
    return upper.to_bytes(2, "little") + lower.to_bytes(2, "little")
