"""The same bytes, shown by the real tools."""

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from fakeact_memdump.hexdump import Hexdump
from fakeact_memdump.images import IMAGES

NOW = datetime(2026, 1, 30, 10, 45, 32)


def tool(name: str, *arguments: str, data: bytes = b"") -> list[str]:
    """What a tool prints for bytes; skips where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    told = subprocess.run([path, *arguments], input=data, capture_output=True, check=True, env={"LC_ALL": "C"})
    assert not told.stderr
    return told.stdout.decode().splitlines()


def printed(data: bytes, rng: Random) -> list[str]:
    """Our lines for bytes that come in pieces of any size."""
    hexdump, lines, at = Hexdump(), [], 0
    while at < len(data):
        size = rng.choice((1, 5, 16, 256, 1000))
        lines += hexdump.feed(data[at : at + size])
        at += size
    return [*lines, *hexdump.end()]


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("seed", range(4))
def test_hexdump_prints_the_same_lines(kind: str, seed: int) -> None:
    """`hexdump -C` has no other line for an image, to the blank."""
    data = IMAGES[kind](Random(seed), 48 << 10, NOW)
    assert printed(data, Random(seed)) == tool("hexdump", "-C", data=data)


def test_hexdump_folds_and_ends_in_the_same_way() -> None:
    """Runs of every length, rows that end early after a run, and nothing at all come out the same."""
    rng = Random(1)
    runs = [bytes(n) for n in (0, 1, 15, 16, 17, 32, 36, 48, 63)]
    mixed = [
        b"".join(rng.choice((bytes(16), b"\xff" * 16, b"ab" * 8)) for _ in range(30)) + bytes(n) for n in range(17)
    ]
    for data in (*runs, *mixed):
        assert printed(data, rng) == tool("hexdump", "-C", data=data)


def test_xxd_reads_the_same_bytes() -> None:
    """`xxd` has the same offsets, bytes and text in every row, folded or not."""
    data = IMAGES["firmware"](Random(3), 24 << 10, NOW)
    theirs = {line[:8]: (line[10:57].strip(), line[59:]) for line in tool("xxd", "-g1", data=data)}
    rows = [line for line in printed(data, Random(3)) if line.endswith("|")]
    assert len(rows) > 1000
    for row in rows:
        assert theirs[row[:8]] == (re.sub("  ", " ", row[10:58]).strip(), row[61:-1])


@pytest.mark.parametrize("seed", range(3))
def test_readelf_understands_a_core_file(tmp_path: Path, seed: int) -> None:
    """`readelf` finds a core file's segments and notes without a complaint."""
    path = tmp_path / "core"
    path.write_bytes(IMAGES["process"](Random(seed), 48 << 10, NOW))
    text = "\n".join(tool("readelf", "-h", "-l", "-n", "-W", str(path)))
    for part in ("CORE (Core file)", "NT_PRSTATUS", "NT_PRPSINFO", "NT_SIGINFO", "NT_AUXV", "NT_FILE", "NT_X86_XSTATE"):
        assert part in text
    assert "/usr/lib/x86_64-linux-gnu/libc.so.6" in text or "Cannot decode" in text
