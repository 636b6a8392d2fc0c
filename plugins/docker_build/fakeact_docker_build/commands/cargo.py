"""`cargo` and `cargo chef`."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell


def _took(seconds: float) -> str:
    """A duration as cargo ends with.

    >>> _took(48.213), _took(75.4)
    ('48.21s', '1m 15s')
    """
    return f"{seconds:.2f}s" if seconds < 60 else f"{int(seconds // 60)}m {int(seconds % 60):02}s"


def _compile(shell: Shell, crates: list[list[str]], low: float, high: float) -> None:
    shell.say_slowly([f"   Compiling {name} v{version}" for name, version in crates], low, high)


def install(shell: Shell, _command: str) -> None:
    """Build cargo-chef from source."""
    version, since = facts("cargo")["chef"], shell.clock
    shell.say("    Updating crates.io index")
    shell.fetch(400_000)
    shell.say(" Downloading crates ...", f"  Downloaded cargo-chef v{version}")
    shell.say(f"  Installing cargo-chef v{version}")
    crates = shell.some(facts("cargo")["crates"], 0.4)
    _download(shell, crates)
    _compile(shell, crates, 0.02, 0.45)
    shell.say(f"   Compiling cargo-chef v{version}")
    shell.wait(2.0, 5.0)
    shell.say(f"    Finished `release` profile [optimized] target(s) in {_took(shell.clock - since)}")
    shell.say("  Installing /usr/local/cargo/bin/cargo-chef")
    shell.say(f"   Installed package `cargo-chef v{version}` (executable `cargo-chef`)")
    shell.wrote += 62_000_000


def _download(shell: Shell, crates: list[list[str]]) -> None:
    shell.say(" Downloading crates ...")
    for name, version in sorted(crates, key=lambda _: shell.rng.random()):
        shell.fetch(30_000)
        shell.say(f"  Downloaded {name} v{version}")


def cook(shell: Shell, _command: str) -> None:
    """Build nothing but the dependencies."""
    crates = shell.some(facts("cargo")["crates"], 0.85)
    shell.say("    Updating crates.io index")
    shell.fetch(900_000)
    _download(shell, crates)
    since = shell.clock
    _compile(shell, crates, 0.05, 0.7)
    shell.wait(1.0, 4.0)
    shell.say(f"    Finished `release` profile [optimized] target(s) in {_took(shell.clock - since)}")
    shell.wrote += 240_000_000


def build(shell: Shell, _command: str) -> None:
    """Build the program itself."""
    since = shell.clock
    shell.say("   Compiling server v0.1.0 (/app)")
    shell.wait(9.0, 26.0)
    shell.say(f"    Finished `release` profile [optimized] target(s) in {_took(shell.clock - since)}")
    shell.wrote += 60_000_000
