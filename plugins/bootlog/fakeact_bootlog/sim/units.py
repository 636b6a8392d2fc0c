"""Units of a machine: what each needs and waits for, and how long it takes. Times are seconds."""

import random
from dataclasses import dataclass, field

from fakeact_bootlog.catalogue import machines, units
from fakeact_bootlog.sim.machine import Machine, Partition

_SLICES = {
    "getty@": "system-getty",
    "serial-getty@": "system-serial\\x2dgetty",
    "postgresql@": "system-postgresql",
}
START_LIMIT = 90.0
"""DefaultTimeoutStartSec=, which is also what devices are waited for."""
_MULTI_USER, _LOCAL_FS, _PRE = "multi-user.target", "local-fs.target", "local-fs-pre.target"

_CHECK = 0.25
"""What checking a file system that is clean usually takes."""
_QUICK = 0.05
ONLINE = {"systemd-networkd-wait-online.service": 120.0, "NetworkManager-wait-online.service": 60.0}
"""Services that wait for the network, and how long they do before they give up."""


@dataclass
class Unit:
    """A unit that is going to be started."""

    name: str
    description: str
    type: str = ""
    """A service's type: ``oneshot``, ``simple``, ..."""
    after: set[str] = field(default_factory=set)
    requires: set[str] = field(default_factory=set)
    seconds: float = 0.0
    limit: float = 0.0
    """After how many seconds systemd gives up; 0 for never."""
    fails: bool = False
    found: str = ""
    """What a device is described with once it is there."""

    @property
    def kind(self) -> str:
        """``service``, ``target``, ..."""
        return self.name.rpartition(".")[2]


def escape(path: str) -> str:
    r"""A path as it stands in a unit's name.

    >>> escape("/dev/disk/by-uuid/ABCD-1234")
    'dev-disk-by\\x2duuid-ABCD\\x2d1234'
    """
    return path.strip("/").replace("-", "\\x2d").replace("/", "-")


class Graph:
    """All units that the default target pulls in."""

    def __init__(self, machine: Machine, rng: random.Random, *, trouble: str) -> None:
        self._machine, self._rng, self._trouble = machine, rng, trouble
        self.units: dict[str, Unit] = {}
        self.absent: Partition | None = None
        """What fstab names and is not there."""
        for name in self._names():
            self._add(name)
        for name in list(self.units):
            self._order(name)
        self._filesystems()
        self._devices()
        self._break()
        for unit in self.units.values():
            unit.after &= self.units.keys()
            unit.requires &= self.units.keys()

    def _names(self) -> list[str]:
        names = [*machines()["common"], *self._machine.facts["units"]]
        left_out = {"systemd-timesyncd.service", "time-set.target"} if "chrony.service" in names else set()
        if self._machine.kind == "laptop":
            left_out.add("system-serial\\x2dgetty.slice")
        else:
            names.append("serial-getty@ttyS0.service")
        if not self._machine.efi:
            left_out |= {"system-systemd\\x2dfsck.slice"}
        return [name for name in names if name not in left_out]

    def _add(self, name: str) -> None:
        fact = units()[name]
        unit = Unit(name, fact["description"], fact.get("type", ""))
        unit.after |= set(fact.get("after", ()))
        unit.requires |= set(fact.get("requires", ()))
        if unit.kind in ("service", "mount") and unit.type not in ("simple", "idle"):
            median = fact.get("seconds", _QUICK)
            slow = 1.6 if self._machine.kind == "vm" else 1.0
            unit.seconds = slow * self._rng.lognormvariate(0, 0.4) * median
            limit = fact.get("timeout", 0 if unit.type == "oneshot" else START_LIMIT)
            unit.limit = float(limit)
        self.units[name] = unit

    def _order(self, name: str) -> None:
        """What follows from the file and from default dependencies: systemd.unit(5), systemd.special(7)."""
        fact, unit = units()[name], self.units[name]
        for later in fact.get("before", ()):
            self._after(later, name)
        if unit.kind == "slice":
            self._after("slices.target", name)
        if not fact.get("default", True):
            return
        if unit.kind == "service":
            unit.after |= {"sysinit.target", "basic.target"}
            unit.requires |= {"sysinit.target"}
            if _MULTI_USER not in unit.after:
                self._after(_MULTI_USER, name)
            else:
                self._after("graphical.target", name)
        elif unit.kind in ("socket", "timer", "path"):
            unit.after.add("sysinit.target")
            self._after(f"{unit.kind}s.target", name)
        elif name.startswith(("getty.", "nfs-client")):
            self._after(_MULTI_USER, name)
        slices = {
            "getty@": "system-getty",
            "serial-getty@": "system-serial\\x2dgetty",
            "postgresql@": "system-postgresql",
        }
        for prefix, owner in slices.items():
            if name.startswith(prefix):
                unit.after.add(f"{owner}.slice")

    def _after(self, name: str, earlier: str) -> None:
        if name in self.units:
            self.units[name].after.add(earlier)

    def _filesystems(self) -> None:
        for part in self._machine.partitions:
            if part.where != "/":
                self.add_partition(part)

    def add_partition(self, part: Partition) -> None:
        """What fstab's generator makes of a line: a device to wait for, a check, a mount or swap."""
        path = f"/dev/disk/by-uuid/{part.uuid}"
        device = f"{escape(path)}.device"
        self.units[device] = Unit(device, path, limit=START_LIMIT, found=part.label)
        if part.kind == "swap":
            swap = Unit(f"{escape(path)}.swap", path, after={device}, requires={device}, seconds=0.03)
            self.units[swap.name] = swap
            self._after("swap.target", swap.name)
            self.units["swap.target"].requires.add(swap.name)
            return
        check = f"systemd-fsck@{escape(path)}.service"
        self.units[check] = Unit(
            check, f"File System Check on {path}", "oneshot",
            after={device, _PRE, "system-systemd\\x2dfsck.slice"}, requires={device},
            seconds=_CHECK * self._rng.lognormvariate(0, 0.4),
        )  # fmt: skip
        mount = f"{escape(part.where)}.mount"
        self.units[mount] = Unit(
            mount, part.where, after={device, check, _PRE}, requires={device, check}, seconds=0.08, limit=START_LIMIT
        )
        self._after(_LOCAL_FS, mount)
        self.units[_LOCAL_FS].requires.add(mount)

    def _devices(self) -> None:
        if self._machine.kind != "laptop":
            self.units["dev-ttyS0.device"] = Unit(
                "dev-ttyS0.device", "/dev/ttyS0", limit=START_LIMIT, found="/dev/ttyS0"
            )
            self.units["serial-getty@ttyS0.service"].after.add("dev-ttyS0.device")

    def _break(self) -> None:
        """Put in what goes wrong."""
        if self._trouble == "unit":
            choice = self._rng.choice(self._machine.facts["fragile"])
            self.units[choice].fails = True
            self.units[choice].seconds += self._rng.uniform(0.4, 4.0)
        elif self._trouble == "network":
            name = next(name for name in self.units if name in ONLINE)
            self.units[name].fails, self.units[name].seconds = True, ONLINE[name] + self._rng.uniform(0.0, 0.3)
        elif self._trouble == "disk":
            self._lose_disk()

    def _lose_disk(self) -> None:
        """Let one partition be away: the laptop's swap, elsewhere the disk with a service's data."""
        if self._machine.kind == "laptop":
            self.absent = next(part for part in self._machine.partitions if part.kind == "swap")
            return
        owner, where = ("docker.service", "/srv/containers") if self._machine.kind == "server" else (
            "postgresql@17-main.service", "/srv/postgresql"
        )  # fmt: skip
        self.absent = Partition("", self._machine.lost, "ext4", where, 0, "")
        self.add_partition(self.absent)
        mount = f"{escape(where)}.mount"
        self.units[_LOCAL_FS].after.discard(mount)  # nofail
        self.units[_LOCAL_FS].requires.discard(mount)
        self.units[owner].after.add(mount)
        self.units[owner].requires.add(mount)
