"""The tables that firmware leaves for the operating system."""

from fakeact_bootlog.sim.machine import Machine
from fakeact_bootlog.sim.memory import Range

_SIZES = {
    "FACP": 0x114, "DSDT": 0x9A3B1, "SSDT": 0x2D70, "TPM2": 0x4C, "HPET": 0x38, "APIC": 0x1DC, "MCFG": 0x3C,
    "SRAT": 0x7A0, "DMAR": 0x88, "IVRS": 0x1F0, "FPDT": 0x44, "BGRT": 0x38,
}  # fmt: skip
_TABLES = {
    "laptop": ("FACP", "DSDT", "SSDT", "TPM2", "HPET", "APIC", "MCFG", "DMAR", "FPDT", "BGRT"),
    "server": ("FACP", "DSDT", "SSDT", "HPET", "APIC", "MCFG", "SRAT", "TPM2", "IVRS", "BGRT"),
}


def acpi_tables(machine: Machine, rsdp: int) -> list[str]:
    """The tables in their order, and the memory that they keep."""
    if machine.kind == "vm":
        return _bochs(machine.acpi)
    name = f"{machine.oem:<6} {machine.oem[:4]}BIOS 01072009"
    at = machine.acpi.start
    lines = [f"ACPI: RSDP {rsdp:#018X} 000024 (v02 {machine.oem:<6})".replace("0X", "0x")]
    placed: list[tuple[str, Range]] = []
    for table in _TABLES[machine.kind]:
        size = min(_SIZES[table], (machine.acpi.end - machine.acpi.start) // 3)
        placed.append((table, Range(at, at + size)))
        at = (at + size + 0xFFF) // 0x1000 * 0x1000
    xsdt = 0x24 + 8 * len(placed)
    lines.append(_line("XSDT", Range(rsdp - 0x14 - 0x728, rsdp - 0x14 - 0x728 + xsdt), "01", name, "AMI  01000013"))
    facs = machine.nvs[0].end - 0x1000
    for table, where in placed:
        lines.append(_line(table, where, "06" if table == "FACP" else "02", name, "INTL 20210930"))
        if table == "DSDT":
            lines.append(f"ACPI: FACS {facs:#018X} 000040".replace("0X", "0x"))
            lines_facs = Range(facs, facs + 0x40)
    reserved = [*placed[:2], ("FACS", lines_facs), *placed[2:]]
    return lines + [f"ACPI: Reserving {table} table memory at {where.short}" for table, where in reserved]


def _line(table: str, where: Range, revision: str, name: str, maker: str) -> str:
    return f"ACPI: {table} 0x{where.start:016X} {where.end - where.start:06X} (v{revision} {name} {maker})"


def _bochs(area: Range) -> list[str]:
    """QEMU's own tables, as SeaBIOS passes them on."""
    top, made = area.start + 0x4B5B, "(v01 BOCHS  BXPC     00000001 BXPC 00000001)"
    sizes = ("FACP", 0x74), ("DSDT", 0x199F), ("APIC", 0x80), ("HPET", 0x38), ("WAET", 0x28)
    at = {"DSDT": area.start + 0x3040, "FACS": area.start + 0x3000, "FACP": area.start + 0x49DF}
    at |= {"APIC": at["FACP"] + 0x74, "HPET": at["FACP"] + 0xF4, "WAET": at["FACP"] + 0x12C}
    tables = [(name, Range(at[name], at[name] + size)) for name, size in sizes]
    tables.insert(2, ("FACS", Range(at["FACS"], at["FACS"] + 0x40)))
    lines = ["ACPI: RSDP 0x00000000000F59C0 000014 (v00 BOCHS )", f"ACPI: RSDT 0x{top:016X} 000034 {made}"]
    for name, where in tables:
        tail = "" if name == "FACS" else f" {made}"
        lines.append(f"ACPI: {name} 0x{where.start:016X} {where.end - where.start:06X}{tail}")
    return lines + [f"ACPI: Reserving {name} table memory at {where.short}" for name, where in tables]
