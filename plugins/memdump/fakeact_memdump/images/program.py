"""The program in a device's flash: vectors, code, strings, tables."""

import struct
from datetime import datetime
from random import Random

from fakeact_memdump.catalogue import facts
from fakeact_memdump.images.tables import crc32_table, gamma_table, sine_table, thermistor_table
from fakeact_memdump.images.thumb import function
from fakeact_memdump.sections import Section, link

INTERRUPTS = 80
RAM = 0x20000000
THUMB = 1
"""Bit 0 of a code address, set on processors that know nothing but Thumb."""
Version = tuple[int, int, int]


def link_program(rng: Random, base: int, size: int, version: Version, today: datetime) -> bytes:
    """About *size* bytes to be placed at *base*."""
    program = Section(base)
    messages = _messages(rng, size)
    commands = rng.sample(facts("firmware")["commands"], min(24, 8 + size // 8192))
    _vectors(program, rng)
    _code(program, rng, size * 3 // 5, list(messages), [command for command, _ in commands])
    _tables(program, rng)
    _shell(program, commands)
    _strings(program, messages, version, today)
    _initial_data(program, rng, list(messages))
    link([program])
    return bytes(program.data)


def _messages(rng: Random, size: int) -> dict[str, str]:
    """What the program can say, by name."""
    words = facts("firmware")
    parts = {part: group["messages"] for group in words["groups"].values() for part in group["parts"]}
    chosen = rng.sample(list(parts), min(len(parts), 6 + size // 6144))
    possible = [f"{part}: {text}" for part in chosen for text in (*words["common"], *parts[part])]
    said = rng.sample(range(len(possible)), min(size // 160, len(possible)))
    # What is said by one source file stands together.
    return {f"message {i}": possible[which] for i, which in enumerate(sorted(said))}


def _vectors(program: Section, rng: Random) -> None:
    program.put(struct.pack("<I", RAM + rng.choice((0x4000, 0x8000, 0x10000)) - 8 * rng.randint(0, 99)))
    faults = ["reset", "nmi", "hard fault", *["fault"] * 3]
    system = [*faults, *[""] * 4, "svc", "fault", "", "pendsv", "systick"]
    used = {rng.randrange(INTERRUPTS): f"isr {i}" for i in range(14)}
    for name in [*system, *(used.get(i, "spurious") for i in range(INTERRUPTS))]:
        if name:
            program.point(name, 4, THUMB)
        else:
            program.put(bytes(4))


def _code(program: Section, rng: Random, size: int, messages: list[str], commands: list[str]) -> None:
    entries = ["reset", "nmi", "hard fault", "fault", "svc", "pendsv", "systick", "spurious"]
    entries += [f"isr {i}" for i in range(14)] + [f"run {command}" for command in commands]
    entries += [f"hook {i}" for i in range(24)]
    rng.shuffle(entries)
    callees: list[int] = []
    end = program.here + size
    while program.here < end or entries:
        address = function(program, rng, callees, messages)
        callees.append(address)
        if entries and rng.random() < 0.3:
            program.places[entries.pop()] = address


def _tables(program: Section, rng: Random) -> None:
    tables = [crc32_table(), sine_table(), gamma_table(rng.choice((2.2, 2.5, 2.8)))]
    tables.append(thermistor_table(rng.choice((3380, 3435, 3950, 3977))))
    rng.shuffle(tables)
    for table in tables[: rng.randint(2, 4)]:
        program.align(4)
        program.put(table)


def _shell(program: Section, commands: list[tuple[str, str]]) -> None:
    """Name, help, children, handler, arguments: an entry of the command table."""
    program.align(4)
    for command, _ in commands:
        program.point(f"name {command}", 4)
        program.point(f"help {command}", 4)
        program.put(bytes(4))
        program.point(f"run {command}", 4, THUMB)
        program.put(struct.pack("<BBH", 1, len(command) % 4, 0))
    program.put(bytes(20))
    for command, text in commands:
        program.text(f"name {command}", command)
        program.text(f"help {command}", text)


def _strings(program: Section, messages: dict[str, str], version: Version, today: datetime) -> None:
    words = facts("firmware")
    kernel = words["kernels"][sum(version) % len(words["kernels"])]
    program.text("banner", f"*** Booting {kernel} ***")
    program.text("version", "v{}.{}.{}".format(*version))
    program.text("built", f"{today:%b} {today.day:2} {today:%Y} 03:12:{sum(version):02}")
    for place, text in messages.items():
        program.text(place, text)


def _initial_data(program: Section, rng: Random, messages: list[str]) -> None:
    """What start-up copies to RAM: devices with their names and hooks, then words that begin at some value."""
    program.align(8)
    for i in range(24):
        program.point(rng.choice(messages), 4)
        program.put(struct.pack("<II", RAM + 8 * rng.randint(0, 2000), rng.choice((0, 0, 1, 3))))
        program.point(f"hook {i}", 4, THUMB)
    for _ in range(rng.randint(40, 120)):
        program.put(struct.pack("<I", rng.choice((0, 0, 0, 1, 10, 100, 1000, 0xFFFFFFFF, rng.getrandbits(16)))))
    program.put(b"banner\0\0")
    program.point("banner", 4)
    program.point("version", 4)
    program.point("built", 4)
