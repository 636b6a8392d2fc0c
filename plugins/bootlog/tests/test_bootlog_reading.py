"""What is printed, read back by somebody who knows nothing but the lines: every sum, order and stamp holds."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from fakeact_bootlog import fakeact_modules

from fakeact.testing import perform

from .bootlog_reader import Boot, again, boots, check

(BOOTLOG,) = fakeact_modules()
KINDS = "laptop", "server", "vm"
TROUBLES = "none", "unit", "disk", "network", "fsck"


@cache
def played(kind: str, trouble: str, seed: int) -> tuple[str, ...]:
    """The lines of a whole show, wide enough for all of them."""
    performance = perform(BOOTLOG, seed=seed, seconds=3600, columns=700, machine=kind, trouble=trouble)
    assert performance.ended == "finished"
    return tuple(performance.lines)


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [(kind, trouble) for kind in KINDS for trouble in TROUBLES if kind == "laptop" or trouble in ("none", "disk")],
)
def test_nothing_contradicts_anything(kind: str, trouble: str) -> None:
    """Every boot of every kind of machine, with every trouble, holds all rules."""
    found = boots(list(played(kind, trouble, 1)))
    assert len(found) == 2
    for boot in found:
        check(boot)
    again(*found)


@pytest.mark.parametrize("seed", range(2, 6))
def test_many_machines(seed: int) -> None:
    """Other machines hold them, too."""
    for boot in boots(list(played(KINDS[seed % 3], TROUBLES[seed % 5], seed))):
        check(boot)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 400))
def test_very_many_machines(seed: int) -> None:
    """The campaign."""
    for boot in boots(list(played(KINDS[seed % 3], TROUBLES[seed // 3 % 5], seed))):
        check(boot)


Change = Callable[[list[str]], list[str]]


def swap(pattern: str, to: str, which: int = 0) -> Change:
    """Rewrite one of the lines in which a pattern is found."""

    def change(lines: list[str]) -> list[str]:
        number = [n for n, line in enumerate(lines) if re.search(pattern, line)][which]
        assert re.sub(pattern, to, lines[number]) != lines[number]
        return [*lines[:number], re.sub(pattern, to, lines[number]), *lines[number + 1 :]]

    return change


def drop(pattern: str, which: int = 0) -> Change:
    """Take one of the lines out in which a pattern is found."""

    def change(lines: list[str]) -> list[str]:
        number = [n for n, line in enumerate(lines) if re.search(pattern, line)][which]
        return [*lines[:number], *lines[number + 1 :]]

    return change


def double(pattern: str) -> Change:
    """Say something twice."""

    def change(lines: list[str]) -> list[str]:
        number = next(n for n, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[: number + 1], lines[number], *lines[number + 1 :]]

    return change


def move(pattern: str, behind: str) -> Change:
    """Let a line come later: behind one in which another pattern is found."""

    def change(lines: list[str]) -> list[str]:
        number = next(n for n, line in enumerate(lines) if re.search(pattern, line))
        line = lines.pop(number)
        place = next(n for n, other in enumerate(lines) if re.search(behind, other))
        return [*lines[: place + 1], line, *lines[place + 1 :]]

    return change


def unstarted(lines: list[str]) -> list[str]:
    """Take out that what fails was starting."""
    failed = next(line for line in lines if line.startswith("[FAILED]")).split()[4]
    return [line for line in lines if not re.match(rf" +Starting {failed} ", line)]


OK = r"^\[  OK  \] "
PLANTED: dict[str, tuple[str, Change]] = {
    "stamps ascend": ("none", swap(r"^\[ *\d+\.\d+\] smp: Brought", "[    0.000001] smp: Brought")),
    "the clock begins at zero": ("none", lambda lines: [line for line in lines if "[    0.000000]" not in line]),
    "the map ascends": ("none", move(r"BIOS-e820: .* ACPI NVS", r"BIOS-e820: .* ACPI data")),
    "nodes have all usable memory": ("none", drop(r"  node +0: \[mem")),
    "total pages": ("none", swap(r"Total pages: ", "Total pages: 9")),
    "the summary's total is the map's": ("none", swap(r"K/(\d+)K available", r"K/1\1K available")),
    "available and reserved": ("none", swap(r"Memory: (\d+)K", r"Memory: 1\1K")),
    "what is held is reserved": ("none", swap(r"\d+K reserved", "1000K reserved")),
    "the last page is the map's last": ("none", swap(r"last_pfn = 0x", "last_pfn = 0x1")),
    "nosave memory": ("none", drop(r"Registered nosave memory")),
    "the hole is a hole": ("none", swap(r"\[mem 0x\w+-(0x\w+)\] available", r"[mem 0x00100000-\1] available")),
    "RAMDISK is in memory": ("none", swap(r"RAMDISK: \[mem 0x\w(\w+)-0x\w", r"RAMDISK: [mem 0xf\1-0xf")),
    "initrd is freed whole": ("none", swap(r"initrd memory: (\d+)\dK", r"initrd memory: \g<1>1K")),
    "threads": ("none", swap(r"threads per package: +\d+", "threads per package:   3")),
    "each processor is brought up once": ("none", swap(r" #3\b", " #4")),
    "processors up": ("none", swap(r"node, \d+ CPUs", "node, 7 CPUs")),
    "BogoMIPS add up": ("none", swap(r"activated \(", "activated (9")),
    "loops follow from the clock": ("none", swap(r"Detected (\d+)\.", r"Detected 1\1.")),
    "pid_max": ("none", swap(r"pid_max: default: \d+", "pid_max: default: 1000")),
    "entries are a power of two": ("none", swap(r"Inode-cache hash table entries: ", r"\g<0>1")),
    "the order is the size's": ("none", swap(r"UDP hash (.*) \(order: \d+", r"UDP hash \1 (order: 1")),
    "a BAR lies in a window": ("none", swap(r"BAR 0 \[mem 0x\w+-0x\w+", "BAR 0 [mem 0x1000-0x1fff")),
    "a BAR is aligned": ("none", swap(r"BAR 0 \[mem (0x\w+)000-", r"BAR 0 [mem \g<1>040-")),
    "BARs do not overlap": ("none", double(r": BAR 0 \[mem")),
    "the date is the number": ("none", swap(r"system clock to (\d+)-\d\d", r"system clock to \1-12")),
    "audit counts": ("none", swap(r"audit\(([\d.]+):4\)", r"audit(\1:5)")),
    "audit's clock is the machine's": ("none", swap(r"audit\(\d(\d+)", r"audit(2\1", 1)),
    "the clock does not jump": ("none", swap(r"Marking stable \(", "Marking stable (1")),
    "a made-up address": ("none", swap(r"\b..:(..:..:..:..:..) \(try", r"54:\1 (try")),
    "used before it is found": ("none", drop(r"\]  nvme0n1: p1")),
    "built before": ("none", swap(r"\(20\d\d-", "(2031-")),
    "identifiers are drawn": ("none", swap(r"mounted filesystem .{8}", "mounted filesystem 01234567")),
    "files fit": ("none", swap(r"clean, ", "clean, 9999")),
    "blocks fit": ("none", swap(r"files, ", "files, 9999")),
    "the default target is reached": ("none", drop(OK + "Reached target graphical")),
    "ends as it began": ("none", swap(OK + "Finished apparmor", "[  OK  ] Activated swap apparmor")),
    "starts twice": ("none", double(r"^ +Starting dbus.service")),
    "fails without having begun": ("unit", unstarted),
    "never ends": ("none", drop(OK + "Started dbus.service")),
    "nothing ends twice": ("none", double(OK + "Started cron.service")),
    "comes after": ("none", move(OK + "Reached target sysinit.target", OK + "Reached target basic.target")),
    "found before it is checked": ("none", move(OK + "Found device dev-disk.* 1\\.$", r"^ +Mounting boot-efi.mount")),
    "the hint follows": ("unit", drop(r"^See 'systemctl status")),
    "what needs the device fails with it": ("disk", lambda lines: [line for line in lines if "[DEPEND]" not in line]),
    "systemctl lists what failed": ("unit", drop(r"^● ")),
    "and counts it": ("none", swap(r"^0 loaded units", "1 loaded units")),
    "systemd\\[1\\]|Created|user.slice": ("none", drop(r"systemd\[1\]: Created slice user.slice")),
    "the parts add up": ("none", swap(r"\(kernel\) \+ ", "(kernel) + 9")),
    "systemd begins when the kernel is done": (
        "none",
        swap(r"(\d)(\.\d+s \(kernel\) .* = )(\d+)", lambda m: f"{(int(m[1]) + 1) % 10}{m[2]}{int(m[3]) + 1}"),
    ),
    "the target is reached within it": ("none", swap(r"reached after ", "reached after 99")),
}  # fmt: skip


@pytest.mark.parametrize("rule", PLANTED)
def test_the_checker_sees_a_planted_error(rule: str) -> None:
    """Each rule catches an error that breaks it."""
    trouble, change = PLANTED[rule]
    (first, *_) = boots(list(played("laptop", trouble, 1)))
    with pytest.raises(AssertionError, match=rule):
        check(Boot(change(list(first.lines))))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("another machine", swap(r"Command line: .*UUID=\w", "Command line: UUID=x")),
        ("files come and go", swap(r"clean, \d", "clean, ")),
        ("blocks come and go", swap(r"files, \d", "files, ")),
        ("clock goes on", swap(r"sched offset of ", "sched offset of 9")),
    ],
)
def test_two_boots_are_of_one_machine(rule: str, change: Change) -> None:
    """What says otherwise is caught."""
    first, second = boots(list(played("vm", "none", 1)))
    again(first, second)
    with pytest.raises(AssertionError, match=rule):
        again(first, Boot(change(list(second.lines))))
