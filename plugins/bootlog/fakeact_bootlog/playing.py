"""The whole show: boots, and between them somebody who logs in."""

import random
from datetime import UTC, timedelta

from fakeact import IO
from fakeact_bootlog.catalogue import machines
from fakeact_bootlog.console import Console
from fakeact_bootlog.session import Session, analysis, failures
from fakeact_bootlog.sim.boot import Boot
from fakeact_bootlog.sim.machine import assemble
from fakeact_bootlog.sim.shutdown import shutdown

_TROUBLES = "none", "none", "none", "unit", "unit", "fsck", "disk", "network"
"""What "any" draws from: mostly all goes well, or something small doesn't."""


async def play(io: IO, rng: random.Random, *, kind: str, trouble: str, quiet: bool, reboots: int) -> None:
    """Boot a machine, and again as often as asked for."""
    kind = rng.choice(list(machines()["kinds"])) if kind == "any" else kind
    trouble = rng.choice(_TROUBLES) if trouble == "any" else trouble
    machine = assemble(kind, rng, io.now())
    console, terminal = Console(io, rng), "tty1" if kind == "laptop" else "ttyS0"
    firmware, loader = (rng.uniform(*machine.facts["timing"][part]) for part in ("firmware", "loader"))
    last = io.now().astimezone(UTC) - timedelta(hours=rng.uniform(2, 90))
    for number in range(reboots + 1):
        if number:
            await console.firmware(machine, firmware)
        await console.loader(machine, loader)
        began = io.now()
        boot = Boot(machine, began, rng, trouble="none" if number else trouble, quiet=quiet)
        await console.start(boot)
        session = Session(io, rng, boot, terminal)
        await session.greet()
        if number == reboots:
            break
        last = await session.login(last)
        parts = {"firmware": firmware, "loader": loader} if machine.efi else {}
        parts |= {"kernel": boot.handed_over, "userspace": boot.finished - boot.handed_over}
        reached = boot.transaction.when("graphical.target") - boot.handed_over
        await session.run("systemctl --failed", *failures(boot))
        await session.run("systemd-analyze", *analysis(parts, reached), thinks=5.0)
        await session.run("sudo systemctl reboot", thinks=6.0)
        now = (io.now() - began).total_seconds()
        await console.stop(shutdown(boot, now + 0.2, rng), now)
    await io.csleep(4000)
    await io.print()
