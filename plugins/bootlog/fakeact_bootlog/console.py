"""The machine's console: what appears when, and the row that tells what is waited for."""

import random
from collections.abc import Sequence

from fakeact import IO
from fakeact_bootlog import status
from fakeact_bootlog.sim.boot import Boot, Entry
from fakeact_bootlog.sim.jobs import FAILED
from fakeact_bootlog.sim.machine import Machine

_PATIENCE, _PERIOD, _TURNS = 2.0, 1 / 3, 3
"""Seconds without a status line before the row appears, seconds between two of its pictures, and how many of these
a job stays: JOBS_IN_PROGRESS_* in systemd's src/core/manager.c."""
_FRAME = 0.03


class Console:
    """Shows boots one after the other."""

    def __init__(self, io: IO, rng: random.Random) -> None:
        self._io, self._rng = io, rng

    async def firmware(self, machine: Machine, seconds: float) -> None:
        """The firmware of a machine that starts anew."""
        if machine.kind == "vm":
            lines = ["SeaBIOS (version 1.16.3-debian-1.16.3-2)", "", "", "Booting from Hard Disk..."]
        elif machine.kind == "server":
            product, gib = machine.dmi.partition("/")[0], machine.memory_gib
            lines = [product, machine.dmi.partition(", ")[2], "", "Initializing memory..."]
            lines += [f"{gib} GiB memory, {machine.packages} x {machine.cpu['name']}", "Initializing PCIe devices..."]
            lines += ["Loading boot devices...", "Press F2 for setup, F11 for boot menu"]
        else:
            lines = [""]
        await self._io.print()
        for line in lines:
            await self._io.csleep(seconds / (len(lines) + 1) * 1000)
            await self._io.print(line)
        await self._io.csleep(seconds / (len(lines) + 1) * 1000)

    async def loader(self, machine: Machine, seconds: float) -> None:
        """GRUB, with its menu's time running out."""
        await self._io.print("Welcome to GRUB!" if machine.efi else "GRUB loading.")
        menu = int(seconds) - 1
        async with self._io.live() as live:
            for left in range(menu, 0, -1):
                await live.show("", f"   The highlighted entry will be executed automatically in {left}s.")
                await self._io.csleep(1000)
        await self._io.print(f"Loading Linux {machine.software.release} ...")
        await self._io.csleep((seconds - menu) * 400)
        await self._io.print("Loading initial ramdisk ...")
        await self._io.csleep((seconds - menu) * 600)
        if machine.efi:
            await self._io.print("EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path")

    async def start(self, boot: Boot) -> None:
        """A boot, from the kernel's first line to the last job."""
        await self._play(boot.entries, 0.0, boot)

    async def stop(self, entries: Sequence[Entry], now: float) -> None:
        """A shutdown that begins at a moment of the kernel's clock."""
        await self._play(entries, now, None)

    async def _play(self, entries: Sequence[Entry], now: float, boot: Boot | None) -> None:
        async with self._io.live() as live:
            last_status, position = float("inf"), 0
            for entry in entries:
                while entry.at - now > _FRAME:
                    wake = entry.at
                    if boot and last_status + _PATIENCE < entry.at and now >= boot.queued:
                        first = last_status + _PATIENCE
                        wake = min(entry.at, first if now < first - 1e-9 else now + _PERIOD)
                    await self._io.csleep((wake - now) * 1000)
                    now = wake
                    if boot and now < entry.at and now >= last_status + _PATIENCE - 1e-9:
                        await live.show(*self._row(boot, now, position))
                        position += 1
                if entry.change:
                    await live.show()
                    last_status, position = entry.at, 0
                await self._show(entry)

    def _row(self, boot: Boot, now: float, position: int) -> list[str]:
        jobs = boot.transaction.running(now)
        if not jobs:
            return []
        number = position // _TURNS % len(jobs)
        job = jobs[number]
        limit = job.unit.limit + job.began - boot.queued if job.unit.limit else 0.0
        times = now - boot.queued, limit
        return [status.waiting(position, (number + 1, len(jobs)), f"{job.unit.name}/start", times, self._io.width)]

    async def _show(self, entry: Entry) -> None:
        if not entry.change:
            await self._io.print(entry.text)
            return
        await self._io.print(status.line(entry.change, self._io.width, stop=entry.stop))
        if entry.change.what == FAILED:
            await self._io.print(status.hint(entry.change.unit))
