"""The command line: what it plays, what it says, how it ends."""

import json
import re
import sys
from collections.abc import Callable
from subprocess import PIPE, CompletedProcess, Popen

import pytest

from fakeact import arguments
from fakeact.errors import UsageError

Fakeact = Callable[..., "CompletedProcess[str]"]


def test_the_listing_names_every_module(fakeact: Fakeact) -> None:
    """-l shows names, what they pretend to be, and their options."""
    done = fakeact("-l")
    assert done.returncode == 0
    assert re.search(r"^hello +\./greet\.sh --all$", done.stdout, re.M)
    assert "options: hosts=12" in done.stdout
    assert re.search(r"^llm_training +\S", done.stdout, re.M)


def test_the_listing_as_json(fakeact: Fakeact) -> None:
    """-l --json gives the same to programs."""
    records = {record["name"]: record for record in json.loads(fakeact("-l", "--json").stdout)}
    assert records["hello"]["signature"] == "./greet.sh --all"
    assert records["hello"]["options"] == [{"name": "hosts", "default": 12, "possible": "1 to 1000"}]
    assert records["hello"]["version"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "helo"], "did you mean hello?"),
        (["-m", ","], "a name is missing"),
        (["-x", "helo"], "no module 'helo'"),
        (["-m", "hello", "-x", "hello"], "no module is left to play"),
        (["--colour=always"], "did you mean --color?"),
        (["--colo=always"], "no option '--colo=always'"),
        (["hello"], "no argument 'hello'"),
        (["-s", "0"], "from 0.01 to 1000000"),
        (["-s", "1e7"], "from 0.01 to 1000000"),
        (["-s", "nan"], "is not a number"),
        (["-s", "inf"], "is not a number"),
        (["-i", "-1"], "0 or more"),
        (["-i", "1.5"], "is not a whole number"),
        (["--exit-after-modules", "0"], "1 or more"),
        (["--exit-after-time", "soon"], "soon"),
        (["--max-module-time", "-3s"], "--max-module-time"),
        (["--color", "blue"], "auto"),
        (["--seed", "x"], "--seed"),
        (["-m", "hello", "-o", "hots=3"], "did you mean hosts?"),
        (["-m", "hello", "-o", "hosts=many"], "possible is 1 to 1000"),
        (["-m", "hello", "-o", "hosts"], "write KEY=VALUE"),
        (["-m", "hello", "-o", "hosts=\udcff\x1b[31m"], "possible is 1 to 1000"),
    ],
)
def test_a_wrong_value_costs_one_line(fakeact: Fakeact, arguments: list[str], words: str) -> None:
    """Usage errors end with status 2 and one line that helps, never with a traceback."""
    done = fakeact(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fakeact: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert "\x1b" not in done.stderr


def test_durations_and_lists_are_understood() -> None:
    """Durations in every form of the help, lists with commas and repeated."""
    said = arguments.parse(["-m", "a,b", "-m", "c", "--exit-after-time", "2h10min", "--max-module-time", "1.5m"])
    assert (said.modules, said.exit_after_time, said.max_module_time) == (["a", "b", "c"], 7800, 90)


def test_options_are_not_abbreviated() -> None:
    """A prefix of an option is not taken for the option: scripts would break with the next one."""
    with pytest.raises(UsageError, match="did you mean --speed-factor"):
        arguments.parse(["--speed", "3"])


def test_help_and_version(fakeact: Fakeact) -> None:
    """-h and -V print to standard output and end well."""
    assert "--exit-after-time DURATION" in fakeact("-h").stdout
    assert re.fullmatch(r"fakeact \d+\.\d+\.\d+\n", fakeact("-V").stdout)


def test_the_same_seed_prints_the_same(fakeact: Fakeact) -> None:
    """Two processes with one seed print the same lines; another seed prints others."""
    first, again, other = (
        fakeact("-m", "hello", "--seed", seed, "-s", "1000", "--exit-after-modules", "1").stdout for seed in "778"
    )
    assert first == again != other
    assert first.endswith("All hosts greeted.\n")


def test_a_pipe_gets_plain_lines(fakeact: Fakeact) -> None:
    """No escape sequence and no carriage return goes into a pipe, unless colour is forced."""
    arguments = ("-m", "hello", "-s", "1000", "--exit-after-modules", "1")
    plain, forced = fakeact(*arguments).stdout, fakeact(*arguments, "--color=always").stdout
    assert "\x1b" not in plain
    assert "\r" not in plain
    assert "\x1b[32mhello\x1b[39m" in forced
    assert not re.search(r"\x1b\[[^m]*[A-HJKhl]", forced)


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``fakeact | head -3`` prints three lines and not a word on standard error."""
    arguments = [sys.executable, "-m", "fakeact", "-m", "hello", "-s", "200"]
    with Popen(arguments, stdout=PIPE, stderr=PIPE, text=True) as show:
        assert show.stdout is not None
        assert show.stderr is not None
        lines = [show.stdout.readline() for _ in range(3)]
        show.stdout.close()
        assert all("example: hello\n" in line for line in lines)
        assert (show.wait(20), show.stderr.read()) == (141, "")


def test_a_broken_module_is_named(fakeact: Fakeact, tmp_path: object) -> None:
    """An unknown module next to a known one is said before anything plays."""
    done = fakeact("-m", "hello,nosuch")
    assert (done.returncode, done.stdout) == (2, "")


FIRST_LINE = """
import sys
from fakeact import arguments, cli
from fakeact.stages.plain import PlainStage
def look(stage, text):
    print(sorted({"numpy", "scipy"} & set(sys.modules)), repr(text[:20]), file=sys.stderr)
    raise SystemExit
PlainStage.write = look
cli.main(["-m", "llm_training", "--seed", sys.argv[1]])
"""


@pytest.mark.parametrize("seed", "12345678")
def test_the_first_line_comes_before_numpy(seed: str) -> None:
    """When llm_training's first line is painted, whatever the dialect, neither numpy nor scipy is there."""
    with Popen([sys.executable, "-c", FIRST_LINE, seed], stderr=PIPE, text=True) as show:
        assert show.stderr is not None
        first = show.stderr.readline()
    assert first.startswith("[] '")


def test_three_lines_of_a_training_run() -> None:
    """``fakeact -m llm_training | head -3`` gives three plain lines and not a word on standard error."""
    arguments = [sys.executable, "-m", "fakeact", "-m", "llm_training", "-s", "50"]
    with Popen(arguments, stdout=PIPE, stderr=PIPE, text=True) as show:
        assert show.stdout is not None
        assert show.stderr is not None
        lines = [show.stdout.readline() for _ in range(3)]
        show.stdout.close()
        assert all(line.endswith("\n") and "\x1b" not in line for line in lines)
        assert (show.wait(20), show.stderr.read()) == (141, "")


def test_starting_needs_no_numpy() -> None:
    """Help, listing and the command line's own modules import neither numpy nor scipy."""
    code = (
        "import sys; from fakeact import cli, listing, arguments, plugins; "
        "listing.listing(plugins.discover()); arguments.parser().format_help(); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy', 'colorama')))"
    )
    assert Popen([sys.executable, "-c", code]).wait(30) == 0
