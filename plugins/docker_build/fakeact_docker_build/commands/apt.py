"""`apt-get` as it speaks in a Debian 12 container, where nothing is a terminal."""

import textwrap

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_INDEXES = (
    ("debian bookworm InRelease", 151_000),
    ("debian bookworm-updates InRelease", 55_400),
    ("debian-security bookworm-security InRelease", 48_000),
    ("debian bookworm/main amd64 Packages", 8_791_000),
    ("debian bookworm-updates/main amd64 Packages", 6_924),
    ("debian-security bookworm-security/main amd64 Packages", 285_000),
)
_PERL = (
    "/etc/perl /usr/local/lib/x86_64-linux-gnu/perl/5.36.0 /usr/local/share/perl/5.36.0 "
    "/usr/lib/x86_64-linux-gnu/perl5/5.36 /usr/share/perl5 /usr/lib/x86_64-linux-gnu/perl-base "
    "/usr/lib/x86_64-linux-gnu/perl/5.36 /usr/share/perl/5.36 /usr/local/lib/site_perl"
)
_NO_MODULE = "Can't locate Term/ReadLine.pm in @INC (you may need to install the Term::ReadLine module)"
_NO_FRONTEND = (
    "debconf: unable to initialize frontend: Dialog",
    "debconf: (TERM is not set, so the dialog frontend is not usable.)",
    "debconf: falling back to frontend: Readline",
    "debconf: unable to initialize frontend: Readline",
    f"debconf: ({_NO_MODULE} (@INC contains: {_PERL}) at /usr/share/perl5/Debconf/FrontEnd/Readline.pm line 7.)",
    "debconf: falling back to frontend: Teletype",
)
"""What debconf says where a package asks something and there is neither a terminal nor the whole of Perl."""
_NUMBERED = 5
"""Packages from which on apt hands dpkg a folder of numbered links (Dpkg::Install::Recursive::Minimum)."""
_MIRROR = "http://mirror.tinbridge.example/"


def size(count: float) -> str:
    """Bytes as apt writes them: four digits at the most, one decimal below a hundred.

    >>> size(6924), size(8791000), size(13_240_000), size(151_000)
    ('6924 B', '8791 kB', '13.2 MB', '151 kB')
    """
    unit = 0
    while count >= 10000:
        count, unit = count / 1000, unit + 1
    decimals = 1 if unit and count < 100 else 0
    return f"{count:.{decimals}f} {('B', 'kB', 'MB', 'GB')[unit]}"


def _fetched(shell: Shell, total: float, since: float) -> None:
    took = max(shell.clock - since, 0.01)
    shell.say(f"Fetched {size(total)} in {max(round(took), 0)}s ({size(int(total / took))}/s)")


def update(shell: Shell, _command: str) -> None:
    """Fetch the indexes."""
    since = shell.clock
    for number, (name, count) in enumerate(_INDEXES, 1):
        shell.fetch(count)
        shell.say(f"Get:{number} {_MIRROR}{name} [{size(count)}]")
    shell.wait(0.1, 0.4)
    _fetched(shell, sum(count for _, count in _INDEXES), since)
    shell.say("Reading package lists...")
    shell.wait(0.5, 1.1)
    shell.wrote += 19_000_000


def _closure(asked: list[str]) -> list[str]:
    needs = facts("debs")["needs"]
    return list(dict.fromkeys(name for each in asked for name in needs[each]))


def install(shell: Shell, command: str) -> None:
    """Install packages and all they need."""
    asked = [word for word in command.split()[2:] if not word.startswith("-")]
    names = _closure(asked)
    packages = [(name, *facts("debs")["packages"][name]) for name in names]
    for line in ("Reading package lists...", "Building dependency tree...", "Reading state information..."):
        shell.say(line)
        shell.wait(0.1, 0.5)
    extra = sorted(set(names) - set(asked))
    if extra:
        shell.say("The following additional packages will be installed:", *_columns(extra))
    shell.say("The following NEW packages will be installed:", *_columns(sorted(names)))
    archives = sum(package[3] for package in packages)
    installed = sum(package[4] for package in packages) * 1024
    shell.say(f"0 upgraded, {len(names)} newly installed, 0 to remove and 0 not upgraded.")
    shell.say(f"Need to get {size(archives)} of archives.")
    shell.say(f"After this operation, {size(installed)} of additional disk space will be used.")
    _get(shell, packages, archives)
    _unpack(shell, packages)
    shell.wrote += installed


def _columns(names: list[str]) -> list[str]:
    return textwrap.wrap(" ".join(names), 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _get(shell: Shell, packages: list[tuple[str, str, str, int, int]], archives: int) -> None:
    since = shell.clock
    for number, (name, version, architecture, count, _) in enumerate(packages, 1):
        shell.fetch(count)
        place = "debian bookworm/main amd64"
        shell.say(f"Get:{number} {_MIRROR}{place} {name} {architecture} {version} [{size(count)}]")
    shell.say("debconf: delaying package configuration, since apt-utils is not installed")
    _fetched(shell, archives, since)


def _unpack(shell: Shell, packages: list[tuple[str, str, str, int, int]]) -> None:
    digits = len(str(len(packages) - 1)) if len(packages) >= _NUMBERED else 0
    for number, (name, version, architecture, _, kib) in enumerate(packages):
        shell.say(f"Selecting previously unselected package {_qualified(name, architecture)}.")
        if not number:
            shell.say("(Reading database ... 6098 files and directories currently installed.)")
        file = f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"
        where = f".../{number:0{digits}}-{file}" if digits else f".../{file}"
        shell.say(f"Preparing to unpack {where} ...")
        shell.wait(0.005, 0.02)
        shell.say(f"Unpacking {_qualified(name, architecture)} ({version}) ...")
        shell.clock += 0.01 + kib / 90_000
    for name, version, architecture, *_ in packages:
        shell.say(f"Setting up {_qualified(name, architecture)} ({version}) ...")
        shell.wait(0.01, 0.08)
        if name == "ca-certificates":
            shell.say(*_NO_FRONTEND)
            _certificates(shell, 150)
    shell.say("Processing triggers for libc-bin (2.36-9+deb12u10) ...")
    shell.wait(0.05, 0.2)
    for name, version, *_ in packages:
        if name == "ca-certificates":
            shell.say(f"Processing triggers for {name} ({version}) ...")
            _certificates(shell, 0)
            shell.say("Running hooks in /etc/ca-certificates/update.d...", "done.")


def _certificates(shell: Shell, added: int) -> None:
    """What update-ca-certificates says; the package of 2025 brings 150."""
    shell.say("Updating certificates in /etc/ssl/certs...")
    shell.wait(0.3, 0.9)
    shell.say(f"{added} added, 0 removed; done.")


def _qualified(name: str, architecture: str) -> str:
    """What dpkg calls it: it names the architecture of what may be there for several: libraries, mostly."""
    return f"{name}:amd64" if architecture == "amd64" and name.startswith("lib") else name
