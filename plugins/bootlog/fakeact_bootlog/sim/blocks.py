"""Blocks of the kernel's lines that are different on each machine."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from fakeact_bootlog.sim.arithmetic import TABLES, table_line
from fakeact_bootlog.sim.figures import Figures
from fakeact_bootlog.sim.firmware import acpi_tables
from fakeact_bootlog.sim.memory import MIB, PAGE, Range

_FIELDS = (
    "version",
    "bit width",
    "generic registers",
    "value mask",
    "max period",
    "fixed-purpose events",
    "event mask",
)


class Blocks(Figures):
    """Each method gives the lines that ``@name`` stands for in the data."""

    def _e820(self) -> list[str]:
        return [f"BIOS-e820: {each} {each.kind}" for each in self.machine.memory.ranges]

    def _extended(self) -> list[str]:
        """The map once more, with the room that the boot stub's data takes cut out of it."""
        main, size = self._main, self._rng.randint(0x8000, 0x40000) // 0x40 * 0x40
        cut = main.end - self._rng.randint(7000, 9000) * PAGE + 0x18
        lines = []
        for each in self.machine.memory.ranges:
            edges = [each.start, cut, cut + size, each.end] if each.start <= cut < each.end else [each.start, each.end]
            lines += [f"{Range(start, end)} {each.kind}" for start, end in pairwise(edges)]
        return ["extended physical RAM map:", *(f"reserve setup_data: {line}" for line in lines)]

    def _acpi(self) -> list[str]:
        return acpi_tables(self.machine, self._values["acpi_rsdp"])

    def _numa(self) -> list[str]:
        memory = self.machine.memory
        bounds = list(pairwise(memory.bounds))
        nodes = [Range(start, end) for start, end in bounds]
        if len(nodes) == 1:
            lines = ["No NUMA configuration found", f"Faking a node at {nodes[0]}"]
        else:
            first = [Range(0, 0xA0000), Range(MIB, memory.low_top), Range(1 << 32, nodes[0].end)]
            lines = [f"ACPI: SRAT: Node 0 PXM 0 {each.short}" for each in first]
            lines.append(f"ACPI: SRAT: Node 1 PXM 1 {nodes[1].short}")
        size = 0x2A980
        return [
            *lines,
            *(
                f"NODE_DATA({node}) allocated {Range(each.end - size, each.end).short}"
                for node, each in enumerate(nodes)
            ),
        ]

    def _zones(self) -> list[str]:
        zones = [f"  {name:<8} {each or 'empty'}" for name, each in self.machine.memory.zones]
        return [*zones, "  Device   empty"]

    def _nodes(self) -> list[str]:
        memory = self.machine.memory
        ranges = [f"  node {node:>3}: {each}" for node, each in memory.node_ranges]
        starts: dict[int, int] = {}
        for node, each in memory.node_ranges:
            starts.setdefault(node, each.start)
        setup = [f"Initmem setup node {node} {Range(start, memory.bounds[node + 1])}" for node, start in starts.items()]
        return ranges + setup

    def _unavailable(self) -> list[str]:
        return [
            f"On node {node}, zone {zone}: {pages} pages in unavailable ranges"
            for node, zone, pages in self.machine.memory.unavailable
        ]

    def _ioapic(self) -> list[str]:
        if self.machine.kind != "server":
            number, version = (0, 17) if self.machine.kind == "vm" else (2, 32)
            return [f"IOAPIC[0]: apic_id {number}, version {version}, address 0xfec00000, GSI 0-{self._gsis - 1}"]
        lines = ["IOAPIC[0]: apic_id 240, version 33, address 0xfec00000, GSI 0-23"]
        for number in range(1, 1 + 4 * self.machine.packages):
            first = 24 + 32 * (number - 1)
            address = 0xFE100000 + 0x100000 * number if number < 5 else 0xFD700000 - 0x100000 * number
            lines.append(
                f"IOAPIC[{number}]: apic_id {240 + number}, version 33, address {address:#x}, GSI {first}-{first + 31}"
            )
        return lines

    def _nosave(self) -> list[str]:
        return [f"PM: hibernation: Registered nosave memory: {gap.short}" for gap in self.machine.memory.gaps]

    def _hash(self, name: str) -> list[str]:
        assert name in TABLES or name == "Table-perturb"
        return [table_line(name, self.machine.memory.pages, spread=self.machine.nodes > 1)]

    def _xsave(self) -> list[str]:
        features = {2: 256}
        names = {}
        if self.machine.cpu["vendor"] == "amd" and self.machine.cpu["model"] == 17:
            names = {5: "AVX-512 opmask", 6: "AVX-512 Hi256", 7: "AVX-512 ZMM_Hi256"}
            features |= {5: 64, 6: 512, 7: 1024}
        names[9] = "Protection Keys User registers"
        features[9] = 8
        lines = [f"x86/fpu: Supporting XSAVE feature {1 << bit:#05x}: '{name}'" for bit, name in names.items()]
        offset = 576
        for bit, size in features.items():
            lines.append(f"x86/fpu: xstate_offset[{bit}]: {offset:>4}, xstate_sizes[{bit}]: {size:>4}")
            offset += size
        mask = 3 | sum(1 << bit for bit in features)
        return [
            *lines,
            f"x86/fpu: Enabled xstate features {mask:#x}, context size is {offset} bytes, using 'compacted' format.",
        ]

    def _pmu(self) -> list[str]:
        if self.machine.kind == "vm":
            return ["Performance Events: PMU not available due to virtualization, using software events only."]
        if self.machine.cpu["vendor"] == "intel":
            title = (
                "XSAVE Architectural LBR, PEBS fmt4+-baseline,  AnyThread deprecated, "
                "Alderlake Hybrid events, 32-deep LBR, full-width counters, Intel PMU driver."
            )
            values = "5", "48", "6", "0000ffffffffffff", "00007fffffffffff", "4", "0001000f0000003f"
        else:
            title = "Fam17h+ 16-deep LBR, core perfctr, AMD PMU driver."
            values = "2", "48", "6", "0000ffffffffffff", "00007fffffffffff", "0", "000000000000003f"
        rows = [f"... {name + ':':<24}{value}" for name, value in zip(_FIELDS, values, strict=True)]
        return [f"Performance Events: {title}", *rows]

    def _smp(self) -> list[str]:
        cpus, nodes, threads = self.machine.cpus, self.machine.nodes, self.machine.cpu["threads"]
        share = cpus // nodes // threads if nodes > 1 else cpus
        width, lines, last = len(str(cpus)) + 1, [], -1
        for cpu in range(1, cpus):
            node = cpu // share % nodes
            if node != last:
                lines.append(f".... node  #{node}, CPUs:  " + (" " * (width + 1) if cpu == 1 else ""))
                last = node
            lines[-1] += " " * (width - len(str(cpu))) + f"#{cpu}"
        return lines

    def _deferred(self) -> list[str]:
        share = self.machine.memory_gib / self.machine.nodes
        return [
            f"node {node} deferred pages initialised in {max(4, round(share * self._rng.uniform(0.7, 1.0) / 4) * 4)}ms"
            for node in range(self.machine.nodes)
        ]

    def _nvs(self) -> list[str]:
        return [
            f"ACPI: PM: Registering ACPI NVS region {each.short} ({each.end - each.start} bytes)"
            for each in self.machine.nvs
        ]

    def audit_time(self, at: float) -> str:
        """The date of a moment as audit writes it: seconds since 1970, in steps of a jiffy."""
        return f"{self.epoch + round(at * 250) / 250:.3f}"

    def _audit(self) -> list[str]:
        return [f"audit: type=2000 audit({self.audit_time(self._now)}:1): state=initialized audit_enabled=0 res=1"]

    def _pci(self) -> list[str]:
        root = "PCI0" if self.machine.kind == "vm" else "PC00"
        buses = "00-ff" if self.machine.kind == "vm" else "00-fe"
        hid = "PNP0A03" if self.machine.kind == "vm" else "PNP0A08"
        osc = f"acpi {hid}:00: _OSC:"
        lines = [f"ACPI: PCI Root Bridge [{root}] (domain 0000 [bus {buses}])"]
        if self.machine.efi:
            lines.append(f"{osc} OS supports [ExtendedConfig ASPM ClockPM Segments MSI HPX-Type3]")
            lines.append(f"{osc} OS now controls [PCIeHotplug SHPCHotplug PME AER PCIeCapability LTR]")
        else:
            lines += _conventional(osc)
        lines.append("PCI host bridge to bus 0000:00")
        lines += [f"pci_bus 0000:00: root bus resource {window}" for window in self.buses.windows()]
        return [*lines, f"pci_bus 0000:00: root bus resource [bus {buses}]", *self.buses.found()]

    def _windows(self) -> list[str]:
        bridges = [line for each in self.buses.functions if each.bus for line in self.buses.bridge(each)]
        windows = [f"pci_bus 0000:00: resource {4 + i} {window}" for i, window in enumerate(self.buses.windows())]
        return bridges + windows

    def _rtc(self) -> list[str]:
        moment = datetime.fromtimestamp(self.epoch, UTC) + timedelta(seconds=int(self._now))
        name = self._values["rtc_name"]
        return [f"rtc_cmos {name}: setting system clock to {moment:%Y-%m-%dT%H:%M:%S} UTC ({int(moment.timestamp())})"]

    def _microcode(self) -> list[str]:
        if self.machine.kind == "vm":
            return []
        now = "0x00004128" if self.machine.cpu["vendor"] == "intel" else "0x0a10113e"
        return [f"microcode: Current revision: {now}"]

    def _sched_clock(self) -> list[str]:
        now = round(self._now * 1e9)
        offset, other = self._rng.randint(2 * 10**5, 9 * 10**6), self._rng.randint(10**7, 9 * 10**8)
        return [f"sched_clock: Marking stable ({now + offset}, -{offset})->({now + other}, -{other})"]

    def _demotion(self) -> list[str]:
        return [f"Demotion targets for Node {node}: null" for node in range(self.machine.nodes)]


def _conventional(osc: str) -> list[str]:
    """What is said of QEMU's PC, which has no PCI Express."""
    return [
        f"{osc} OS supports [ASPM ClockPM Segments MSI HPX-Type3]",
        f"{osc} not requesting OS control; OS requires [ExtendedConfig ASPM ClockPM MSI]",
        (
            "acpi PNP0A03:00: fail to add MMCONFIG information, "
            "can't access extended configuration space under this bridge"
        ),
        *(f"acpiphp: Slot [{slot}] registered" for slot in range(3, 32)),
    ]
