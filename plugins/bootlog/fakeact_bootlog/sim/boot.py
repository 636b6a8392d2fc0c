"""One boot from the kernel's first line to the login prompt, and how it is shut down again."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from fakeact_bootlog.catalogue import machines
from fakeact_bootlog.sim.jobs import DONE, FAILED, STARTING, Change, Transaction
from fakeact_bootlog.sim.kernel import Kernel, Message
from fakeact_bootlog.sim.late import later
from fakeact_bootlog.sim.machine import Machine, Partition
from fakeact_bootlog.sim.probing import Probing, swap_line
from fakeact_bootlog.sim.units import ONLINE, Graph, Unit, escape
from fakeact_bootlog.status import sentence

_JOURNAL, _UDEV = "systemd-journald.service", "systemd-udevd.service"
_BURST = 10
"""Lines of audit that are printed within five seconds: printk_ratelimit in kernel/audit.c."""


class Entry(NamedTuple):
    """Something that appears on the console: a kernel's message, a plain line, or a status line."""

    at: float
    """Seconds on the kernel's clock."""
    text: str
    stamped: bool = False
    change: Change | None = None
    stop: bool = False


def inside(device: str) -> str:
    """What a device's name contains of a file system's identifier."""
    return device.replace("-", "\\x2d")


class Boot:
    """A boot of a machine that begins at a moment."""

    def __init__(self, machine: Machine, began: datetime, rng: random.Random, *, trouble: str, quiet: bool) -> None:
        self.machine, self._rng, self.trouble, self._quiet = machine, rng, trouble, quiet
        self.kernel = Kernel(machine, began, rng, quiet=quiet)
        self._entries: list[Entry] = []
        self.journal_pid = rng.randint(260, 420)
        self._kernel_speaks(self.kernel.messages())
        self._initramfs(self._entries[-1].at)
        self.handed_over = self._entries[-1].at + self._soon(110)
        """When systemd took over: what systemd-analyze calls the kernel's time."""
        self.queued = self.handed_over + self._manager_starts()
        """When the jobs were queued."""
        self.units, self.transaction = self._transaction()
        self._userspace()
        self.entries = sorted((each for each in self._entries if self.shown(each)), key=lambda each: each.at)

    @property
    def finished(self) -> float:
        """When the last job was over."""
        return self.transaction.ended

    @property
    def failed(self) -> list[Unit]:
        """Units that are failed now: those whose dependencies failed are not."""
        return [change.unit for change in self.transaction.changes if change.what == FAILED]

    def shown(self, entry: Entry) -> bool:
        """Whether it gets to the console."""
        return not (self._quiet and entry.stamped)

    def _say(self, at: float, text: str) -> None:
        self._entries.append(Entry(at, text))

    def _soon(self, milliseconds: float) -> float:
        """About so many milliseconds, in seconds."""
        return milliseconds / 1000 * self._rng.uniform(0.75, 1.25)

    def _kernel_speaks(self, messages: Iterator[Message] | list[Message]) -> None:
        for at, text in messages:
            self._entries.append(Entry(at, f"[{at:12.6f}] {text}".expandtabs(), stamped=True))

    def _initramfs(self, began: float) -> None:
        """Debian's initramfs-tools: udev, then the root file system's check and mount."""
        systemd, root = self.machine.software.systemd, self.machine.root
        now = began + self._rng.uniform(0.04, 0.1)
        if not self._quiet:
            self._say(now, "Loading, please wait...")
            now += self._rng.uniform(0.02, 0.05)
            self._say(now, f"Starting systemd-udevd version {systemd}")
        probing = Probing(self.kernel, now + 0.08, self._rng)
        self._kernel_speaks(probing.messages)
        now = max(probing.ended, now) + 0.06
        script = ["Begin: Loading essential drivers ... done.", "Begin: Running /scripts/init-premount ... done."]
        script += ["Begin: Mounting root file system ... Begin: Running /scripts/local-top ... done."]
        script += ["Begin: Running /scripts/local-premount ... done."]
        util = machines()["distribution"]["util_linux"]
        script += [f"Begin: Will now check root file system ... fsck from util-linux {util}"]
        script += [f"[/usr/sbin/fsck.ext4 (1) -- /dev/{root.device}] fsck.ext4 -a -C0 /dev/{root.device} "]
        now = self._script(now, script)
        now = self._check(now, root)
        now = self._script(now, ["done."])
        self._kernel_speaks([Message(now + self._soon(20), self._mounted(root, "ro"))])
        endings = ["done.", "Begin: Running /scripts/local-bottom ... done."]
        now = self._script(now + 0.03, [*endings, "Begin: Running /scripts/init-bottom ... done."])
        self._kernel_speaks(
            [
                Message(
                    now + self._soon(250),
                    "Not activating Mandatory Access Control as /sbin/tomoyo-init does not exist.",
                )
            ]
        )

    def _script(self, now: float, lines: list[str]) -> float:
        for line in lines:
            now += self._rng.uniform(0.004, 0.02)
            if not self._quiet:
                self._say(now, line)
        return now

    def _check(self, now: float, root: Partition) -> float:
        """What e2fsck says: files and blocks of those there are."""
        inodes, blocks = root.inodes, root.blocks
        # From one boot to the next, little is written or removed.
        files, used = self.machine.files + self._rng.randint(0, 40), self.machine.blocks + self._rng.randint(0, 2500)
        name = f"/dev/{root.device}"
        if self.trouble == "fsck":
            self._say(now + 0.1, f"{name}: recovering journal")
            now += self._rng.uniform(5.0, 9.0)
            for _ in range(self._rng.randint(1, 4)):
                inode, length = self._rng.randint(1000, inodes), self._rng.randint(100, 90_000)
                self._say(now, f"{name}: Clearing orphaned inode {inode} (uid=0, gid=0, mode=0100600, size={length})")
                now += 0.01
        now += self._rng.uniform(0.03, 0.09)
        self._say(now, f"{name}: clean, {files}/{inodes} files, {used}/{blocks} blocks")
        return now

    def _mounted(self, part: Partition, how: str) -> str:
        return (
            f"EXT4-fs ({part.device}): mounted filesystem {part.uuid} {how} with ordered data mode. Quota mode: none."
        )

    def _manager_starts(self) -> float:
        """What systemd says of itself; gives the seconds until its jobs are queued."""
        facts, now = machines()["distribution"], self.handed_over
        lines = [(0.0, "Inserted module 'autofs4'")]
        lines += [(0.04, f"systemd {self.machine.software.systemd} running in system mode ({facts['features']})")]
        lines += [(0.0001, "Detected virtualization kvm.")] if self.machine.kind == "vm" else []
        lines += [(0.0001, "Detected architecture x86-64.")]
        for pause, text in lines:
            now += self._soon(1000 * pause)
            self._kernel_speaks([Message(now, f"systemd[1]: {text}")])
        for text in ("", f"Welcome to {facts['name']}!", ""):
            self._say(now + 0.00002, text)
        self._kernel_speaks([Message(now + self._soon(3), f"systemd[1]: Hostname set to <{self.machine.host}>.")])
        queued = now + self._rng.uniform(0.35, 0.7)
        self._kernel_speaks(
            [
                Message(now + self._soon(90), "systemd[1]: bpf-restrict-fs: LSM BPF program attached"),
                Message(queued, "systemd[1]: Queued start job for default target graphical.target."),
            ]
        )
        return queued - self.handed_over

    def _transaction(self) -> tuple[dict[str, Unit], Transaction]:
        """Run the jobs; what the world must be ready for is known only once those that make it so have run."""
        graph = Graph(self.machine, self._rng, trouble=self.trouble)
        units, pauses = graph.units, {name: self._rng.uniform(0.3, 1.1) for name in graph.units}
        link = self._rng.uniform(4.5, 7.5) if self.machine.kind != "vm" else self._rng.uniform(0.8, 1.8)
        ready: dict[str, float] = {}
        seed = self._rng.getrandbits(64)
        for _ in range(3):
            transaction = Transaction(units, self.queued, ready, random.Random(seed))
            udev = transaction.when(_UDEV)
            ready |= {name: udev + pauses[name] for name, unit in units.items() if unit.kind == "device"}
            if graph.absent:
                ready |= {
                    name: float("inf")
                    for name, unit in units.items()
                    if unit.kind == "device" and inside(graph.absent.uuid) in name
                }
            for name in ONLINE:
                if name in units and not units[name].fails:
                    manager = name.replace("-wait-online", "")
                    ready[name] = transaction.when(manager) + link
        return units, Transaction(units, self.queued, ready, random.Random(seed))

    def _userspace(self) -> None:
        journal = self.transaction.when(_JOURNAL)
        udev = self.transaction.when(_UDEV)
        self._kernel_speaks(later(self.kernel, udev + 0.1, self._rng))
        for change in self.transaction.changes:
            self._aside(change)
            if change.at <= journal and change.what in (STARTING, DONE):
                self._kernel_speaks([Message(change.at, f"systemd[1]: {sentence(change)}")])
            self._entries.append(Entry(change.at, "", change=change))
        self._network()

    def _aside(self, change: Change) -> None:
        """What the kernel says while a unit starts."""
        name, at = change.unit.name, change.at
        if change.what == DONE and name == "systemd-remount-fs.service":
            root = self.machine.root
            self._kernel_speaks([Message(at - self._soon(3), f"EXT4-fs ({root.device}): re-mounted {root.uuid} r/w.")])
        elif change.what == DONE and change.unit.kind in ("mount", "swap"):
            self._file_system(change)
        elif name == _JOURNAL and change.what == DONE:
            pid = self.journal_pid
            self._kernel_speaks(
                [Message(at - self._soon(5), f"systemd-journald[{pid}]: Collecting audit messages is disabled.")]
            )
            flush = next(c.at for c in self.transaction.changes if c.unit.name == "systemd-journal-flush.service")
            self._kernel_speaks(
                [
                    Message(
                        flush + self._soon(20),
                        f"systemd-journald[{pid}]: Received client request to flush runtime journal.",
                    )
                ]
            )
        elif name == "apparmor.service" and change.what == STARTING:
            self._profiles(at + 0.02, change.unit.seconds - 0.03)

    def _file_system(self, change: Change) -> None:
        """The kernel's word on a file system that is mounted or on swap that is used."""
        for part in self.machine.partitions:
            if part.kind == "swap" and inside(part.uuid) in change.unit.name:
                self._kernel_speaks([Message(change.at - self._soon(2), swap_line(part.device, part.size))])
            elif part.kind == "xfs" and change.unit.name == f"{escape(part.where)}.mount":
                name = f"XFS ({part.device})"
                lines = [Message(change.at - self._soon(70), f"{name}: Mounting V5 Filesystem {part.uuid}")]
                if self.trouble == "fsck":
                    lines += [Message(change.at - self._soon(20), f"{name}: Starting recovery (logdev: internal)")]
                ending = "Ending recovery (logdev: internal)" if self.trouble == "fsck" else "Ending clean mount"
                self._kernel_speaks([*lines, Message(change.at - self._soon(3), f"{name}: {ending}")])

    def _profiles(self, began: float, seconds: float) -> None:
        """AppArmor's profiles as they are loaded, until there are too many lines."""
        names = machines()["profiles"]
        at, pid = began, self._rng.randint(480, 640)
        step = max(0.0004, min(0.004, seconds / _BURST / 2))
        for number, name in enumerate(sorted(names[:24], key=lambda _: self._rng.random())[:_BURST]):
            shown = name.encode().hex().upper() if " " in name else f'"{name}"'
            text = (
                f'audit: type=1400 audit({self.kernel.audit_time(at)}:{2 + number}): apparmor="STATUS" '
                f'operation="profile_load" profile="unconfined" name={shown} pid={pid + number} comm="apparmor_parser"'
            )
            self._kernel_speaks([Message(at, text)])
            at += step * self._rng.uniform(0.5, 1.5)

    def _network(self) -> None:
        """The link comes up, a moment before somebody waits no longer for it."""
        name = next(name for name in self.units if name in ONLINE)
        if self.units[name].fails:
            return
        online, nic = self.transaction.when(name), self.machine.nics[0]
        if self.machine.kind == "server":
            text = f"ixgbe {nic.at} {nic.name}: NIC Link is Up 10 Gbps, Flow Control: RX/TX"
            self._kernel_speaks([Message(online - self._rng.uniform(0.3, 0.9), text)])
        elif self.machine.kind == "laptop":
            ap = f"{nic.mac[:2]}:{self._rng.getrandbits(40):010x}"
            ap = ap[:3] + ":".join(ap[3 + 2 * i : 5 + 2 * i] for i in range(5))
            at = online - self._rng.uniform(1.2, 1.9)
            aid = self._rng.randint(1, 9)
            texts = [
                f"authenticate with {ap} (local address={nic.mac})", f"send auth to {ap} (try 1/3)", "authenticated",
                f"associate with {ap} (try 1/3)", f"RX AssocResp from {ap} (capab=0x1511 status=0 aid={aid})",
                "associated",
            ]  # fmt: skip
            self._kernel_speaks(
                [Message(at + 0.02 * i + self._soon(4), f"{nic.name}: {text}") for i, text in enumerate(texts)]
            )
