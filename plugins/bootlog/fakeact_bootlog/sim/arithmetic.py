"""Figures the kernel works out while it starts, by its own formulas (6.12)."""

from typing import NamedTuple

_PAGE_SHIFT = 12


def clocksource(khz: int) -> tuple[int, int]:
    """Cycles and nanoseconds after which a 64-bit clock of a frequency may overflow: kernel/time/clocksource.c.

    >>> cycles, idle = clocksource(2445411)
    >>> hex(cycles), idle
    ('0x233fc9783a5', 440795246350)
    """
    accuracy, wide = 32, 600_000 * khz >> 32
    while wide:
        wide, accuracy = wide >> 1, accuracy - 1
    shift = next(shift for shift in range(32, 0, -1) if not (((1_000_000 << shift) + khz // 2) // khz) >> accuracy)
    mult = ((1_000_000 << shift) + khz // 2) // khz
    adjust = mult * 11 // 100
    cycles = (2**64 - 1) // (mult + adjust)
    return cycles, (cycles * (mult - adjust) >> shift) >> 1


def bogomips(khz: int, cpus: int = 1) -> tuple[str, int]:
    """BogoMIPS of so many processors as printed, and the loops a jiffy of one takes: calibrate.c with HZ=250.

    >>> bogomips(2445411)
    ('4890.82', 9781644)
    """
    loops = khz * 4
    return f"{loops * cpus // 2000}.{loops * cpus // 20 % 100:02d}", loops


class Table(NamedTuple):
    """A hash table whose size follows from the memory: bytes an entry takes, and memory for one entry, as a power."""

    entry: int
    scale: int
    limit: int = 1 << 40


TABLES = {
    "Dentry cache": Table(8, 13),
    "Inode-cache": Table(8, 14),
    "Mount-cache": Table(8, 19),
    "Mountpoint-cache": Table(8, 19),
    "IP idents": Table(8, 16, 1 << 18),
    "tcp_listen_portaddr_hash": Table(16, 21, 1 << 16),
    "TCP established": Table(8, 17, 1 << 19),
    "TCP bind": Table(32, 17, 1 << 16),
    "MPTCP token": Table(24, 20, 1 << 16),
    "UDP": Table(32, 21, 1 << 16),
    "UDP-Lite": Table(32, 21, 1 << 16),
}


def power(number: int) -> int:
    """The next power of two.

    >>> power(5), power(8)
    (8, 8)
    """
    return 1 << max(0, number - 1).bit_length()


def entries(name: str, pages: int) -> int:
    """Entries of a table on a machine with so many pages: alloc_large_system_hash in mm/mm_init.c.

    >>> entries("Dentry cache", 1047059), entries("TCP established", 1047059)
    (524288, 32768)
    """
    table = TABLES[name]
    rounded, scale, adapted = -(-pages // 256) * 256, table.scale, 1 << (36 - _PAGE_SHIFT)
    while adapted < rounded:
        adapted, scale = adapted << 2, scale + 1
    return min(power(rounded >> (scale - _PAGE_SHIFT)), table.limit)


def table_line(name: str, pages: int, *, spread: bool = False) -> str:
    """What is printed of a table; it is *spread* over the nodes where there are several.

    >>> table_line("MPTCP token", 1047059)
    'MPTCP token hash table entries: 4096 (order: 5, 98304 bytes, linear)'
    """
    if name == "Table-perturb":
        count, size = 65536, 262144
    else:
        count = entries(name, pages)
        size = count * TABLES[name].entry
    order = power(size).bit_length() - 1 - _PAGE_SHIFT
    kind = "linear" if not spread else "vmalloc hugepage" if size >= 1 << 21 else "vmalloc"
    return f"{name} hash table entries: {count} (order: {max(order, 0)}, {size} bytes, {kind})"


def reserved_kib(pages: int, cpus: int, *, held_kib: int) -> int:
    """Memory that is not handed out: the kernel, a descriptor for each page, tables, per-CPU areas, what is held."""
    kernel = 16384 + 2499 + 11840 + 4180 + 4880
    tables = (entries("Dentry cache", pages) + entries("Inode-cache", pages)) * 8 // 1024
    return kernel + pages * 64 // 1024 + tables + cpus * 66 * 4 + held_kib
