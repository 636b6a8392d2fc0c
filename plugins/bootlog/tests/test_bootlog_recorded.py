"""Lines that systemd 257.13 printed on a serial console of 80 columns as Debian 13 booted, for units like these."""

import pytest
from fakeact_bootlog.catalogue import units
from fakeact_bootlog.sim.jobs import DEPENDENCY, DONE, FAILED, STARTING, TIMEOUT, Change
from fakeact_bootlog.sim.units import Unit
from fakeact_bootlog.status import cylon, hint, line, waiting

from fakeact.ansi import SGR, sgr

UUID = "11111111-2222-4333-8444-555555555555"
PATH = f"/dev/disk/by-uuid/{UUID}"
NAME = "dev-disk-by\\x2duuid-" + UUID.replace("-", "\\x2d")
MADE_UP = {
    f"{NAME}.device": PATH,
    f"systemd-fsck@{NAME}.service": f"File System Check on {PATH}",
    "srv-data.mount": "/srv/data",
    "dev-ttyS0.device": "/dev/ttyS0",
    "broken.service": "Broken Service",
    "leaf.service": "Leaf Service",
}
RECORDED = [
    ("system-getty.slice", DONE, "[  OK  ] Created slice system-getty.slice - Slice /system/getty."),
    (
        "system-serial\\x2dgetty.slice",
        DONE,
        "[  OK  ] Created slice system-serial\\x2dget…slice - Slice /system/serial-getty.",
    ),
    (
        "proc-sys-fs-binfmt_misc.automount",
        DONE,
        "[  OK  ] Set up automount proc-sys-fs-binfm…ormats File System Automount Point.",
    ),
    (f"{NAME}.device", STARTING, "         Expecting device dev-disk-by\\x2duu…1111-2222-4333-8444-555555555555..."),
    ("dev-ttyS0.device", STARTING, "         Expecting device dev-ttyS0.device - /dev/ttyS0..."),
    ("dev-ttyS0.device", DONE, "[  OK  ] Found device dev-ttyS0.device - /dev/ttyS0."),
    (
        "systemd-journald-dev-log.socket",
        DONE,
        "[  OK  ] Listening on systemd-journald-dev-…socket - Journal Socket (/dev/log).",
    ),
    ("dev-hugepages.mount", STARTING, "         Mounting dev-hugepages.mount - Huge Pages File System..."),
    ("dev-hugepages.mount", DONE, "[  OK  ] Mounted dev-hugepages.mount - Huge Pages File System."),
    (
        "kmod-static-nodes.service",
        STARTING,
        "         Starting kmod-static-nodes.service…eate List of Static Device Nodes...",
    ),
    (
        "kmod-static-nodes.service",
        DONE,
        "[  OK  ] Finished kmod-static-nodes.service…Create List of Static Device Nodes.",
    ),
    (
        "systemd-udevd.service",
        STARTING,
        "         Starting systemd-udevd.service - R…ager for Device Events and Files...",
    ),
    ("systemd-udevd.service", DONE, "[  OK  ] Started systemd-udevd.service - Ru…anager for Device Events and Files."),
    ("local-fs-pre.target", DONE, "[  OK  ] Reached target local-fs-pre.target…Preparation for Local File Systems."),
    (
        "apt-daily-upgrade.timer",
        DONE,
        "[  OK  ] Started apt-daily-upgrade.timer - …y apt upgrade and clean activities.",
    ),
    ("fstrim.timer", DONE, "[  OK  ] Started fstrim.timer - Discard unused filesystem blocks once a week."),
    ("cron.service", DONE, "[  OK  ] Started cron.service - Regular background program processing daemon."),
    ("broken.service", FAILED, "[FAILED] Failed to start broken.service - Broken Service."),
    ("leaf.service", DEPENDENCY, "[DEPEND] Dependency failed for leaf.service - Leaf Service."),
    ("srv-data.mount", DEPENDENCY, "[DEPEND] Dependency failed for srv-data.mount - /srv/data."),
    (
        f"systemd-fsck@{NAME}.service",
        DEPENDENCY,
        "[DEPEND] Dependency failed for systemd-fsck…111111-2222-4333-8444-555555555555.",
    ),
    (f"{NAME}.device", TIMEOUT, "[ TIME ] Timed out waiting for device dev-d…111111-2222-4333-8444-555555555555."),
]
STOPPED = [
    ("system-modprobe.slice", DONE, "[  OK  ] Removed slice system-modprobe.slice - Slice /system/modprobe."),
    ("graphical.target", DONE, "[  OK  ] Stopped target graphical.target - Graphical Interface."),
    ("systemd-rfkill.socket", DONE, "[  OK  ] Closed systemd-rfkill.socket - Loa…ll Switch Status /dev/rfkill Watch."),
    ("cron.service", STARTING, "         Stopping cron.service - Regular ba…ground program processing daemon..."),
    ("cron.service", DONE, "[  OK  ] Stopped cron.service - Regular background program processing daemon."),
    (
        "proc-sys-fs-binfmt_misc.automount",
        DONE,
        "[  OK  ] Unset automount proc-sys-fs-binfmt…ormats File System Automount Point.",
    ),
    ("run-lock.mount", STARTING, "         Unmounting run-lock.mount - Legacy Locks Directory /run/lock..."),
    ("tmp.mount", DONE, "[  OK  ] Unmounted tmp.mount - Temporary Directory /tmp."),
]


def change(name: str, what: str) -> Change:
    """A unit of the data, or one of those that were made for the recording."""
    fact = units().get(name, {})
    description = MADE_UP.get(name) or fact["description"]
    return Change(0.0, what, Unit(name, description, fact.get("type", "")))


@pytest.mark.parametrize(("name", "what", "expected"), RECORDED)
def test_status_lines_are_as_recorded(name: str, what: str, expected: str) -> None:
    """Wording, place of the dots and width are systemd's."""
    assert SGR.sub("", line(change(name, what), 80)) == expected


@pytest.mark.parametrize(("name", "what", "expected"), STOPPED)
def test_lines_of_a_shutdown_are_as_recorded(name: str, what: str, expected: str) -> None:
    """So are those that tell of stopping."""
    assert SGR.sub("", line(change(name, what), 80, stop=True)) == expected


def test_colours_are_as_recorded() -> None:
    """Green, bold red and the yellow of colour 185; a unit's name is bold."""
    assert sgr(32) + "  OK  " in line(change("cron.service", DONE), 80)
    assert sgr(1) + "cron.service" in line(change("cron.service", DONE), 80)
    assert sgr(31) + "FAILED" in line(change("broken.service", FAILED), 80)
    assert sgr(38, 5, 185) + "DEPEND" in line(change("leaf.service", DEPENDENCY), 80)


def test_the_hint_is_as_recorded() -> None:
    """Where to look after a failure."""
    assert hint(change("broken.service", FAILED).unit) == "See 'systemctl status broken.service' for details."


def test_the_eye_moves_as_recorded() -> None:
    """Out to the right and back, two pictures at each end with a lone star at most."""
    seen = [SGR.sub("", cylon(position)) for position in range(15)]
    assert seen == [
        "*     ", "**    ", "***   ", " ***  ", "  *** ", "   ***", "    **", "     *",
        "    **", "   ***", "  *** ", " ***  ", "***   ", "**    ", "*     ",
    ]  # fmt: skip


def test_the_row_is_as_recorded() -> None:
    """What is waited for, how long by now, and until when."""
    row = SGR.sub("", waiting(1, (1, 2), f"{NAME}.device/start", (39.3, 91.2), 80))
    assert row == "[**    ] (1 of 2) Job dev-disk-by\\x2duuid-11…ice/start running (39s / 1min 31s)"
    row = SGR.sub("", waiting(0, (1, 10), "systemd-udev-trigger.service/start", (23.0, 0.0), 80))
    assert row == "[*     ] (1 of 10) Job systemd-udev-trigger.…ice/start running (23s / no limit)"
