"""How a machine that is up is shut down to be started anew."""

import random

from fakeact_bootlog.sim.boot import Boot, Entry
from fakeact_bootlog.sim.jobs import DONE, Change, stops
from fakeact_bootlog.sim.units import Unit

_SLOW_STOPS = {
    "mariadb.service": 1.9, "docker.service": 1.1, "containerd.service": 0.3, "postgresql@17-main.service": 0.9,
    "NetworkManager.service": 0.3, "bluetooth.service": 0.2, "user@1000.service": 0.25, "nginx.service": 0.15,
}  # fmt: skip


def shutdown(boot: Boot, at: float, rng: random.Random) -> list[Entry]:
    """What appears from the moment on in which a user who is logged in has told it to start anew."""
    user, up = boot.machine.user, {n: u for n, u in boot.units.items() if boot.transaction.state(n) == DONE}
    late = {"systemd-user-sessions.service", "systemd-logind.service", "dbus.service", "multi-user.target"}
    up["user@1000.service"] = Unit("user@1000.service", "User Manager for UID 1000", "notify", after=late)
    session = "session-1.scope"
    up[session] = Unit(session, f"Session 1 of User {user}", after={"user@1000.service", *late})
    entries = [Entry(change.at, "", change=change, stop=True) for change in stops(up, at, _SLOW_STOPS, rng)]
    now = entries[-1].at
    targets = (
        ("umount", "Unmount All Filesystems"),
        ("shutdown", "System Shutdown"),
        ("final", "Late Shutdown Services"),
    )
    for name, description in targets:
        now += 0.004
        entries.append(Entry(now, "", change=Change(now, DONE, Unit(f"{name}.target", description))))
    reboot = Unit("systemd-reboot.service", "System Reboot", "oneshot")
    for unit in (reboot, Unit("reboot.target", "System Reboot")):
        now += 0.004
        entries.append(Entry(now, "", change=Change(now, DONE, unit)))
    return [*entries, *(each for each in _last_words(boot, now, rng) if boot.shown(each))]


def _last_words(boot: Boot, now: float, rng: random.Random) -> list[Entry]:
    root = boot.machine.root
    words = [
        (0.05, "systemd-shutdown[1]: Syncing filesystems and block devices."),
        (0.03, "systemd-shutdown[1]: Sending SIGTERM to remaining processes..."),
        (0.04, "systemd-journald[{}]: Received SIGTERM from PID 1 (systemd-shutdow)."),
        (0.05, "systemd-shutdown[1]: Sending SIGKILL to remaining processes..."),
        (0.05, "systemd-shutdown[1]: Unmounting file systems."),
        (0.03, "(sd-remount)[{pid}]: Remounting '/' read-only with options 'errors=remount-ro'."),
        (0.05, f"EXT4-fs ({root.device}): re-mounted {root.uuid} ro."),
        (0.01, "systemd-shutdown[1]: All filesystems unmounted."),
        (0.0005, "systemd-shutdown[1]: Deactivating swaps."),
        (0.0005, "systemd-shutdown[1]: All swaps deactivated."),
        (0.0005, "systemd-shutdown[1]: Detaching loop devices."),
        (0.001, "systemd-shutdown[1]: All loop devices detached."),
        (0.0005, "systemd-shutdown[1]: Stopping MD devices."),
        (0.0005, "systemd-shutdown[1]: All MD devices stopped."),
        (0.0005, "systemd-shutdown[1]: Detaching DM devices."),
        (0.0005, "systemd-shutdown[1]: All DM devices detached."),
        (0.0005, "systemd-shutdown[1]: All filesystems, swaps, loop devices, MD devices and DM devices detached."),
        (0.02, "systemd-shutdown[1]: Syncing filesystems and block devices."),
        (0.02, "systemd-shutdown[1]: Rebooting."),
        (0.3, "ACPI: PM: Preparing to enter system sleep state S5"),
        (0.01, "reboot: Restarting system"),
        (0.0005, "reboot: machine restart"),
    ]
    pid = str(boot.journal_pid)
    entries = []
    for pause, text in words:
        now += pause * rng.lognormvariate(0, 0.2)
        shown = text.replace("{}", pid).replace("{pid}", str(rng.randint(2000, 4000)))
        entries.append(Entry(now, f"[{now:12.6f}] {shown}", stamped=True))
    return entries
