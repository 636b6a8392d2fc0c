"""The jobserver, alone and beside GNU make."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from fakeact_kernel_compile.jobserver import Jobserver, Make, Recipe
from fakeact_kernel_compile.makefiles import makefiles


def nested(rng: random.Random, depth: int, name: str) -> Make:
    """A make with a few commands, some of which need earlier ones, and makes that it calls."""
    make = Make()
    for number in range(rng.randint(1, 5)):
        target = f"{name}{number}"
        needs = rng.sample(make.todo, rng.randint(0, min(2, len(make.todo))))
        called = nested(rng, depth - 1, f"{target}.") if depth and rng.random() < 0.4 else None
        make.todo.append(Recipe(f"> {target}", rng.uniform(0.1, 2), needs, says=f"< {target}", make=called))
    return make


def commands(make: Make) -> list[Recipe]:
    """Those that call no make, of it and all it calls."""
    return [each for recipe in make.todo for each in (commands(recipe.make) if recipe.make else [recipe])]


@pytest.mark.parametrize("jobs", [1, 2, 3, 7])
@pytest.mark.parametrize("seed", range(12))
def test_no_more_than_the_jobs_run_and_all_end(jobs: int, seed: int) -> None:
    """At no moment more commands run than there are jobs, what a command needs is over, and each ends once."""
    top = nested(random.Random(seed), 3, "")
    leaves = {recipe.echo[2:]: recipe for recipe in commands(top)}
    server, running, ended = Jobserver(top, jobs, random.Random(seed)), set(), set()
    last = 0.0
    for line in server.play():
        what, name = line.text.split()
        assert line.at >= last
        last = line.at
        if name in leaves and what == ">":
            assert all(need.done for need in leaves[name].needs)
            running.add(name)
        elif name in leaves:
            running.remove(name)
            assert name not in ended
            ended.add(name)
        assert len(running) <= jobs
    assert ended == set(leaves)
    assert server.busy <= jobs * server.now + 1e-9


def test_with_enough_jobs_the_longest_chain_decides() -> None:
    """Commands that need nothing run side by side; one that needs them begins when the last of them ends."""
    parts = [Recipe(str(seconds), seconds) for seconds in (3, 5, 1)]
    server = Jobserver(Make([*parts, Recipe("link", 2, parts)]), 8, random.Random(0))
    assert [(line.at, line.text) for line in server.play()] == [(0, "3"), (0, "5"), (0, "1"), (5, "link")]
    assert (server.now, server.busy) == (7, 11)


def write_makefile(make: Make, path: Path) -> None:
    """The same as a makefile: each recipe echoes, and calls the make that it calls."""
    path.mkdir()
    names = {recipe: f"t{number}" for number, recipe in enumerate(make.todo)}
    rules = [f"all: {' '.join(names.values())}", f".PHONY: all {' '.join(names.values())}"]
    for recipe, name in names.items():
        rules.append(f"{name}: {' '.join(names[need] for need in recipe.needs)}")
        rules.append(f"\t@echo '{recipe.echo}'")
        if recipe.make:
            rules.append(f"\t@+$(MAKE) --no-print-directory -C {name}")
            write_makefile(recipe.make, path / name)
    (path / "Makefile").write_text("\n".join(rules) + "\n")


@pytest.mark.skipif(not shutil.which("make"), reason="needs GNU make")
@pytest.mark.parametrize("seed", range(4))
def test_one_job_runs_in_the_order_of_gnu_make(seed: int, tmp_path: Path) -> None:
    """With one job the order of the lines is that of ``make -j1``."""
    top = nested(random.Random(seed), 2, "")
    write_makefile(top, tmp_path / "top")
    make = ["make", "--no-print-directory", "-j1", "-C", str(tmp_path / "top")]
    expected = subprocess.run(make, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    lines = [line.text for line in Jobserver(top, 1, random.Random(0)).play() if line.text.startswith(">")]
    assert lines == expected.stdout.splitlines()


def test_the_data_name_each_directory_and_module_once() -> None:
    """Every directory that is called has a section and is called from one place, and modules differ."""
    for name in ("prepare", "tree", "link"):
        directories = makefiles(name)
        called = [step for each in directories.values() for step in each.steps if isinstance(step, str)]
        assert len(called) == len(set(called))
        assert set(called) <= set(directories)
        modules = [module.path for each in directories.values() for module in each.modules]
        assert len(modules) == len(set(modules))
