"""The commands that a `RUN` may run: each one's first words, and who plays it."""

from collections.abc import Callable

from fakeact_docker_build.commands import apk, apt, cargo, go, maven, npm, python
from fakeact_docker_build.shell import Shell

Command = Callable[[Shell, str], None]


def _quiet(shell: Shell, _command: str) -> None:
    """What says nothing and is over soon: `rm`, `adduser`, `mkdir`."""
    shell.wait(0.02, 0.2)
    shell.wrote += 3000


_PLAYED: dict[str, Command] = {
    "apk add": apk.add,
    "apt-get update": apt.update,
    "apt-get install": apt.install,
    "cargo build": cargo.build,
    "cargo chef cook": cargo.cook,
    "cargo install": cargo.install,
    "go mod download": go.download,
    "go test": go.test,
    "go vet": go.vet,
    "CGO_ENABLED=0": go.build,
    "java": maven.extract,
    "mvn -B dependency": maven.go_offline,
    "mvn -B package": maven.package,
    "npm ci": npm.ci,
    "npm run lint": npm.lint,
    "npm run build": npm.build,
    "npx next build": npm.next_build,
    "pip install": python.pip_install,
    "python manage.py collectstatic": python.collect_static,
    "python manage.py compilemessages": python.compile_messages,
    "python -m compileall": python.compile_all,
    "python -m pytest": python.pytest,
    "uv run": python.pytest,
    "uv sync": python.uv_sync,
}


def play(shell: Shell, line: str) -> None:
    """Run a command line, part by part."""
    for part in line.split("&&"):
        command = part.strip()
        played = next((play for words, play in _PLAYED.items() if command.startswith(words)), _quiet)
        shell.wait(0.03, 0.12)
        played(shell, command)
    shell.wait(0.08, 0.25)
