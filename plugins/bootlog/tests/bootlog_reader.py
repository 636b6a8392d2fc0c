"""What a console showed, read by somebody who knows Linux and nothing of how the show is made."""

import re
from datetime import datetime
from itertools import pairwise

PAGE, KIB, MIB, GIB = 4096, 1024, 1 << 20, 1 << 30
STAMP = re.compile(r"\[ *(\d+\.\d{6})\] (.*)")
BADGE = re.compile(r"\[(  OK  |FAILED| TIME |DEPEND)\] (.*)|         (.*)")
RANGE = r"\[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]"
DONE = {
    "Started", "Finished", "Reached target", "Listening on", "Mounted", "Activated swap", "Found device",
    "Created slice", "Set up automount",
}  # fmt: skip
BEGINS = {"Starting": ("Started", "Finished"), "Mounting": ("Mounted",), "Activating swap": ("Activated swap",)}
BEGINS |= {"Expecting device": ("Found device",)}


class Boot:
    """One boot's lines, from the kernel's first to the login prompt."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.log = [(float(m[1]), m[2]) for line in lines if (m := STAMP.fullmatch(line))]

    def find(self, pattern: str) -> re.Match[str]:
        """The only line of the log that matches."""
        found = [m for _, text in self.log if (m := re.fullmatch(pattern, text))]
        assert len(found) == 1, f"{len(found)} lines are {pattern!r}"
        return found[0]

    def all(self, pattern: str) -> list[tuple[int, ...]]:
        """Numbers of all lines that match, hexadecimal with 0x."""
        found = [m for _, text in self.log if (m := re.fullmatch(pattern, text))]
        return [tuple(int(group, 0) for group in m.groups()) for m in found]

    def number(self, pattern: str) -> int:
        """The number in the only line that matches."""
        return int(self.find(pattern)[1], 0)


def boots(lines: list[str]) -> list[Boot]:
    """The boots in a show."""
    starts = [number for number, line in enumerate(lines) if "] Linux version " in line]
    ends = [*starts[1:], len(lines)]
    return [Boot(lines[start:end]) for start, end in zip(starts, ends, strict=True)]


def again(first: Boot, second: Boot) -> None:
    """What two boots of one machine, one after the other, have in common."""
    for pattern in (r"Linux version (.*)", r"Command line: (.*)", r"(CPU topo: Num\. cores .*)", r"(SMBIOS .*)"):
        assert first.find(pattern)[1] == second.find(pattern)[1], "another machine"
    adapters = [boot.all(r"mpt3sas_cm0: host_add: .* sas_addr\((0x\w{16})\), phys\(\d+\)") for boot in (first, second)]
    assert adapters[0] == adapters[1], "another adapter"
    (files, used), (more, later) = _in_use(first)[::2], _in_use(second)[::2]
    assert abs(more - files) < 100, "files come and go slowly"
    assert abs(later - used) < 5000, "blocks come and go slowly"
    offsets = [boot.all(r"kvm-clock: using sched offset of (\d+) cycles") for boot in (first, second)]
    if offsets[0]:
        passed = (offsets[1][0][0] - offsets[0][0][0]) / 1e9
        assert abs(passed - (_epoch(second) - _epoch(first))) < 3, "the hypervisor's clock goes on"


def _in_use(boot: Boot) -> list[int]:
    (row,) = [line for line in boot.lines if ": clean, " in line]
    return list(map(int, re.findall(r"\d+", row.partition("clean")[2])))


def _epoch(boot: Boot) -> int:
    return boot.number(r"rtc_cmos \S+: setting system clock to \S+ UTC \((\d+)\)")


def check(boot: Boot) -> None:
    """All rules for one boot; an AssertionError says which one is broken."""
    for rule in RULES:
        rule(boot)


def stamps_ascend(boot: Boot) -> None:
    """Stamps never go back."""
    times = [at for at, _ in boot.log]
    assert times == sorted(times), "stamps ascend"
    assert times[0] == 0.0, "the clock begins at zero"


def memory_adds_up(boot: Boot) -> None:
    """Map, node ranges, pages and the summary are the same memory."""
    every = boot.all(rf"BIOS-e820: {RANGE} [\w ]+")
    usable = boot.all(rf"BIOS-e820: {RANGE} usable")
    assert every == sorted(every), "the map ascends"
    assert all(a[1] < b[0] for a, b in pairwise(every)), "the map's ranges do not overlap"
    pages = (
        sum(end + 1 - max(start, PAGE) for start, end in [(s, (e + 1) // PAGE * PAGE - 1) for s, e in usable]) // PAGE
    )
    nodes = boot.all(rf"  node +(\d+): {RANGE}")
    assert pages == sum(end + 1 - start for _, start, end in nodes) // PAGE, "nodes have all usable memory"
    assert pages == boot.number(r"Built \d zonelists, mobility grouping on.  Total pages: (\d+)"), "total pages"
    memory = boot.find(
        r"Memory: (\d+)K/(\d+)K available \((\d+)K kernel code, (\d+)K rwdata, (\d+)K rodata, (\d+)K init, (\d+)K bss, "
        r"(\d+)K reserved, 0K cma-reserved\)"
    )
    available, total, *kernel, reserved = map(int, memory.groups())
    assert total == pages * PAGE // KIB, "the summary's total is the map's"
    assert available + reserved <= total < available + reserved + total // 20 + 60_000, "available and reserved"
    held = boot.number(r"Freeing initrd memory: (\d+)K") + sum(kernel) + pages * 64 // KIB
    held += 64 * KIB * len(boot.all(rf"software IO TLB: mapped {RANGE} \(64MB\)"))
    held += sum(n for (n,) in boot.all(r"efi: Freeing EFI boot services memory: (\d+)K"))
    assert held < reserved, "what is held is reserved"
    first, *_ = boot.all(r"last_pfn = (0x\w+) .*")
    assert first == ((max(end for _, end in usable) + 1) // PAGE,), "the last page is the map's last"


def gaps_are_gaps(boot: Boot) -> None:
    """What is kept from hibernation is what lies between usable ranges."""
    usable = [(max(s, PAGE), (e + 1) // PAGE * PAGE) for s, e in boot.all(rf"BIOS-e820: {RANGE} usable")]
    edges = [0, *(edge for pair in usable for edge in pair)]
    expected = [(a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]
    assert boot.all(rf"PM: hibernation: Registered nosave memory: {RANGE}") == expected, "nosave memory"
    (hole,) = boot.all(rf"{RANGE} available for PCI devices")
    taken = boot.all(rf"BIOS-e820: {RANGE} [\w ]+")
    assert not [r for r in taken if r[0] <= hole[1] and hole[0] <= r[1]], "the hole is a hole"


def initrd_fits(boot: Boot) -> None:
    """The initramfs lies in usable memory and is freed whole."""
    ((start, end),) = boot.all(rf"RAMDISK: {RANGE}")
    assert any(a <= start and end <= b for a, b in boot.all(rf"BIOS-e820: {RANGE} usable")), "RAMDISK is in memory"
    assert (end + 1 - start) // KIB == boot.number(r"Freeing initrd memory: (\d+)K"), "initrd is freed whole"


def processors_add_up(boot: Boot) -> None:
    """All processors come up, and their BogoMIPS are the sum."""
    cpus = boot.number(r"CPU topo: Allowing (\d+) present CPUs plus 0 hotplug CPUs")
    packages = boot.number(r"CPU topo: Max. logical packages: +(\d+)")
    assert cpus == packages * boot.number(r"CPU topo: Num. threads per package: +(\d+)"), "threads"
    rows = [text for _, text in boot.log if text.startswith(".... node")]
    seen = [int(n) for text in rows for n in re.findall(r"#(\d+)", text.partition("CPUs:")[2])]
    assert seen == list(range(1, cpus)), "each processor is brought up once, in order"
    assert boot.number(r"smp: Brought up \d nodes?, (\d+) CPUs") == cpus, "processors up"
    lpj = boot.number(r"Calibrating delay loop .* BogoMIPS \(lpj=(\d+)\)")
    total = boot.find(rf"smpboot: Total of {cpus} processors activated \(([\d.]+) BogoMIPS\)")[1]
    assert total == f"{lpj * cpus // 2000}.{lpj * cpus // 20 % 100:02d}", "BogoMIPS add up"
    mhz = float(boot.find(r"tsc: Detected ([\d.]+) MHz processor")[1])
    assert lpj == round(mhz * 1000) * 4, "loops follow from the clock"
    assert boot.number(r"pid_max: default: (\d+) minimum: \d+") == max(32768, 1024 * cpus), "pid_max"


def tables_fit(boot: Boot) -> None:
    """Each hash table's bytes are a power of two pages, as its order says."""
    rows = boot.all(r".* hash table entries: (\d+) \(order:? (\d+), (\d+) bytes.*\)")
    assert len(rows) > 8
    for entries, order, size in rows:
        assert not entries & (entries - 1), "entries are a power of two"
        assert PAGE << order >= size > (PAGE << order) // 2, "the order is the size's"


def devices_have_places(boot: Boot) -> None:
    """Base addresses are aligned, lie in a window and do not overlap."""
    window = r"pci_bus 0000:00: root bus resource \[mem (0x\w+)-(0x\w+) window\]"
    windows = boot.all(window)
    bars = boot.all(r"pci 0000:\S+: BAR \d \[mem (0x\w+)-(0x\w+)(?: 64bit)?(?: pref)?\]")
    assert len(bars) > 3
    for start, end in bars:
        assert any(a <= start and end <= b for a, b in windows), "a BAR lies in a window"
        assert not start % (end + 1 - start), "a BAR is aligned"
    assert all(a[1] < b[0] for a, b in pairwise(sorted(bars))), "BARs do not overlap"


def clocks_agree(boot: Boot) -> None:
    """The real-time clock, audit and the stamps tell one time."""
    date, epoch = boot.find(r"rtc_cmos \S+: setting system clock to (\S+) UTC \((\d+)\)").groups()
    assert int(datetime.fromisoformat(f"{date}+00:00").timestamp()) == int(epoch), "the date is the number"
    built = boot.find(r"Linux version .* Debian [\d.]+-\d \((\d{4}-\d\d-\d\d)\)")[1]
    assert built < date, "the kernel was built before it is booted"
    at = next(at for at, text in boot.log if "setting system clock" in text)
    audits = [(t, float(m[1]), int(m[2])) for t, text in boot.log if (m := re.search(r"audit\(([\d.]+):(\d+)\)", text))]
    assert [serial for _, _, serial in audits] == list(range(1, len(audits) + 1)), "audit counts"
    for moment, shown, _ in audits:
        assert abs(shown - moment - (int(epoch) - at)) < 1.1, "audit's clock is the machine's"
    before, off, after, other = map(int, boot.find(
        r"sched_clock: Marking stable \((\d+), -(\d+)\)->\((\d+), -(\d+)\)"
    ).groups())  # fmt: skip
    assert before - off == after - other, "the clock does not jump"


def macs_are_local(boot: Boot) -> None:
    """Hardware addresses are locally administered."""
    for _, text in boot.log:
        for mac in re.findall(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", text):
            assert int(mac[:2], 16) & 3 == 2, f"a made-up address: {mac}"


def disks_are_found_first(boot: Boot) -> None:
    """A disk is there before anything on it is checked, mounted or used."""
    found: set[str] = set()
    for line in boot.lines:
        text = m[2] if (m := STAMP.fullmatch(line)) else line
        if m := re.fullmatch(r" (nvme0n1|vda|sd[a-z]): (.*)", text):
            found |= {m[1] + part.removeprefix(m[1]) if m[1] in part else m[1] + part for part in m[2].split()}
        used = re.match(r"(?:EXT4-fs|XFS) \((\w+)\)|/dev/(\w+): |Adding \d+k swap on /dev/(\w+)", text)
        if used:
            assert next(filter(None, used.groups())) in found, f"used before it is found: {text}"


def check_is_sane(boot: Boot) -> None:
    """A file system has no more files and blocks in use than it has."""
    files, inodes, used, blocks = _in_use(boot)
    assert files < inodes, "files fit"
    assert used < blocks, "blocks fit"


def identifiers_are_no_kin(boot: Boot) -> None:
    """File systems were given their identifiers by chance."""
    seen = {match for line in boot.lines for match in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", line)}
    ends = [each[-12:] for each in seen]
    assert len(ends) == len(set(ends)), "identifiers are drawn"


def units(boot: Boot) -> list[tuple[str, str]]:
    """Verb and name of each status line, in order; empty verbs for failures are their badges."""
    found = []
    for line in boot.lines:
        if not (m := BADGE.fullmatch(line)) or "Stopp" in line:
            continue
        text = m[2] or m[3]
        if " - " not in text:
            continue
        head, verb = text.partition(" - ")[0], m[1] if m[1] and m[1] != "  OK  " else ""
        found.append((verb or head.rpartition(" ")[0], head.rpartition(" ")[2]))
        if found[-1][1] == "graphical.target":
            break
    return found


def what_ends_has_begun(boot: Boot) -> None:
    """Each unit that is started was starting, if starting takes time, and everything ends once."""
    rows = units(boot)
    assert ("Reached target", "graphical.target") in rows, "the default target is reached"
    open_, closed = {}, []
    for verb, name in rows:
        if verb in BEGINS:
            assert name not in open_, f"starts twice: {name}"
            open_[name] = BEGINS[verb]
        else:
            if name in open_ and verb in DONE:
                assert verb in open_[name], f"ends as it began: {name}"
            if verb in ("FAILED", " TIME "):
                assert name in open_, f"fails without having begun: {name}"
            if verb == "DEPEND":
                assert name not in open_, f"did begin: {name}"
            open_.pop(name, None)
            closed.append(name)
    assert not open_, f"never ends: {open_}"
    assert len(closed) == len(set(closed)), "nothing ends twice"
    for verb, name in rows:
        if verb == "Finished":
            assert ("Starting", name) in rows, f"finishes what did not start: {name}"


ORDER = [
    ("slices.target", "user.slice"), ("local-fs.target", "local-fs-pre.target"), ("sysinit.target", "local-fs.target"),
    ("basic.target", "sysinit.target"), ("basic.target", "sockets.target"), ("basic.target", "paths.target"),
    ("dbus.service", "dbus.socket"), ("multi-user.target", "basic.target"), ("graphical.target", "multi-user.target"),
    ("multi-user.target", "getty.target"), ("network.target", "network-pre.target"), ("ssh.service", "network.target"),
    ("sysinit.target", "swap.target"), ("multi-user.target", "cron.service"), ("local-fs.target", "boot-efi.mount"),
    ("sysinit.target", "apparmor.service"), ("timers.target", "fstrim.timer"), ("local-fs.target", "srv.mount"),
    ("systemd-sysusers.service", "systemd-remount-fs.service"), ("systemd-udevd.service", "systemd-sysusers.service"),
    ("systemd-journal-flush.service", "systemd-journald.service"), ("nginx.service", "network-online.target"),
    ("sys-kernel-config.mount", "modprobe@configfs.service"), ("NetworkManager.service", "dbus.service"),
    ("docker.service", "containerd.service"), ("docker.service", "network-online.target"),
    ("time-set.target", "systemd-timesyncd.service"),
    ("network-online.target", "systemd-networkd-wait-online.service"), ("cups.service", "cups.socket"),
    ("systemd-networkd-wait-online.service", "systemd-networkd.service"),
    ("postgresql.service", "postgresql@17-main.service"),
]  # fmt: skip


def ordering_holds(boot: Boot) -> None:
    """What comes after another unit starts after that one's end: systemd.special(7) and the units' own files."""
    rows = units(boot)
    begins = {name: number for number, (_, name) in reversed(list(enumerate(rows)))}
    ends = {name: number for number, (_, name) in enumerate(rows)}
    kept = 0
    for later, earlier in ORDER:
        if later in begins and earlier in ends:
            kept += 1
            assert begins[later] > ends[earlier], f"{later} comes after {earlier}"
    assert kept > 15
    checks = [name for name in begins if name.startswith("systemd-fsck@")]
    for name in checks:
        device = name.removeprefix("systemd-fsck@").removesuffix(".service") + ".device"
        assert ends[device] < begins[name], "a device is found before it is checked"


def failures_have_consequences(boot: Boot) -> None:
    """A failure comes with its hint, and what depends on a device that did not come does not start either."""
    for number, line in enumerate(boot.lines):
        if line.startswith("[FAILED] "):
            name = re.match(r"\[FAILED\] Failed to \w+ (\S+) - ", line)
            assert name, line
            assert boot.lines[number + 1] == f"See 'systemctl status {name[1]}' for details.", "the hint follows"
    rows = units(boot)
    if [name for verb, name in rows if verb == " TIME "]:
        assert [name for verb, name in rows if verb == "DEPEND"], "what needs the device fails with it"
    listed = [line for line in boot.lines if re.match(r"● \S+ +loaded failed failed", line)]
    failed = [name for verb, name in rows if verb == "FAILED"]
    if summary := [line for line in boot.lines if line.endswith("loaded units listed.")]:
        assert [line.split()[1] for line in listed] == failed, "systemctl lists what failed"
        assert summary == [f"{len(failed)} loaded units listed."], "and counts it"


def log_says_the_same(boot: Boot) -> None:
    """Until the journal runs, each status line stands in the kernel's log too, just before it."""
    journal = next(
        n for n, line in enumerate(boot.lines) if "] Started systemd-journald.service" in line and "OK" in line
    )
    for number, line in enumerate(boot.lines[: journal + 1]):
        if m := BADGE.fullmatch(line):
            text = m[2] or m[3]
            assert any(earlier.endswith(f"systemd[1]: {text}") for earlier in boot.lines[number - 4 : number]), text


def seconds(text: str) -> float:
    """What systemd-analyze means."""
    minutes = re.search(r"(\d+)min", text)
    rest = re.search(r"([\d.]+)s$", text)
    small = re.fullmatch(r"(\d+)ms", text)
    if small:
        return int(small[1]) / 1000
    return (int(minutes[1]) * 60 if minutes else 0) + (float(rest[1]) if rest else 0)


def analysis_adds_up(boot: Boot) -> None:
    """systemd-analyze's parts are its sum, and the kernel's part is what the log shows."""
    for line in boot.lines:
        if m := re.fullmatch(r"Startup finished in (.*) = (.*?) ?", line):
            parts = dict(reversed(part.split(" (")) for part in m[1].replace(")", "").split(" + "))
            assert abs(sum(map(seconds, parts.values())) - seconds(m[2])) < 0.0015, "the parts add up"
            first = next(at for at, text in boot.log if text.startswith("systemd[1]: "))
            assert abs(seconds(parts["kernel"]) - first) < 0.01, "systemd begins when the kernel is done"
            index = boot.lines.index(line)
            reached = seconds(
                boot.lines[index + 1].removeprefix("graphical.target reached after ").removesuffix(" in userspace.")
            )
            assert reached <= seconds(parts["userspace"]) + 0.001, "the target is reached within it"


RULES = [
    stamps_ascend, memory_adds_up, gaps_are_gaps, initrd_fits, processors_add_up, tables_fit, devices_have_places,
    clocks_agree, macs_are_local, disks_are_found_first, check_is_sane, identifiers_are_no_kin,
    what_ends_has_begun, ordering_holds, failures_have_consequences, log_says_the_same, analysis_adds_up,
]  # fmt: skip
