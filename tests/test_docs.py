"""Documentation that is executed, and generated parts that are current."""

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from docs.generate import filled
from fakeact import IO, Module, arguments
from fakeact.io import Live
from fakeact.testing import check_module, perform

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("plugins/*/README.md")]
)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_generated_parts_are_current(page: Path) -> None:
    """The help text and the list of modules in the docs are what the program says; 'make docs' writes them."""
    assert filled(page.read_text()) == page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_python_in_the_docs_runs(page: Path) -> None:
    """Every Python block is executed, in the order of the page; one that awaits is a piece of a module."""
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        if re.search(r"^(async with|await) ", block, re.M):
            body = "".join(f"    {line}\n" for line in block.splitlines())
            exec(f"async def piece(io, rng):\n{body}", names)
            played = perform(Module("piece", "./piece", names["piece"]))  # type: ignore[arg-type]
            assert played.error is None
        else:
            exec(block, names)


def test_the_readmes_module_plays() -> None:
    """The module in the README is a module."""
    names: dict[str, object] = {}
    exec(blocks(ROOT / "README.md", "python")[0], names)
    (module,) = names["fakeact_modules"]()  # type: ignore[operator]
    assert perform(module, hosts=3).lines[-1] == "All hosts greeted."


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_commands_in_the_docs_are_understood(page: Path) -> None:
    """Every fakeact command line in the docs parses, and names modules and options that exist."""
    from fakeact import options, plugins

    found = plugins.discover()
    if page.name == "writing-a-module.md":
        return  # tests/test_tutorial.py really runs those
    for line in re.findall(r"^(?:\$ |    )?(fakeact(?: .*)?)$", page.read_text(), re.M):
        words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
        if {"-h", "--help", "-V"} & set(words) or "NAME" in words:
            continue
        said = arguments.parse(words)
        modules = {name: found.modules[name] for name in said.modules or found.modules}
        options.choose_options(modules, said.option)


def test_links_in_the_docs_lead_somewhere() -> None:
    """A link to a file of the project names one that is there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_files_named_in_the_docs_exist() -> None:
    """A path in code quotes is a path of the project."""
    for page in PAGES:
        for path in re.findall(r"`((?:fakeact|tests|docs|plugins)/[\w/.]+\.\w+)`", page.read_text()):
            where = ROOT if path.startswith(("fakeact", "docs", "plugins")) or page.parent == ROOT else page.parent
            assert (where / path).exists() or (ROOT / path).exists() or (page.parent / path).exists(), f"{page}: {path}"


def test_nothing_names_this_machine() -> None:
    """No registry's host name, no path of a machine, no lock file goes into the project."""
    hosts = ("py" + "pi.org", "python" + "hosted", "npm" + "js.org", "/wo" + "rk/main")
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or parts[0].startswith(".") or "__pycache__" in parts:
            continue
        if path.suffix in {".py", ".md", ".toml", ".json", ".txt", ""}:
            text = path.read_text(errors="replace")
            assert not [host for host in hosts if host in text], path


def test_every_member_of_io_is_documented() -> None:
    """What a module can call stands in io.md, with its docstring."""
    page = (ROOT / "docs" / "io.md").read_text()
    for owner, name in ((IO, "io"), (Live, "live")):
        for member in (each for each in vars(owner) if not each.startswith("_")):
            assert re.search(rf"^#### `(await )?{name}\.{member}\b", page, re.M), member


COOKBOOK = ROOT / "docs" / "cookbook.md"
RECIPES = re.findall(r"^<!-- picture (\w+) ", COOKBOOK.read_text(), re.M)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_holds_the_rules(name: str) -> None:
    """Every show of the cookbook is one that its reader could publish."""
    names: dict[str, Any] = {}
    for block in blocks(COOKBOOK, "python"):
        exec(block, names)
    check_module(Module(name, f"./{name}", names[name]))


PLANTED = """from fakeact import IO

async def nap(io: IO, rng: object) -> None:
    await io.csleep("x")
"""


def test_the_examples_are_typed(tmp_path: Path) -> None:
    """The types of every example are right: mypy --strict is content, as a reader would run it."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for number, block in enumerate(blocks(page, "python")):
            if not re.search(r"^(async with|await) ", block, re.M) and "import" in block:
                (tmp_path / f"{page.stem.replace('-', '_').lower()}_{number}.py").write_text(block)
    assert len(list(tmp_path.iterdir())) > 12
    (tmp_path / "planted.py").write_text(PLANTED)
    files = sorted(path.name for path in tmp_path.iterdir())
    mypy = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        str(ROOT / ".mypy_cache"),
    ]
    done = subprocess.run([*mypy, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if not line.startswith("planted.py")][:-1] == []
    assert 'planted.py:4: error: Argument 1 to "csleep" of "IO" has incompatible type "str"' in done.stdout


def test_asyncio_runs_in_docs() -> None:
    """A block that awaits is really awaited, not only compiled."""

    async def piece(io: object, rng: Random) -> None:
        await asyncio.sleep(0)
        raise LookupError

    assert isinstance(perform(Module("piece", "", piece)).error, LookupError)
