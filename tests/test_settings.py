"""Flags, variables, file, defaults: in this order, and a wrong one costs a line wherever it stands."""

from pathlib import Path

import pytest

from fakeact import arguments
from fakeact.errors import UsageError


@pytest.fixture
def config(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A configuration file to write, and the environment that finds it."""
    folder = tmp_path / "fakeact"
    folder.mkdir()
    return folder / "config.toml", {"XDG_CONFIG_HOME": str(tmp_path)}


def test_flags_come_before_variables_before_the_file(config: tuple[Path, dict[str, str]]) -> None:
    """Each layer counts where the one above it says nothing."""
    path, env = config
    path.write_text('speed-factor = 2\nmodules = ["hello"]\ncolor = "never"\nprompt = true\n')
    env |= {"FAKEACT_SPEED_FACTOR": "3", "FAKEACT_MODULES": "uv,cargo"}
    said = arguments.parse(["-s", "4"], env)
    assert (said.speed_factor, said.modules, said.color, said.prompt) == (4.0, ["uv", "cargo"], "never", True)
    assert said.sources["speed_factor"] == "command line"
    assert said.sources["modules"] == "environment, FAKEACT_MODULES"
    assert said.sources["color"] == str(path)
    assert said.sources["seed"] == "default"


def test_defaults_without_a_file(tmp_path: Path) -> None:
    """Nothing said, nothing found: the defaults."""
    said = arguments.parse([], {"XDG_CONFIG_HOME": str(tmp_path)})
    assert (said.speed_factor, said.modules, said.color, said.seed, said.prompt) == (1.0, [], "auto", None, None)


def test_a_screensaver_types_commands_and_moves_on(tmp_path: Path) -> None:
    """In a screensaver the prompt is on and no module plays for long, unless it is asked for otherwise."""
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    said = arguments.parse(["--screensaver"], env)
    assert (said.prompt, said.max_module_time) == (True, 180)
    said = arguments.parse(["--screensaver", "--no-prompt", "--max-module-time", "1h"], env)
    assert (said.prompt, said.max_module_time) == (False, 3600)


def test_module_options_and_weights_in_the_file(config: tuple[Path, dict[str, str]]) -> None:
    """Tables in the file become options; those of the command line come after them and so win."""
    path, env = config
    path.write_text("[options.hello]\nhosts = 5\n[weights]\nhello = 3\nuv = 0\n")
    said = arguments.parse(["-o", "hosts=7"], env)
    assert said.option == ["hello.hosts=5", "hosts=7"]
    assert said.weights == {"hello": 3, "uv": 0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed-factor = 0", "speed-factor"),
        ("sped-factor = 2", "did you mean speed-factor?"),
        ("this is not toml", "is no TOML"),
        ('color = "pink"', "is not one of auto, always, never"),
        ('exit-after-time = "soon"', "soon"),
        ("weights = 3", "weights"),
        ("[weights]\nhello = 1000", "0 to 100"),
        ("[weights]\nhello = true", "0 to 100"),
        ("options = 3", "[options.MODULE]"),
        ("prompt = 'perhaps'", "neither yes nor no"),
        ("modules = ['']", "a name is missing"),
    ],
)
def test_a_wrong_file_costs_one_line(config: tuple[Path, dict[str, str]], text: str, words: str) -> None:
    """What is wrong in the file is said with the file's name, in one line."""
    path, env = config
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        arguments.parse([], env)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"speed-factor = \x00", b"a" * 100_000])
def test_hostile_bytes_in_the_file(config: tuple[Path, dict[str, str]], content: bytes) -> None:
    """Garbage is refused, not crashed on."""
    path, env = config
    path.write_bytes(content)
    with pytest.raises(UsageError):
        arguments.parse([], env)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """An environment variable that can't be understood is named."""
    env = {"XDG_CONFIG_HOME": str(tmp_path), "FAKEACT_SPEED_FACTOR": "warp"}
    with pytest.raises(UsageError, match="FAKEACT_SPEED_FACTOR: 'warp' is not a number"):
        arguments.parse([], env)


def test_show_config_reads_back(config: tuple[Path, dict[str, str]]) -> None:
    """What --show-config prints names every setting with its source."""
    path, env = config
    path.write_text("title = true\n")
    lines = arguments.parse(["--seed", "7"], env).show().splitlines()
    assert any(line.startswith("seed ") and "= 7 " in line and "# command line" in line for line in lines)
    assert any(line.startswith("title ") and "= true " in line and str(path) in line for line in lines)
    assert len(lines) == len(arguments.SETTINGS) + 1
