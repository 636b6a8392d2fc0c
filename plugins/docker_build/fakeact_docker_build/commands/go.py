"""`go`."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_PACKAGES = ("api", "auth", "cache", "config", "events", "handler", "health", "ledger", "middleware", "model",
             "queue", "report", "repo", "retry", "search", "store", "telemetry", "validate")  # fmt: skip


def download(shell: Shell, _command: str) -> None:
    """Fetch modules, without a word."""
    for _ in facts("go"):
        shell.fetch(1_300_000)
    shell.wrote += 210_000_000


def vet(shell: Shell, _command: str) -> None:
    """Compile everything once; says nothing as long as all is well."""
    shell.wait(12.0, 28.0)
    shell.wrote += 150_000_000


def test(shell: Shell, _command: str) -> None:
    """Run the tests of each package."""
    shell.wait(4.0, 9.0)
    shell.say("?   \tapp/cmd/server\t[no test files]")
    for name in shell.some([[name] for name in _PACKAGES], 0.75):
        seconds = shell.rng.lognormvariate(-2.6, 1.6)
        shell.clock += 0.15 + seconds
        tested = shell.rng.random() < 0.8
        line = f"ok  \tapp/internal/{name[0]}\t{seconds:.3f}s"
        shell.say(line if tested else f"?   \tapp/internal/{name[0]}\t[no test files]")


def build(shell: Shell, _command: str) -> None:
    """Link a static binary, without a word."""
    shell.wait(9.0, 24.0)
    shell.wrote += 48_000_000
