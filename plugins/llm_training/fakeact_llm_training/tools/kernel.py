"""What NVIDIA's driver writes into the kernel's log when a GPU fails, as ``dmesg -T`` shows it.

Forms of public kernel logs of R550 to R580, and of the test cases of gpud and NVSentinel.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakeact_llm_training.sim.fault_events import XidLogged

LOOK = "dmesg -T | grep -i xid | tail -n 8"
# From these branches on no process is said to be unknown, 154 says what the GPU needs, NVLink events have all words.
SILENT, RECOVERY, WORDS = 580, 570, 575


def xids(events: "Sequence[XidLogged]", moments: Sequence[datetime], driver: str) -> Iterator[str]:
    """The lines of one fault, in order; all of them speak of one address."""
    branch = int(driver.split(".", maxsplit=1)[0])
    for event, when in zip(events, moments, strict=True):
        if event.xid != 154 or branch >= RECOVERY:
            yield f"[{when:%a %b %d %H:%M:%S %Y}] {xid(event, events[0], branch)}"


def slot(bus_id: str) -> str:
    """A GPU's place as the driver writes it.

    >>> slot("00000000:9B:00.0"), slot("00000018:01:00.0")
    ('0000:9b:00', '0018:01:00')
    """
    return bus_id[4:].rpartition(".")[0].lower()


def xid(event: "XidLogged", first: "XidLogged", branch: int) -> str:
    """A line without its time; `first` is the one that the others follow from."""
    unknown = "" if branch >= SILENT else "pid='<unknown>', name=<unknown>, "
    known = f"pid={event.pid}, name=python, "
    process = known if event.xid in {45, 119} else "" if event.xid in {149, 154} else unknown
    return f"NVRM: Xid (PCI:{slot(event.bus_id)}): {event.xid}, {process}{_text(event, first, branch)}"


def _text(event: "XidLogged", first: "XidLogged", branch: int) -> str:
    high, low, where, what = first.registers
    address = (high << 16 | low) & ~0x1F & 0xF_FFFF_FFFF
    needed = "0x2 (Node Reboot" if first.xid == 79 else "0x1 (GPU Reset"
    texts = {
        45: "Ch 00000008" + (f" caused by previous Xid {first.xid}" if branch >= WORDS else ""),
        48: "An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at physAddr "
        f"{address:#x} partition {where % 20}, subpartition {what % 4}.",
        63: f"Row Remapper: New row ({address:#018x}) marked for remapping, reset gpu to activate.",
        74: f"NVLink: fatal error detected on link {event.link}(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)",
        79: "GPU has fallen off the bus.",
        94: "Contained: SM (0x1). RST: No, D-RST: No",
        119: f"Timeout after 6s of waiting for RPC response from GPU{event.local_rank} GSP! Expected function 76 "
        "(GSP_RM_CONTROL) (0x20802a02 0x8).",
        149: _link_event(event.link or 0, where, branch),
        154: f"GPU recovery action changed from 0x0 (None) to {needed} Required)",
    }
    return texts[event.xid]


def _link_event(link: int, where: int, branch: int) -> str:
    if branch < WORDS:
        return f"NETIR_LINK_EVT Fatal XC 0 i 0 Link {link:02} [{where % 16:#010x}]"
    rest = " ".join(["0x00000000"] * 5)
    return f"NETIR_LINK_EVT Fatal XC0 i0 Link {link:02} ({where << 20 & 0x3F00000 | 0x5C6:#010x} {rest})"
