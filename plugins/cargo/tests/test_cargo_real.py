"""Our lines against those of the real cargo and rustc."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fakeact_cargo import says
from fakeact_cargo.lints import diagnostics
from fakeact_cargo.rustc import drawn

from fakeact.ansi import SGR, tokens

NEEDS_RUST = "needs cargo and rustc 1.95 or later"


def rust_is_here() -> bool:
    if not shutil.which("cargo") or not shutil.which("rustc"):
        return False
    version = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"rustc 1\.(\d+)", version)
    return found is not None and int(found[1]) >= 95


real = pytest.mark.skipif(not rust_is_here(), reason=NEEDS_RUST)


def cells(text: str) -> list[tuple[str, bool, str]]:
    """Characters with weight and colour, however these were switched on; blanks have none."""
    seen, heavy, colour = [], False, ""
    for token in tokens(text):
        if SGR.fullmatch(token):
            for code in token[2:-1].split(";"):
                heavy = code == "1" or (heavy and code not in ("0", "", "22"))
                colour = "" if code in ("0", "", "39") else code if code[0] in "39" else colour
        else:
            seen.append((token, heavy, colour) if token.strip() else (token, False, ""))
    return seen


# Rows that cargo 1.95.0 drew in a pseudo-terminal of the width, building a workspace of 53 units.
RECORDED = [
    (0, "cfg-if, proc-macro2(build.rs)", 80, "[                            ] 0/53: cfg-if, proc-macro2(build.r…"),
    (2, "proc-macro2(build), quote(build.rs)", 80, "[>                           ] 2/53: proc-macro2(build), quote(b…"),
    (8, "quote, serde_core(build.rs)", 80, "[===>                        ] 8/53: quote, serde_core(build.rs)"),
    (10, "syn, libc(build.rs)", 80, "[====>                      ] 10/53: syn, libc(build.rs)"),
    (16, "libc(build), serde(build.rs)", 80, "[=======>                   ] 16/53: libc(build), serde(build.rs)"),
    (52, "gateway(bin)", 80, "[=========================> ] 52/53: gateway(bin)"),
    (16, "libc(build), serde(build.rs)", 40, "[====>            ] 16/53"),
    (52, "gateway(bin)", 40, "[===============> ] 52/53"),
    (52, "gateway(bin)", 24, "[ ] 52/53"),
]  # fmt: skip


@pytest.mark.parametrize(("finished", "running", "width", "row"), RECORDED)
def test_progress_rows_are_those_that_were_recorded(finished: int, running: str, width: int, row: str) -> None:
    """Bar, count and the names that fit are cut as cargo cuts them."""
    header = "\x1b[1m\x1b[96m    Building\x1b[0m "
    assert cells(says.building(finished, 53, running.split(", "), width)[0]) == cells(header + row)


def test_status_lines_are_those_that_were_recorded() -> None:
    """Words, places and colours of the lines that stay are cargo 1.95.0's."""
    green = "\x1b[1m\x1b[92m{}\x1b[0m "
    assert cells(says.locking(37, "1.90")) == cells(
        green.format("     Locking") + "37 packages to latest Rust 1.90 compatible versions"
    )
    assert cells(says.locking(37, "")) == cells(
        green.format("     Locking") + "37 packages to latest compatible versions"
    )
    assert cells(says.adding("helper-9 v0.1.9", "0.3.1")) == cells(
        green.format("      Adding") + "helper-9 v0.1.9 \x1b[1m\x1b[33m(available: v0.3.1)\x1b[0m"
    )
    assert cells(says.downloaded(37, 12_034_375, 5.984, ("libsqlite3-sys", 5_326_000))) == cells(
        green.format("  Downloaded") + "37 crates (11.5MiB) in 5.98s (largest was `libsqlite3-sys` at 5.1MiB)"
    )
    assert cells(says.warning("gateway@0.4.2: no git metadata")) == cells(
        "\x1b[1m\x1b[33mwarning\x1b[0m: gateway@0.4.2: no git metadata"
    )
    assert cells(says.generated("store", False, 5, 3)) == cells(
        "\x1b[1m\x1b[33mwarning\x1b[0m: `store` (lib) generated 5 warnings "
        "(run `cargo fix --lib -p store` to apply 3 suggestions)"
    )


def test_rows_of_the_network_are_those_that_were_recorded() -> None:
    """The index's endless bar and the download's row are cargo 1.95.0's."""
    cyan = "\x1b[1m\x1b[96m{}\x1b[0m "
    assert cells(says.fetching(0, 3, 23, 80)[0]) == cells(
        cyan.format("       Fetch") + "[========>                        ] 3 complete; 23 pending"
    )
    assert cells(says.fetching(3, 37, 1, 80)[0]) == cells(
        cyan.format("       Fetch") + "[=================>               ] 37 complete; 1 pending"
    )
    row = cyan.format(" Downloading") + "{}"
    assert cells(says.downloading(25, 8_704, "", 80)[0]) == cells(row.format("25 crates, remaining bytes: 8.5KiB"))
    assert cells(says.downloading(1, 0, "", 80)[0]) == cells(row.format("1 crate"))
    assert cells(says.downloading(2, 9, "tokio", 80)[0]) == cells(row.format("2 crates, extracting tokio ..."))


@real
@pytest.mark.parametrize("seed", range(8))
def test_rustc_draws_the_same_warnings(tmp_path: Path, seed: int) -> None:
    """The source that a warning shows, given to rustc, makes it print just that, colours included."""
    found = diagnostics(random.Random(seed), "src/lib.rs")
    rows: list[str] = []
    for one in found:
        rows += ["//"] * (one.line - 1 - len(rows)) + list(one.source)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("\n".join(rows) + "\n")
    command = "rustc --edition 2024 --crate-type lib --emit=metadata --color always src/lib.rs"
    printed = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    ours = "\n".join(drawn(one) for one in found)
    # rustc closes with a count of its own, which cargo replaces.
    assert cells(printed)[: len(cells(ours))] == cells(ours)
    assert len(printed.split("\n\n")) == len(found) + 2


@real
def test_cargo_draws_the_same_rows(tmp_path: Path) -> None:
    """Every progress row of a small real build is what we draw for its numbers."""
    for name in ("alpha", "beta"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src/lib.rs").write_text("")
        needs = '[dependencies]\nalpha = { path = "../alpha" }\n' if name == "beta" else ""
        (tmp_path / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n{needs}'
        )
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["alpha", "beta"]\nresolver = "3"\n')
    settings = ["term.progress.when='always'", "term.progress.width=66"]
    command = ["cargo", "build", "--release", "--offline", "--color=always"]
    command += [part for setting in settings for part in ("--config", setting)]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    drawn_rows = [part for part in re.split(r"[\r\n]", printed) if "Building" in part]
    assert drawn_rows
    for row in drawn_rows:
        bare = "".join(character for character, _, _ in cells(row)).removeprefix("\x1b[K")
        finished, total, names = re.search(r"(\d+)/(\d+): (.*?) *$", bare).groups()  # type: ignore[union-attr]
        ours = cells(says.building(int(finished), int(total), names.split(", "), 66)[0])
        assert cells(row.rstrip())[-len(ours) :] == ours
    (last,) = [line for line in printed.splitlines() if "Finished" in line]
    took = last.rpartition(" in ")[2]
    words = says.status("Finished", f"`release` profile [optimized] target(s) in {took}")
    assert cells(last)[-len(cells(words)) :] == cells(words)
