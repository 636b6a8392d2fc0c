"""Every way to break, installed at once beside the good ones: a line each, and the others play on."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Fakeact = Callable[..., "CompletedProcess[str]"]

HEAD = """
from fakeact import Module, hookimpl
async def run(io, rng):
    "Say one line."
    await io.print("fine")
    await io.csleep(1000)
"""
HOOK = """
@hookimpl
def fakeact_modules():
    return [Module({name!r}, "./{name}", run)]
"""
OFFERS = HEAD + HOOK
RUNS = """
import asyncio, sys, time
from fakeact import Module, hookimpl
async def run(io, rng):
    {body}
@hookimpl
def fakeact_modules():
    return [Module({name!r}, "./{name}", run)]
"""

REFUSED = {
    "dependency": ("import no_such_library", "No module named 'no_such_library'"),
    "importing": ("from fakeact import Modul", "cannot import name 'Modul'"),
    "syntax": ("def broken(:", "SyntaxError"),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "cancels": ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
    "unmarked": (HEAD + "def fakeact_modules(): return []", "is @hookimpl missing above fakeact_modules()?"),
    "unknown_hook": (
        OFFERS.format(name="x") + "@hookimpl\ndef fakeact_modles(): return []",
        "there is no hook 'fakeact_modles'",
    ),
    "wrong_argument": (
        HEAD + "@hookimpl\ndef fakeact_modules(config): return []",
        "hookimpl definition: fakeact_modules(config)",
    ),
    "hook_raises": (HEAD + "@hookimpl\ndef fakeact_modules(): raise KeyError('x')", "KeyError: 'x'"),
    "gives_none": (HEAD + "@hookimpl\ndef fakeact_modules(): [run]", "not None: is 'return' missing?"),
    "gives_text": (HEAD + "@hookimpl\ndef fakeact_modules(): return 'show'", "a list of modules, not str"),
    "gives_one": (
        HEAD + "@hookimpl\ndef fakeact_modules(): return Module('one', '', run)",
        "a list of modules, not Module",
    ),
    "gives_a_function": (HEAD + "@hookimpl\ndef fakeact_modules(): return [run]", "gave 'function' where a Module"),
    "gives_no_end": (
        HEAD + "@hookimpl\ndef fakeact_modules():\n    while True: yield Module('again', '', run)",
        "does not stop giving modules after 1000",
    ),
    "async_hook": (HEAD + "@hookimpl\nasync def fakeact_modules(): return []", "it is no 'async def'"),
    "twice": (
        HEAD + "@hookimpl\ndef fakeact_modules(): return [Module('same', '', run)] * 2",
        "it has a module 'same' already",
    ),
    "takes_ours": (OFFERS.format(name="hello"), "plugin 'hello' of fakeact"),
    "takes_anothers": (OFFERS.format(name="good"), "plugin 'good' of probe-good 1.0 has a module 'good' already"),
    "bad_name": (OFFERS.format(name="two words"), "module name 'two words' has something else than letters"),
    "no_text": (HEAD + "@hookimpl\ndef fakeact_modules(): return [Module('x', 3, run)]", "signature is 'int'"),
    "not_async": (OFFERS.format(name="x").replace("async ", "").replace("await ", ""), "run is no 'async def'"),
    "yields": (OFFERS.format(name="x").replace("await io.print", "yield"), "run has a 'yield' in it"),
    "no_dice": (OFFERS.format(name="x").replace("io, rng", "io"), "run(io) can't be called as run(io, rng, *"),
    "no_default": (OFFERS.format(name="x").replace("rng)", "rng, *, hosts)"), "option 'hosts' has no default"),
    "list_option": (OFFERS.format(name="x").replace("rng)", "rng, *, hosts=[])"), "option 'hosts' is a list"),
    "from_the_future": ("FAKEACT_API_VERSION = 99" + OFFERS.format(name="x"), "written for a newer fakeact"),
}
"""What is refused when it is loaded: the plugin's source, and words of the line that it costs."""

MISSING_ATTRIBUTE = "has no attribute 'plugin'"
PRINTS = "print('Hello from the community!')" + OFFERS.format(name="prints")

FAILS = {
    "fails": ("await io.print(1 / 0)", "ZeroDivisionError: division by zero"),
    "leaves": ("sys.exit(5)", "SystemExit raised by the module: 5"),
    "forgets_await": ("await io.print", "can't be used in 'await' expression"),
    "wants_another_io": ("io.display('x')", "no attribute 'display'"),
    "drops_a_library": ("import no_such_library", "No module named 'no_such_library'"),
}
"""What fails when it is played: the body of its run, and words of the line that it costs."""

MISBEHAVES = {
    "floods": "while True: await io.print('x' * 79)",
    "spins": "while True: await asyncio.sleep(0)",
    "is_deaf": """while True:
        try: await io.csleep(50)
        except BaseException: pass""",
    "blocks": "time.sleep(60)",
}
"""What would never end, nor let the others have their turn."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of distributions, as installers leave them: packages beside their dist-info."""
    folder = tmp_path_factory.mktemp("site")
    sources = {name: source for name, (source, _) in REFUSED.items()}
    sources |= {name: RUNS.format(name=name, body=body) for name, (body, _) in FAILS.items()}
    sources |= {name: RUNS.format(name=name, body=body) for name, body in MISBEHAVES.items()}
    sources |= {"good": OFFERS.format(name="good"), "prints": PRINTS, "no_attribute": HEAD}
    for name, source in sources.items():
        distribution(folder, name, source, f"probe_{name}:plugin" if name == "no_attribute" else f"probe_{name}")
    (folder / "probe_good-1.0.dist-info" / "METADATA").unlink()
    (folder / "probe_good-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: probe-good\nVersion: 1.0\n"
    )
    return folder


def distribution(folder: Path, name: str, source: str, value: str) -> None:
    """Writes a distribution with one plugin."""
    (folder / f"probe_{name}.py").write_text(source)
    info = folder / f"probe_{name}-1.0.dist-info"
    info.mkdir()
    dashed = name.replace("_", "-")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: probe-{dashed}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[fakeact]\n{name} = {value}\n")


@pytest.fixture
def crowded(fakeact: Fakeact, site: Path) -> Fakeact:
    """Runs ``fakeact ...`` where all of them are installed."""
    return lambda *arguments, **env: fakeact(*arguments, PYTHONPATH=str(site), **env)


@pytest.fixture(scope="module")
def lines(site: Path) -> list[str]:
    """What ``fakeact -l`` says on standard error where all of them are installed."""
    import os
    import subprocess

    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-m", "fakeact", "-l"], env=env, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_plugin_costs_one_line(lines: list[str], name: str) -> None:
    """Who, which version, what, and how to switch it off."""
    (line,) = [line for line in lines if line.startswith(f"fakeact: plugin {name!r} ")]
    assert f"plugin {name!r} of probe-{name.replace('_', '-')} 1.0 is left out: " in line
    assert REFUSED[name][1] in line
    assert line.endswith(f"(--no-plugin {name} switches it off)")


def test_nothing_else_is_said(lines: list[str]) -> None:
    """One line for each of them, one for the entry point that leads nowhere, one for the plugin that prints."""
    assert len(lines) == len(REFUSED) + 2
    assert any("'no_attribute'" in line and MISSING_ATTRIBUTE in line for line in lines)
    assert any("plugin 'prints' of probe-prints 1.0 prints while it is loaded" in line for line in lines)


def test_the_listing_works(crowded: Fakeact) -> None:
    """-l has the bundled modules and the good ones, and standard output has nothing else."""
    done = crowded("-l", "--json")
    names = {record["name"] for record in json.loads(done.stdout)}
    assert {"hello", "llm_training", "good", "prints", *FAILS, *MISBEHAVES} <= names
    assert not names & {"x", "same", "again", "two words"}


def test_the_version_works(crowded: Fakeact) -> None:
    """-V asks no plugin at all."""
    done = crowded("-V")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"fakeact \S+\n", done.stdout)


def test_a_show_works(crowded: Fakeact) -> None:
    """-m llm_training plays, and not a word is said about the others, which are not even loaded."""
    done = crowded("-m", "llm_training", "--exit-after-time", "1s", "-s", "20")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") > 3


def test_the_report_lists_them(crowded: Fakeact) -> None:
    """--plugins says what was refused, and why, for people and for programs."""
    report = json.loads(crowded("--plugins", "--json").stdout)
    assert len(report["refused"]) == len(REFUSED) + 1
    assert "good" in [record["name"] for record in report["plugins"]]


def test_they_can_be_switched_off(crowded: Fakeact) -> None:
    """--no-plugin leaves nothing to complain about."""
    off = [*REFUSED, "no_attribute", "prints"]
    assert crowded("-l", "--no-plugin", ",".join(off)).stderr == ""


def test_strict_is_for_continuous_integration(crowded: Fakeact) -> None:
    """FAKEACT_STRICT_PLUGINS ends with a status and one line."""
    done = crowded("-l", FAKEACT_STRICT_PLUGINS="1")
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_who_fails_in_the_show_costs_one_line(crowded: Fakeact) -> None:
    """Modules that raise are named once and left out; the good one beside them plays."""
    done = crowded("-m", ",".join([*FAILS, "good"]), "--exit-after-modules", "12", "-s", "100")
    assert done.returncode == 0
    assert "fine\n" in done.stdout
    assert len(done.stderr.splitlines()) == len(FAILS)
    for name, (_, words) in FAILS.items():
        (line,) = [line for line in done.stderr.splitlines() if f"module {name!r} of probe-" in line]
        assert words in line
        assert f" at probe_{name}.py:5 (" in line
        assert f"-x {name} leaves it out" in line


@pytest.mark.parametrize("name", MISBEHAVES)
def test_who_never_ends_is_ended(crowded: Fakeact, name: str) -> None:
    """A deadline holds for a module that floods, spins, does not listen or blocks."""
    done = crowded("-m", name, "--exit-after-time", "0.3s")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1
