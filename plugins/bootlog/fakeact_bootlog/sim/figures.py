"""The figures of a kernel that starts on a machine: what its lines are filled with."""

import math
import random
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from fakeact_bootlog.catalogue import machines
from fakeact_bootlog.sim.arithmetic import bogomips, clocksource, entries, power, reserved_kib
from fakeact_bootlog.sim.machine import Machine
from fakeact_bootlog.sim.memory import GIB, KIB, MIB, PAGE, Range, zone
from fakeact_bootlog.sim.pci import Buses

_SWIOTLB = 64 * MIB


class Figures:
    """What follows from a machine, for a kernel that starts on it at a moment."""

    def __init__(self, machine: Machine, began: datetime, rng: random.Random, *, quiet: bool) -> None:
        self.machine, self._rng, self._quiet = machine, rng, quiet
        self.began = began.astimezone(UTC)
        self.epoch = int(self.began.timestamp())
        """The second in which the clock began, as audit counts."""
        self.buses = Buses(machine.facts, machine.memory.pci_gap, rng, conventional=machine.kind == "vm")
        self._now = 0.0

    @cached_property
    def _main(self) -> Range:
        """The large usable range below 4 GiB."""
        low = [each for each in self.machine.memory.usable if each.end <= 1 << 32]
        return max(low, key=lambda each: each.end - each.start)

    @cached_property
    def _ramdisk(self) -> Range:
        end = self._main.end - self._rng.randint(16, 6000) * PAGE
        return Range(end - self.machine.initrd, end)

    @property
    def cmdline(self) -> str:
        """What the boot loader hands over."""
        words = [f"root=UUID={self.machine.root.uuid}", "ro"]
        words += ["quiet", "systemd.show_status=yes"] if self._quiet else []
        words += ["console=tty0", "console=ttyS0,115200n8"] if self.machine.kind != "laptop" else []
        return " ".join(words)

    @cached_property
    def _values(self) -> dict[str, Any]:
        distribution: dict[str, Any] = machines()["distribution"]
        software = self.machine.software
        image = f"/boot/vmlinuz-{software.release}"
        parts = (
            self._hpet_values(),
            self._firmware_values(),
            self._cpu_values(),
            self._memory_values(),
            self._device_values(),
        )
        values: dict[str, Any] = distribution | self.machine.facts["timing"] | {"image": image, "cmdline": self.cmdline}
        values |= {"release": software.release, "package": software.version, "key": software.key}
        for part in parts:
            values |= part
        return values

    def _firmware_values(self) -> dict[str, Any]:
        machine, acpi = self.machine, self.machine.acpi
        low = [each for each in machine.memory.ranges if each.kind == "reserved" and each.start > MIB]
        held = low[0].start
        return {
            "efi_version": "2.8" if machine.kind == "laptop" else "2.9",
            "bios_vendor": machine.vendor,
            "dmi": machine.dmi,
            "slots": {"laptop": 2, "server": 12 * machine.packages, "vm": 1}[machine.kind],
            "smbios_version": {"laptop": "3.4.0", "server": "3.6.0", "vm": "2.8"}[machine.kind],
            "smbios": held + 0xB000,
            "smbios_low": held + 0xC000,
            "tpm_log": acpi.start - 0x19000,
            "memattr": self._main.end - 0x6A0000 + 0x18,
            "initrd_table": self._main.end - 0x6B0000 + 0x98,
            "acpi_base": acpi.end - 0x2000,
            "acpi_rsdp": acpi.end - 0x2000 + 0x14,
            "pm_port": 0x608 if machine.kind == "vm" else 0x1808 if machine.kind == "laptop" else 0x808,
            "aml_tables": {"laptop": 14, "server": 6, "vm": 1}[machine.kind],
            "sleep_states": {"laptop": "S0 S4 S5", "server": "S0 S5", "vm": "S0 S3 S4 S5"}[machine.kind],
            "gpes": {"laptop": 8, "server": 2, "vm": 2}[machine.kind],
            "gpe_last": {"laptop": "7F", "server": "1F", "vm": "0F"}[machine.kind],
            "hypervisor": "KVM" if machine.kind == "vm" else "bare hardware",
            "ecam_start": 0xE0000000,
            "ecam_end": 0xEFFFFFFF,
            "boot_services": machine.boot_services // KIB,
        }

    def _hpet_values(self) -> dict[str, Any]:
        """The event timer: QEMU's, Intel's, AMD's."""
        if self.machine.kind == "vm":
            names = "8086a201", 19112604467, "100.000000", 3, ""
        elif self.machine.cpu["vendor"] == "intel":
            names = "8086a201", 99544814920, "19.200000", 8, ", 0" * 5
        else:
            names = "10228210", 133484873504, "14.318180", 3, ""
        return dict(zip(("hpet_id", "hpet_idle", "hpet_mhz", "hpet_comparators", "hpet_irqs"), names, strict=True))

    def _cpu_values(self) -> dict[str, Any]:
        machine, cpu = self.machine, self.machine.cpu
        cpus, nodes, intel = machine.cpus, machine.nodes, cpu["vendor"] == "intel"
        mips, loops = bogomips(machine.khz)
        cycles, idle = clocksource(machine.khz)
        refined = machine.khz + self._rng.randint(-25, 25)
        later = clocksource(refined)
        levels = math.ceil((power(-(-cpus // nodes)).bit_length() - 1) / 3) or 1
        return {
            "mhz": machine.khz / 1000,
            "cpus": cpus,
            "packages": machine.packages,
            "threads": cpu["threads"],
            "cores": cpu["cores"],
            "package_threads": cpus // machine.packages,
            "cpu_name": cpu["name"],
            "family": cpu["family"],
            "model": cpu["model"],
            "stepping": cpu["stepping"],
            "node_count": nodes,
            "node_s": "s" if nodes > 1 else "",
            "tsc_cycles": cycles,
            "tsc_idle": idle,
            "bogomips": mips,
            "lpj": loops,
            "calibration": " preset value.." if machine.kind == "vm" else ", value calculated using timer frequency..",
            "total_bogomips": bogomips(machine.khz, cpus)[0],
            "rcu_shift": power(cpus).bit_length() - 1,
            "swiotlb_areas": power(cpus),
            "percpu_unit": 2 * MIB // min(4, power(cpus)),
            "pid_max": max(32768, 1024 * cpus),
            "pid_min": max(301, 8 * cpus),
            "nr_irqs": 16 + self._gsis + 8 * cpus + 16 * self._gsis,
            "timer_levels": levels + (nodes > 1),
            "timer_crossnode": levels,
            "futex": power(256 * cpus),
            "futex_order": (power(256 * cpus) * 64 // PAGE).bit_length() - 1,
            "futex_bytes": power(256 * cpus) * 64,
            "hash_kind": "linear" if nodes == 1 else "vmalloc hugepage" if power(256 * cpus) >= 1 << 15 else "vmalloc",
            "itlb": "0, 2MB 0, 4MB 0" if intel else "512, 2MB 512, 4MB 256",
            "dtlb": "0, 2MB 0, 4MB 0, 1GB 0" if intel else "3072, 2MB 3072, 4MB 1536, 1GB 0",
            "sigframe": 1776 if intel else 3376,
            "refined": refined / 1000,
            "refined_cycles": later[0],
            "refined_idle": later[1],
            "cls": 0 if machine.kind == "vm" else 64,
            "early_clock": "kvm-clock" if machine.kind == "vm" else "tsc-early",
            "kvm_offset": (self.began - machine.created) // timedelta(microseconds=1) * 1000
            + self._rng.randrange(1000),
        }

    def _memory_values(self) -> dict[str, Any]:
        machine, memory = self.machine, self.machine.memory
        bounce = _SWIOTLB if memory.top > 4 * GIB else 0
        held = (machine.initrd + machine.boot_services + bounce) // KIB
        reserved = reserved_kib(memory.pages, machine.cpus, held_kib=held) + self._rng.randint(6000, 12000) // 4 * 4
        physical = memory.pages * PAGE // KIB
        used = self._rng.randint(3000, 6000) // 4 * 4 + 260 * machine.cpus
        variable = 5 if machine.efi else 1
        return {
            "last_pfn": memory.top // PAGE,
            "max_pfn": 0x10000000000 if machine.cpu["model"] == 17 else 0x400000000,
            "low_pfn": memory.low_top // PAGE,
            "mtrr": 3 + variable,
            "mtrr_variable": variable,
            "mtrr_max": 23 if machine.cpu["vendor"] == "intel" else 19,
            "mtrr_registers": 10 if machine.cpu["vendor"] == "intel" else 9 if machine.efi else 8,
            "ramdisk_start": self._ramdisk.start,
            "ramdisk_end": self._ramdisk.end - 1,
            "pci_gap_start": memory.pci_gap.start,
            "pci_gap_end": memory.pci_gap.end - 1,
            "pages": memory.pages,
            "policy_zone": zone(memory.top - 1),
            "physical": physical,
            "reserved": reserved,
            "available": physical - reserved - used,
            "block_mb": 2048 if machine.efi and memory.top >= 64 << 30 else 128,
            "dma_pool": min(4096, power(128 * machine.memory_gib)),
            "tcp_established": entries("TCP established", memory.pages),
            "tcp_bind": entries("TCP bind", memory.pages),
            "swiotlb_start": self._ramdisk.start - _SWIOTLB,
            "swiotlb_end": self._ramdisk.start,
            "max_order": (memory.pages - reserved // 4 - 1).bit_length(),
            "initrd": machine.initrd // KIB,
        }

    def _device_values(self) -> dict[str, Any]:
        machine = self.machine
        width, height = (1920, 1200) if machine.kind == "laptop" else (1024, 768)
        kib = width * height * 4 // KIB
        gpu = self.buses.find("gpu")
        return {
            "fb_base": gpu[0].bars[-1][1].start if gpu else 0xDE000000,
            "fb_width": width,
            "fb_height": height,
            "fb_line": width * 4,
            "fb_kib": kib,
            "fb_columns": width // 8,
            "fb_rows": height // 16,
            "pnp_devices": {"laptop": 7, "server": 5, "vm": 6}[machine.kind],
            "tpm_name": "NTC0702:00" if machine.kind == "laptop" else "MSFT0101:00",
            "tpm_id": "0xFC" if machine.kind == "laptop" else "0x1D",
            "tpm_rev": 1 if machine.kind == "laptop" else 54,
            "kbd_irqs": "1,12" if machine.kind == "vm" else "1",
            "console_device": "VGA+" if machine.kind == "vm" else "dummy device",
            "kbd_name": "KBD,PNP0f13:MOU" if machine.kind == "vm" else "PS2K",
            "rtc_name": "00:05" if machine.kind == "vm" else "00:01" if machine.kind == "server" else "rtc_cmos",
            "rtc_alarms": "one day" if machine.kind == "vm" else "one month",
            "rtc_nvram": 242 if machine.kind == "laptop" else 114,
            "rtc_hpet": "" if machine.kind == "laptop" else ", hpet irqs",
        }

    @property
    def _gsis(self) -> int:
        return {"laptop": 120, "server": 24 + 128 * self.machine.packages, "vm": 24}[self.machine.kind]
