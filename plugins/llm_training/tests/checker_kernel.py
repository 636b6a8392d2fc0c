"""A reader of what NVIDIA's driver writes into the kernel's log: knows only the printed text."""

import re
from collections.abc import Iterator
from datetime import datetime

XID = re.compile(r"NVRM: Xid \(PCI:([0-9a-f]{4}:[0-9a-f]{2}:00)\): (\d+), (?:pid=('<unknown>'|\d+), name=\S+, )?(.*)")
STAMPED = re.compile(r"\[(\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4})\] (NVRM: .*)")
LOOK = re.compile(r"\+ srun .* -w (\S+) bash -c 'dmesg ")
DRAIN = re.compile(r"\+ scontrol update NodeName=(\S+) State=DRAIN 'Reason=Xid (\d+) GPU(\d+) (\S+)'")
REASON = re.compile(r"   Reason=Xid (\d+) GPU(\d+) (\S+) \[root@(\S+)\]")
TEXTS = {
    "48": r"An uncorrectable double bit error \(DBE\) has been detected on GPU in the framebuffer at physAddr "
    r"0x[0-9a-f]+ partition \d+, subpartition [0-3]\.",
    "63": r"Row Remapper: New row \(0x[0-9a-f]{16}\) marked for remapping, reset gpu to activate\.",
    "94": r"Contained: SM \(0x1\)\. RST: No, D-RST: No",
    "45": r"Ch 00000008(?: caused by previous Xid (?:94|74|149))?",
    "74": r"NVLink: fatal error detected on link (?:\d|1[0-7])\(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0\)",
    "79": r"GPU has fallen off the bus\.",
    "119": r"Timeout after 6s of waiting for RPC response from GPU\d GSP! Expected function 76 \(GSP_RM_CONTROL\) .*",
    "149": r"NETIR_LINK_EVT Fatal XC ?0 i ?0 Link \d\d [(\[]0x[0-9a-f]{8}.*",
    "154": r"GPU recovery action changed from 0x0 \(None\) to 0x(?:1 \(GPU Reset|2 \(Node Reboot) Required\)",
}
FIRST, FOLLOWING = {"48", "74", "79", "94", "119", "149"}, {"45", "63", "94", "119", "154"}


def faults(lines: list[str]) -> Iterator[str]:
    """Each line has its number's words; what follows is of the same GPU and address; who is drained was looked at."""
    yield from _lines(lines)
    yield from _drains(lines)


def _lines(lines: list[str]) -> Iterator[str]:
    slot, first, address = "", "", 0
    for line in lines:
        if LOOK.match(line):
            slot = ""
        if not (match := XID.search(line)):
            continue
        if not re.fullmatch(TEXTS.get(match[2], "nothing"), match[4]):
            yield line
        if match[2] in FIRST and not (match[1] == slot and match[2] in FOLLOWING):
            slot, first, address = match[1], match[2], 0
        elif match[1] != slot or match[2] not in FOLLOWING:
            yield f"{line}, after Xid {first} of {slot}"
        if said := re.search(r"physAddr 0x([0-9a-f]+)|row \(0x([0-9a-f]+)\)", line):
            told = int(said[1] or said[2], 16)
            if address and address != told:
                yield f"{line}, the address was {address:#x}"
            address = told


def _drains(lines: list[str]) -> Iterator[str]:
    looked, slot, first = "", "", ""
    for line in lines:
        if match := LOOK.match(line):
            looked, slot = match[1], ""
        if (match := XID.search(line)) and not slot:
            slot, first = match[1], match[2]
        if (match := DRAIN.match(line)) and (match[1], match[2], match[4]) != (looked, first, slot):
            yield f"{line}, looked at {looked}: Xid {first} of {slot}"
        if (match := REASON.match(line)) and (match[1], match[3]) != (first, slot):
            yield f"{line}, Xid {first} of {slot}"


def failures(lines: list[str]) -> Iterator[str]:
    """The GPU that is drained is that of the rank which failed, if one was seen and not all hang."""
    failed: set[str] = set()
    hangs = False
    for line in lines:
        hangs = hangs or "Watchdog caught" in line
        if match := re.search(r"failed \(exitcode: -?\d+\) local_rank: (\d+) ", line):
            failed.add(match[1])
        if match := DRAIN.match(line):
            if failed and match[2] != "119" and not hangs and match[3] not in failed:
                yield f"{line}, failed have {failed}"
            failed, hangs = set(), False


def stamps(lines: list[str]) -> Iterator[str]:
    """Within a look, the kernel's times never go back, and are before the moment of the drain."""
    last: datetime | None = None
    for line in lines:
        if match := STAMPED.fullmatch(line):
            when = datetime.strptime(match[1], "%a %b %d %H:%M:%S %Y")
            if last and when < last:
                yield line
            last = when
        if (match := REASON.match(line)) and last and datetime.fromisoformat(match[4]) < last:
            yield line
