"""`pip`, `uv` and what Python programs do in a build."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_DOTS = 72
"""Tests in one row of pytest's, at the 80 columns it takes where it can't know better."""


def _size(count: int) -> str:
    """Bytes as pip writes them.

    >>> _size(67_123), _size(4_467_000), _size(812), _size(14_092_000)
    ('67 kB', '4.5 MB', '812 bytes', '14.1 MB')
    """
    if count > 1e6:
        return f"{count / 1e6:.1f} MB"
    return f"{count // 1000} kB" if count > 10_000 else f"{count / 1000:.1f} kB" if count > 1000 else f"{count} bytes"


def pip_install(shell: Shell, _command: str) -> None:
    """Collect, download and install what the requirements name."""
    packages = facts("pypi")[shell.rng.choice(("django", "science"))]
    for number, (name, version, _) in enumerate(packages, 1):
        shell.say(f"Collecting {name}=={version} (from -r requirements.txt (line {number}))")
        shell.fetch(40_000)
        shell.say(f"  Downloading {_file(name, version)}.metadata ({shell.rng.uniform(1.1, 12):.1f} kB)")
    for name, version, count in packages:
        _wheel(shell, name, version, count)
    names = sorted((name for name, _, _ in packages), key=lambda _: shell.rng.random())
    shell.say(f"Installing collected packages: {', '.join(names)}")
    total = sum(count for _, _, count in packages)
    shell.clock += total / 2.2e7
    shell.wait(1.0, 3.0)
    shell.say("", "Successfully installed " + " ".join(sorted(f"{name}-{version}" for name, version, _ in packages)))
    shell.say(
        "WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour"
        " with the system package manager, possibly rendering your system unusable. It is recommended to use"
        " a virtual environment instead: https://pip.pypa.io/warnings/venv. Use the --root-user-action option"
        " if you know what you are doing and want to suppress this warning."
    )
    shell.say(
        "",
        "[notice] A new release of pip is available: 26.1.2 -> 26.3",
        "[notice] To update, run: pip install --upgrade pip",
    )
    shell.wait(0.3, 0.7)
    shell.wrote += round(total * 3.4)


def _file(name: str, version: str) -> str:
    """A wheel's file name: made for this Python and platform where it holds machine code.

    >>> _file("django-redis", "7.0.0")
    'django_redis-7.0.0-py3-none-any.whl'
    """
    made_for = facts("pypi")["made_for"].get(name, "py3-none-any")
    return f"{name.replace('-', '_').lower()}-{version}-{made_for}.whl"


def _wheel(shell: Shell, name: str, version: str, count: int) -> None:
    shell.say(f"Downloading {_file(name, version)} ({_size(count)})")
    since = shell.clock
    shell.fetch(count)
    if count > 512_000:
        rate = count / max(shell.clock - since, 0.01) / 1e6
        amount = f"{count / 1e6:.1f}"
        shell.say(f"   {'━' * 40} {amount}/{amount} MB {rate:.1f} MB/s  0:00:00")


def uv_sync(shell: Shell, command: str) -> None:
    """Resolve, download and install in uv's manner; the second time only the project itself."""
    packages = facts("pypi")["web"]
    if "--no-install-project" not in command:
        shell.say(f"Resolved {len(packages) + 1} packages in {shell.rng.uniform(0.4, 2):.2f}ms")
        shell.wait(0.6, 1.6)
        since, name = shell.clock, shell.name
        shell.say(f"   Building {name} @ file:///app")
        shell.wait(0.3, 0.8)
        shell.say(f"      Built {name} @ file:///app", f"Prepared 1 package in {_took(shell.clock - since)}")
        shell.say("Installed 1 package in 1ms", f" + {name}==0.1.0 (from file:///app)")
        return
    shell.say("Using CPython interpreter at: /usr/local/bin/python3", "Creating virtual environment at: .venv")
    shell.wait(0.1, 0.4)
    since = shell.clock
    large = [(name, count) for name, _, count in packages if count > 1_000_000]
    shell.say(*(f"Downloading {name} ({count / 2**20:.1f}MiB)" for name, count in large))
    for name, count in sorted(large, key=lambda each: each[1]):
        shell.fetch(count)
        shell.say(f" Downloaded {name}")
    shell.say(f"Prepared {len(packages)} packages in {_took(shell.clock - since)}")
    since = shell.clock
    shell.wait(0.03, 0.2)
    shell.say(f"Installed {len(packages)} packages in {_took(shell.clock - since)}")
    shell.say(*(f" + {name}=={version}" for name, version, _ in packages))
    shell.wrote += sum(count for *_, count in packages) * 3


def _took(seconds: float) -> str:
    """A duration as uv writes it.

    >>> _took(0.612), _took(3.456)
    ('612ms', '3.46s')
    """
    return f"{seconds:.2f}s" if seconds >= 1 else f"{round(seconds * 1000)}ms"


def compile_all(shell: Shell, _command: str) -> None:
    """Compile quietly."""
    shell.wait(0.5, 2.0)
    shell.wrote += 400_000


def compile_messages(shell: Shell, _command: str) -> None:
    """Translate catalogues into their binary form."""
    shell.wait(0.6, 1.2)
    for language in shell.rng.sample(("de", "fr", "es", "it", "nl", "pl", "pt_BR", "ja", "sv"), 4):
        shell.say(f"processing file django.po in /srv/app/locale/{language}/LC_MESSAGES")
        shell.wait(0.05, 0.2)


def collect_static(shell: Shell, _command: str) -> None:
    """Copy static files together."""
    shell.wait(1.5, 4.0)
    count = shell.rng.randint(140, 900)
    shell.say("", f"{count} static files copied to '/srv/app/staticfiles', {round(count * 2.6)} post-processed.")
    shell.wrote += count * 24_000


def pytest(shell: Shell, _command: str) -> None:
    """Run a test suite: a dot for each test, a share for each row of them."""
    count = shell.rng.randint(180, 1400)
    shell.wait(0.8, 2.0)
    since = shell.clock
    for done in range(_DOTS, count + _DOTS, _DOTS):
        row = min(_DOTS, count - (done - _DOTS))
        share = f"[{100 * min(done, count) // count:>3}%]"
        shell.wait(0.01 * row, 0.05 * row)
        shell.say(f"{'.' * row:<{_DOTS}} {share}")
    shell.say(f"{count} passed in {clock(shell.clock - since)}")


def clock(seconds: float) -> str:
    """A duration as pytest ends with, with a clock's reading from a minute on.

    >>> clock(23.4), clock(83.25)
    ('23.40s', '83.25s (0:01:23)')
    """
    return f"{seconds:.2f}s" + (f" (0:{int(seconds) // 60:02}:{int(seconds) % 60:02})" if seconds >= 60 else "")
