"""The session from the banner to Ctrl-D: the one owner of time."""

import random
from dataclasses import dataclass, replace

from fakeact import IO
from fakeact.style import cyan
from fakeact_julia import bars, says
from fakeact_julia.banner import banner
from fakeact_julia.catalogue import Manifest, packages
from fakeact_julia.repl import Repl
from fakeact_julia.sim.environment import Environment, Plan, draw
from fakeact_julia.sim.precompilation import Job, Machine, Precompilation, precompile
from fakeact_julia.sim.resolver import Change, changes, resolve
from fakeact_julia.sim.transfer import Transfer, Transfers
from fakeact_julia.tries import known, tries

_MIB = 2**20
_FRAME = 0.1
"""Seconds between two pictures, as Pkg and Base draw them."""
_LINGER = 1.0
"""Seconds for which a package that is done stays in sight."""
_SLOWEST, _FASTEST = 1.5 * _MIB, 90 * _MIB
_SPAN = 34.0, 85.0
"""Seconds in which an environment precompiles that is worth watching."""
_BRIEF = 45.0
"""Seconds up to which there is time to look around afterwards."""
_BUILT = ("Conda", "IJulia")
"""Packages with a build script."""
_LOADS_SLOWLY = {"Plots": 1.6, "CairoMakie": 3.2, "Makie": 2.6, "Images": 2.4, "Symbolics": 1.9, "JuMP": 1.1}
"""Seconds that loading takes, where one notices."""


async def play_session(
    io: IO, rng: random.Random, *, command: str, kind: str, direct: int, threads: int, bandwidth: int
) -> None:
    """The whole session; "any" and 0 are drawn."""
    add = rng.random() < 0.45 if command == "any" else command == "add"
    plan = draw(rng, kind, max(direct, 3) if direct else 0, add=add)
    await io.csleep(rng.uniform(180, 420))
    for text in banner(io.width):
        await io.print(text)
    repl = Repl(io, rng, plan.environment.prompt)
    await repl.open()
    await repl.package_mode()
    machine = Machine(threads, plan.preloaded, _SPAN)
    await _Pkg(io, rng, repl, plan, machine, bandwidth * _MIB).run(add=add)
    await repl.julia_mode()
    await _try(io, rng, repl, [*plan.wanted, *plan.environment.direct])
    await repl.close()
    await io.csleep(1500)


async def _try(io: IO, rng: random.Random, repl: Repl, names: list[str]) -> None:
    """Load a package and see that it works."""
    name = rng.choice(known(names) or names)
    await repl.type(f"using {name}")
    await io.csleep(1000 * rng.uniform(0.9, 1.4) * _LOADS_SLOWLY.get(name, 0.35))
    await io.newline()
    await repl.open()
    for typed, answer in tries(rng, name):
        await repl.type(typed, lead=1.5)
        await io.csleep(rng.uniform(60, 500))
        for text in answer:
            await io.print(text)
        await io.newline()
        await repl.open()


@dataclass
class _Pkg:
    """What is done in package mode."""

    io: IO
    rng: random.Random
    repl: Repl
    plan: Plan
    machine: Machine
    rate: float
    """Bytes a second; 0 where the line is as fast as fits."""

    def __post_init__(self) -> None:
        self._environment = self.plan.environment
        self._collected = False

    async def run(self, *, add: bool) -> None:
        """Look, do it, and perhaps look again or clean up."""
        rng, began = self.rng, self.io.now()
        if rng.random() < (0.35 if add else 0.75):
            await self._status()
        await (self._add() if add else self._update())
        brief = (self.io.now() - began).total_seconds() < _BRIEF
        if brief or (add and rng.random() < 0.6):
            await self._status()
        if not self._collected and (brief or rng.random() < 0.2):
            await self._collect(typed=True)

    async def _status(self) -> None:
        await self.repl.type(self.rng.choice(("st", "st", "status")))
        await self._wait(80, 400)
        await self._print(*says.status(self._environment))
        await self._prompt()

    async def _update(self) -> None:
        await self.repl.type(self.rng.choice(("up", "up", "update")))
        await self._registry()
        old, direct = self._environment, self._environment.direct
        new = replace(old, manifest=resolve(direct))
        await self._wait(1200, 4200)
        await self._apply(old, new, added=())
        if self.rng.random() < 0.4:
            await self._collect(typed=False)
        await self._prompt()

    async def _add(self) -> None:
        wanted = self.plan.wanted
        await self.repl.type(f"add {self.rng.choice((' ', ', ', ' ')).join(wanted)}")
        if self.rng.random() < 0.7:  # at most once a day
            await self._registry()
        await self._say("Resolving", "package versions...")
        old, direct = self._environment, [*self._environment.direct, *wanted]
        new = replace(old, direct=direct, manifest=resolve(direct, old.manifest))
        await self._wait(900, 3500)
        await self._apply(old, new, added=wanted)
        await self._prompt()

    async def _registry(self) -> None:
        await self._wait(100, 500)
        await self._say("Updating", "registry at `~/.julia/registries/General.toml`")
        await self._wait(900, 3200)

    async def _apply(self, old: Environment, new: Environment, added: tuple[str, ...]) -> None:
        """Bring what is missing, write the files, build, precompile."""
        changed = changes(old.manifest, new.manifest)
        fresh = [one for one in changed if one.new and one.name not in self.plan.elsewhere]
        await self._download(fresh, new.manifest)
        self._environment = new
        if new.package and added:
            await self._print(says.compat(added))
        await self._wait(60, 250)
        await self._print(*says.difference(new, old, changed))
        await self._build(fresh)
        if changed:
            await self._precompile(old, new)

    async def _download(self, fresh: list[Change], manifest: Manifest) -> None:
        sources = {one.name: packages()[one.name].source for one in fresh}
        binaries = {one.name.removesuffix("_jll"): packages()[one.name].artifact for one in fresh}
        binaries = {name: size for name, size in binaries.items() if size}
        total = sum(sources.values()) + sum(binaries.values())
        rate = self.rate or min(max(total / self.rng.uniform(12, 28), _SLOWEST), _FASTEST)
        if sources:
            await self._install(sources, manifest, rate)
        if binaries:
            await self._install_artifacts(binaries, manifest, rate)

    async def _install(self, sources: dict[str, int], manifest: Manifest, rate: float) -> None:
        transfers, widest = Transfers(_shuffled(sources, self.rng), rate, self.rng), max(map(len, sources))
        async with self.io.live() as live:
            while transfers.finished < len(sources):
                for one in transfers.advance(_FRAME):
                    await self._print(says.installed(one.name, manifest[one.name], widest))
                await live.show(self._counted("Downloading packages", transfers, indent=1))
                await self.io.csleep(_FRAME * 1000)

    async def _install_artifacts(self, binaries: dict[str, int], manifest: Manifest, rate: float) -> None:
        """Bars where they can move; in a pipe a line when one is there."""
        transfers = Transfers(_shuffled(binaries, self.rng), rate, self.rng)
        widest = max(len(name.removesuffix("_jll")) for name in manifest if packages()[name].artifact)
        if not self.io.motion:
            await self._say("Installing", f"{len(binaries)} artifacts")
        async with self.io.live() as live:
            while transfers.finished < len(binaries):
                for one in transfers.advance(_FRAME):
                    if not self.io.motion:
                        await self._print(says.artifact(one.name, one.size, widest))
                await live.show(*self._artifact_rows(transfers, widest))
                await self.io.csleep(_FRAME * 1000)
        if self.io.motion:
            await self._print(self._counted("Installing artifacts", transfers, indent=2))

    def _artifact_rows(self, transfers: Transfers, widest: int) -> list[str]:
        """The count, and as many transfers as the screen has room for."""
        shown = [one for one in transfers.running if one.known][: max(self.io.height - 3, 1)]
        rows = [self._transfer(one, widest) for one in shown]
        return [self._counted("Installing artifacts", transfers, indent=2), *rows]

    def _transfer(self, one: Transfer, widest: int) -> str:
        return bars.transfer(f"{one.name:<{widest}}", one.received, one.size, self.io.width)

    def _counted(self, header: str, transfers: Transfers, indent: int) -> str:
        colour = {"colour": cyan} if indent == 1 else {}
        return bars.count(header, transfers.finished, len(transfers.all), self.io.width, indent=indent, **colour)

    async def _build(self, fresh: list[Change]) -> None:
        """Run build scripts, one after the other, those of what is needed first."""
        names = [name for name in _BUILT if any(one.name == name for one in fresh)]
        widest = max(map(len, names), default=0)
        async with self.io.live() as live:
            for done, name in enumerate(names):
                await self._print(says.building(name, widest, _log(self.rng)))
                await live.show(bars.count("Building packages", done, len(names), self.io.width, indent=2, colour=cyan))
                await self._wait(900, 3000)

    async def _precompile(self, old: Environment, new: Environment) -> None:
        planning = self.rng.uniform(0.6, 1.8)
        work = precompile(old.manifest, new.manifest, new.direct, self.machine, self.rng)
        await self.io.csleep(planning * 1000)
        await (self._watch if self.io.motion else self._log_jobs)(work)
        await self._print(says.precompiled(work.total, planning + work.seconds, work.already))

    async def _watch(self, work: Precompilation) -> None:
        """A bar, and below it what runs and what has just been done."""
        passed, tick = 0.0, 0
        async with self.io.live() as live:
            while passed < work.seconds:
                tick += 1
                await live.show(*self._precompilation_rows(work, passed, tick))
                pause = min(_FRAME, work.seconds - passed)
                await self.io.csleep(pause * 1000)
                passed += pause
        await self._print(says.line("Precompiling", "packages finished.", indent=0))

    def _precompilation_rows(self, work: Precompilation, passed: float, tick: int) -> list[str]:
        bar = bars.count("Precompiling packages ", work.done(passed), work.total, self.io.width, indent=0)
        shown = [job for job in work.jobs if job.started <= passed < job.finished + _LINGER]
        rows = [says.checked(job) if job.finished <= passed else says.spinning(job, tick) for job in shown]
        return [bar, *rows[-max(self.io.height - 3, 2) :]]

    async def _log_jobs(self, work: Precompilation) -> None:
        """Where nothing moves: a line for each job when it is done."""
        await self._print(says.line("Precompiling", "packages...", indent=0))
        passed = 0.0
        for job in sorted(work.jobs, key=_when):
            await self.io.csleep((job.finished - passed) * 1000)
            passed = job.finished
            await self._print(says.timed(job))

    async def _collect(self, *, typed: bool) -> None:
        """Delete what no manifest has needed for a while."""
        self._collected = True
        if typed:
            await self.repl.type("gc")
        else:
            await self._print(
                says.line("Info", "We haven't cleaned this depot up for a bit, running Pkg.gc()...", cyan)
            )
        for text in says.collected(self.rng, self._environment.manifest):
            await self._wait(150, 900)
            await self._print(text)
        if typed:
            await self._prompt()

    async def _prompt(self) -> None:
        await self.io.newline()
        await self.repl.open()

    async def _say(self, verb: str, text: str) -> None:
        await self._print(says.line(verb, text))

    async def _print(self, *lines: str) -> None:
        for text in lines:
            await self.io.print(text)

    async def _wait(self, least: float, most: float) -> None:
        await self.io.csleep(self.rng.uniform(least, most))


def _shuffled(sizes: dict[str, int], rng: random.Random) -> dict[str, int]:
    """In a hash table's order."""
    return {name: sizes[name] for name in rng.sample(sorted(sizes), len(sizes))}


def _log(rng: random.Random) -> str:
    """Where a build logs to: below Pkg's own scratch space, in a folder named after the source tree."""
    return f"~/.julia/scratchspaces/44cfe95a-1eb2-52ea-b672-e2afdf69b78f/{rng.getrandbits(160):040x}/build.log"


def _when(job: Job) -> float:
    return job.finished
