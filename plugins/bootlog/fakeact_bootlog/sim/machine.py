"""A machine and what it is made of, drawn so that everything fits."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from fakeact_bootlog.catalogue import Software, machines, software
from fakeact_bootlog.sim.memory import GIB, KIB, MIB, PAGE, MemoryMap, Range, lay_out

_ECAM = Range(0xE0000000, 0xF0000000)


@dataclass(frozen=True)
class Partition:
    """A filesystem or swap space, where it is and where it goes."""

    device: str
    """``nvme0n1p2``."""
    uuid: str
    kind: str
    """``ext4``, ``vfat``, ``swap``, ``xfs``."""
    where: str
    size: int
    """Bytes."""
    label: str
    """What its device unit is described with, once it has been found."""

    @property
    def inodes(self) -> int:
        """Files that mkfs.ext4 makes room for: one in 16 KiB."""
        return self.size // 16384

    @property
    def blocks(self) -> int:
        """Blocks of 4 KiB."""
        return self.size // 4096


@dataclass(frozen=True)
class Nic:
    """A network interface."""

    name: str
    mac: str
    at: str
    """The PCI address."""


@dataclass(frozen=True)
class Machine:
    """A computer that is going to be started."""

    kind: str
    host: str
    user: str
    dmi: str
    vendor: str
    oem: str
    cpu: dict[str, Any]
    packages: int
    memory_gib: int
    memory: MemoryMap
    nvs: tuple[Range, ...]
    acpi: Range
    initrd: int
    """Bytes of the initramfs as it is loaded."""
    boot_services: int
    """Bytes that firmware still holds and that are freed later."""
    disk: dict[str, Any]
    drives: tuple[dict[str, Any], ...]
    partitions: tuple[Partition, ...]
    nics: tuple[Nic, ...]
    khz: int
    software: Software
    created: datetime
    """When a virtual machine's clock began to count."""
    files: int
    blocks: int
    """Inodes and blocks of 4 KiB that are in use on /."""
    lost: str
    """What identifies a file system that is in /etc/fstab and nowhere else."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the catalogue says of its kind."""
        found: dict[str, Any] = machines()["kinds"][self.kind]
        return found

    @property
    def efi(self) -> bool:
        """Whether it was started by UEFI."""
        return self.kind != "vm"

    @cached_property
    def cpus(self) -> int:
        """Logical processors."""
        count: int = self.cpu.get("cpus") or self.cpu["cores"] * self.cpu["threads"] * self.packages
        return count

    @property
    def nodes(self) -> int:
        """NUMA nodes: one for each package."""
        return self.packages

    @property
    def root(self) -> Partition:
        """Where / is."""
        return next(each for each in self.partitions if each.where == "/")

    def traits(self) -> set[str]:
        """The conditions of the kernel's lines that hold."""
        held = {self.kind, self.cpu["vendor"]}
        held |= {"efi", "tpm", "fb"} if self.efi else {"kvm"}
        held |= {"serial"} if self.kind != "laptop" else set()
        held |= {"numa"} if self.nodes > 1 else set()
        held |= {"high"} if self.memory.top > 4 * GIB else set()
        return held - ({"intel", "amd"} if self.kind == "vm" else set())


def assemble(kind: str, rng: random.Random, now: datetime) -> Machine:
    """Roll a machine of a kind, as it would stand there today."""
    facts = machines()["kinds"][kind]
    product, cpu = rng.choice(facts["products"]), dict(rng.choice(facts["cpus"]))
    cpu["cores"] = rng.choice(cpu.get("cores_choice", [cpu["cores"]]))
    packages = rng.choice(cpu.get("packages", [1]))
    gib = rng.choice(facts["memory_gib"])
    built = now - timedelta(days=rng.randint(60, 500))
    memory, nvs, acpi = _bios_map(gib, rng) if kind == "vm" else _efi_map(gib, packages, rng)
    disk = rng.choice(facts["disks"])
    drives = (rng.choice(facts["drives"]),) * rng.choice((4, 6, 8)) if "drives" in facts else ()
    partitions = _partitions(kind, disk, drives, rng)
    root = next(each for each in partitions if each.where == "/")
    return Machine(
        kind=kind,
        host=rng.choice(facts["hosts"]) + ("" if kind == "laptop" else f"{rng.randint(1, 24):02d}"),
        user=rng.choice(machines()["users"]),
        dmi=product["dmi"].format(minor=rng.randint(2, 28), date=f"{built:%m/%d/%Y}"),
        vendor=product["vendor"],
        oem=product["oem"],
        cpu=cpu,
        packages=packages,
        memory_gib=gib,
        memory=memory,
        nvs=nvs,
        acpi=acpi,
        initrd=rng.randint(30_000, 46_000) * KIB // PAGE * PAGE,
        boot_services=rng.randint(40_000, 120_000) // 4 * 4 * KIB if kind != "vm" else 0,
        disk=disk,
        drives=drives,
        partitions=partitions,
        nics=_nics(kind, rng),
        khz=round(cpu["mhz"] * 1000) + rng.randint(-40, 40),
        software=software(now.date()),
        created=(now - timedelta(seconds=rng.lognormvariate(11.0, 2.0))).astimezone(UTC),
        files=rng.randint(root.inodes // 40, root.inodes // 6),
        blocks=rng.randint(root.blocks // 8, root.blocks * 3 // 5),
        lost=_uuid(rng),
    )


def _pages(rng: random.Random, least: int, most: int) -> int:
    return rng.randint(least, most) * PAGE


def _efi_map(gib: int, nodes: int, rng: random.Random) -> tuple[MemoryMap, tuple[Range, ...], Range]:
    """As UEFI firmware leaves it: memory below 4 GiB up to a limit, the rest of it above."""
    limit = rng.choice((0x70000000, 0x78000000, 0x80000000))
    nvs, data, tail = _pages(rng, 300, 1400), _pages(rng, 40, 140), _pages(rng, 600, 1400)
    held = _pages(rng, 3000, 9000)
    stolen = limit - 0x6C000000
    low = [(0x9F000, "usable"), (0x61000, "reserved")]
    used = 0x100000 + held + nvs + data + tail + stolen
    low += [(limit - used, "usable"), (held, "reserved"), (nvs, "ACPI NVS"), (data, "ACPI data"), (tail, "usable")]
    ranges = lay_out([*low, (stolen, "reserved")])
    fixed = [_ECAM, Range(0xFE000000, 0xFE011000), Range(0xFEC00000, 0xFEC01000), Range(0xFED00000, 0xFED04000)]
    fixed += [Range(0xFEE00000, 0xFEE01000), Range(0xFF000000, 0x100000000)]
    ranges += [Range(each.start, each.end, "reserved") for each in fixed]
    ranges.append(Range(4 * GIB, 4 * GIB + gib * GIB - limit))
    areas = {each.kind: each for each in ranges}
    return MemoryMap(tuple(ranges), nodes), (areas["ACPI NVS"],), areas["ACPI data"]


def _bios_map(gib: int, _rng: random.Random) -> tuple[MemoryMap, tuple[Range, ...], Range]:
    """As SeaBIOS leaves it on QEMU's PC: 3 GiB below 4 GiB at the most, the rest of it above."""
    limit = min(gib, 3) * GIB
    pieces = [(0x9FC00, "usable"), (0x400, "reserved"), (0x50000, ""), (0x10000, "reserved")]
    ranges = lay_out([*pieces, (limit - 0x100000 - 0x23000, "usable"), (0x23000, "reserved")])
    ranges += [Range(0xFEFFC000, 0xFF000000, "reserved"), Range(0xFFFC0000, 0x100000000, "reserved")]
    if gib > 3:
        ranges.append(Range(4 * GIB, 4 * GIB + gib * GIB - limit))
    ranges.append(Range(0xFD00000000, 0x10000000000, "reserved"))
    return MemoryMap(tuple(ranges)), (), Range(limit - 0x23000, limit)


def _uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    digits = f"{digits[:12]}4{digits[13:16]}{'89ab'[rng.randrange(4)]}{digits[17:]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _fat_uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(32):08X}"
    return f"{digits[:4]}-{digits[4:]}"


def _partitions(
    kind: str, disk: dict[str, Any], drives: tuple[dict[str, Any], ...], rng: random.Random
) -> tuple[Partition, ...]:
    size, model = disk["sectors"] * 512, disk["model"].replace(" ", "_")
    if kind == "vm":
        return (Partition("vda1", _uuid(rng), "ext4", "/", size - 2 * MIB, "1"),)
    swap = rng.choice((8, 16, 32)) * GIB
    parts = [
        Partition("nvme0n1p1", _fat_uuid(rng), "vfat", "/boot/efi", 512 * MIB, f"{model} 1"),
        Partition("nvme0n1p2", _uuid(rng), "ext4", "/", size - swap - 514 * MIB, f"{model} 2"),
        Partition("nvme0n1p3", _uuid(rng), "swap", "", swap, f"{model} 3"),
    ]
    if drives:
        parts.append(
            Partition("sda1", _uuid(rng), "xfs", "/srv", drives[0]["sectors"] * 512 - MIB, f"{drives[0]['model']} 1")
        )
    return tuple(parts)


def _nics(kind: str, rng: random.Random) -> tuple[Nic, ...]:
    """Interfaces whose addresses are locally administered: the second lowest bit of the first byte is set."""
    mac = f"{rng.choice('0123456789abcdef')}{rng.choice('26ae')}" + "".join(
        f":{rng.randrange(256):02x}" for _ in range(4)
    )
    last = rng.randrange(0, 254, 2)
    names = {"laptop": ["wlp0s20f3"], "server": ["enp2s0f0", "enp2s0f1"], "vm": ["ens3"]}[kind]
    at = {"laptop": "0000:00:14.3", "server": "0000:02:00.", "vm": "virtio0"}[kind]
    return tuple(
        Nic(name, f"{mac}:{last + index:02x}", f"{at}{index}" if kind == "server" else at)
        for index, name in enumerate(names)
    )
