"""Reads the printed text of a session, and nothing else, and recomputes what follows from it."""

import re
from collections.abc import Iterator
from itertools import pairwise

Frames = list[tuple[float, str]]
"""What was sent, without control sequences, with the seconds."""

CHANGE = re.compile(r"^([ ⌃⌅]) \[([0-9a-f]{8})\] ([+↑↓-]) (\w+) v(\S+)(?: ⇒ v(\S+))?$", re.M)
LISTED = re.compile(r"^([ ⌃⌅]) \[([0-9a-f]{8})\] (\w+) v(\S+)$", re.M)
INSTALLED = re.compile(r"^   Installed (\w+) (─+) v(\S+)$", re.M)
ARTIFACT = re.compile(r"^   Installed artifact (\w+) +([\d.]+ \w+)$", re.M)
SUMMARY = re.compile(
    r"^  (\d+) dependenc(?:y|ies) successfully precompiled in (\d+) seconds\. (\d+) already precompiled\.$", re.M
)
TIMED = re.compile(r"^ *([\d.]+) ms  ✓ (.+)$", re.M)
COUNT = re.compile(r"(Downloading packages|Installing artifacts|Precompiling packages) +[━╸╺]* (\d+)/(\d+)")
ROW = re.compile(r"^  (\w+) +[━╸╺]+ +([\d.]+) (bytes?|KiB|MiB)/([\d.]+) (bytes?|KiB|MiB)", re.M)
DONE = re.compile(r"^  ✓ (\S+(?: → \S+)?)", re.M)
PROMPT = re.compile(r"^\((\S+)\) pkg> (.*)$", re.M)
UNITS = {"byte": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def faults(lines: list[str], frames: Frames, bandwidth: float = 0.0) -> list[str]:
    """All that does not fit together, in words. *bandwidth*, in MiB/s, is what the line was said to carry."""
    text = "\n".join(lines)
    found = [*_prompts(text), *_installed(text), *_artifacts(text), *_changes(text), *_marks(text), *_statuses(text)]
    return [*found, *_precompiled(text), *_took(frames), *_counters(frames), *_transfers(frames, bandwidth)]


def _prompts(text: str) -> Iterator[str]:
    folders = re.findall(r"`(~/\S+)/(?:Project|Manifest)\.toml`", text)
    for name, _ in PROMPT.findall(text):
        for folder in folders:
            place = folder.rpartition("/")[2]
            if name not in (place, place.removesuffix(".jl"), f"@{place}"):
                yield f"{name} does not lie in {folder}"
    if not text.rstrip().endswith("julia>"):
        yield "does not end at Julia's prompt"


def _installed(text: str) -> Iterator[str]:
    lines = INSTALLED.findall(text)
    if len({name for name, *_ in lines}) < len(lines):
        yield "installed twice"
    if len({len(name) + len(rule) for name, rule, _ in lines}) > 1:
        yield "the rules are not of one length"
    come = {name: new or old for _, _, sign, name, old, new in CHANGE.findall(text) if sign != "-"}
    for name, _, version in lines:
        if come.get(name) != version:
            yield f"installed {name} {version}, but {come.get(name)} is in the manifest"


def _artifacts(text: str) -> Iterator[str]:
    names = [name for name, _ in ARTIFACT.findall(text)]
    libraries = {name.removesuffix("_jll") for name, *_ in INSTALLED.findall(text) if name.endswith("_jll")}
    if not set(names) <= libraries:
        yield f"artifacts without a package: {set(names) - libraries}"
    for said in re.findall(r"^  Installing (\d+) artifacts$", text, re.M):
        if int(said) != len(names):
            yield f"{len(names)} artifacts, but {said} said"
    for done, total in re.findall(r"^  Installing artifacts ━* (\d+)/(\d+)$", text, re.M):
        if done != total or int(done) > len(libraries):
            yield f"{done} of {total} artifacts for {len(libraries)} packages"


def _blocks(text: str) -> list[tuple[str, str]]:
    """What is listed below each line that names the project or the manifest."""
    parts = re.split(
        r"^ *(?:Updating|Project|Manifest|Status) (?:No packages \D* )?`\S+/(Project|Manifest)\.toml`$",
        text,
        flags=re.M,
    )
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _changes(text: str) -> Iterator[str]:
    listed = {file: CHANGE.findall(block) for file, block in _blocks(text) if CHANGE.search(block)}
    manifest = listed.get("Manifest", [])
    for row in listed.get("Project", []):
        # What had been there for others already is new to the project alone.
        if row not in manifest and (row[2] != "+" or any(row[3] == other[3] for other in manifest)):
            yield f"{row[3]} changed in the project, but not so in the manifest"
    for rows in listed.values():
        names = [name for _, _, _, name, _, _ in rows]
        if names != sorted(names, key=lambda name: (name.endswith("_jll"), name)):
            yield "the changes are not sorted"
        for _, _, sign, name, old, new in rows:
            if (sign in "↑↓") != bool(new) or (new and (sign == "↑") != (number(old) < number(new))):
                yield f"{name} did not go {sign}"
    wanted = re.findall(r"pkg> add (.*)", text)
    for name in re.findall(r"\w+", " ".join(wanted)):
        if not any(row[2:4] == ("+", name) for row in listed.get("Project", [])):
            yield f"{name} was not added"


def _marks(text: str) -> Iterator[str]:
    """The explanation names the signs that are in a status, or in what changed in the manifest."""
    for part in re.split(r"^(?=\(\S+\) pkg> )", text, flags=re.M):
        rows = [row for file, block in _blocks(part) if file == "Manifest" for row in CHANGE.findall(block)]
        shown = {row[0] for row in rows or LISTED.findall(part)} - {" "}
        lines = re.findall(r"^ *Info Packages marked .*", part, re.M)
        said = {sign for line in lines for sign in re.findall("[⌃⌅]", line)}
        if shown != said:
            yield f"{shown} is shown, {said} explained"


def _statuses(text: str) -> Iterator[str]:
    """What is listed as it is, what changes, and what is listed then, are one story."""
    heads: dict[str, str] = {}
    now: dict[str, str] = {}
    for part in re.split(r"^(?=\(\S+\) pkg> )", text, flags=re.M):
        for _, head, name, version in LISTED.findall(part):
            if now.setdefault(name, version) != version or heads.setdefault(name, head) != head:
                yield f"{name} is listed as {version} instead of {now[name]}"
        for _, head, sign, name, old, new in CHANGE.findall(part):
            if heads.setdefault(name, head) != head:
                yield f"{name} has two UUIDs"
            if sign != "+" and name in now and now[name] not in (old, new):
                yield f"{name} was {now[name]}, not {old}"
            now[name] = new or old


def _precompiled(text: str) -> Iterator[str]:
    timed, summaries = TIMED.findall(text), SUMMARY.findall(text)
    if ("successfully precompiled" in text) != bool(summaries):
        yield "the closing line is not Julia's"
    for number_, seconds, _ in summaries:
        if timed and len(timed) != int(number_):
            yield f"{len(timed)} were precompiled, {number_} said"
        if any(float(ms) / 1000 > int(seconds) + 0.5 for ms, _ in timed):
            yield "one took longer than all"
    blocks = [block for file, block in _blocks(text) if file == "Manifest"]
    changed = {row[3] for block in blocks for row in CHANGE.findall(block) if row[2] != "-"}
    if timed and not changed <= {name for _, name in timed}:
        yield "a new package was not precompiled"
    if len({name for _, name in timed}) < len(timed):
        yield "precompiled twice"


def _took(frames: Frames) -> Iterator[str]:
    """The seconds said are those that passed since the list of what changed."""
    began = 0.0
    for at, text in frames:
        if CHANGE.search(text) or "    Building " in text:
            began = at
        for _, seconds, _ in SUMMARY.findall(text):
            # Builds pass before it, and a picture may be 1/30 s late.
            built = 3.1 if any("    Building " in one for _, one in frames) else 0.0
            if not -0.55 - built < float(seconds) - (at - began) < 0.55:
                yield f"{at - began:.2f} s passed, {seconds} said"


def _counters(frames: Frames) -> Iterator[str]:
    seen: dict[str, list[tuple[int, int]]] = {}
    for _, text in frames:
        for header, done, total in COUNT.findall(text):
            seen.setdefault(header, []).append((int(done), int(total)))
    for header, counts in seen.items():
        if counts != sorted(counts) or len({total for _, total in counts}) > 1 or any(n > of for n, of in counts):
            yield f"{header} does not count up"
    said = [int(number_) for _, text in frames for number_, *_ in SUMMARY.findall(text)]
    if said and seen.get("Precompiling packages", [(0, said[0])])[0][1] != said[0]:
        yield "the bar had another total than the closing line"
    packages = sum(len(INSTALLED.findall(text)) for _, text in frames)
    if seen.get("Downloading packages", [(0, packages)])[0][1] != packages:
        yield "the bar had another total than there are packages"


def _transfers(frames: Frames, bandwidth: float) -> Iterator[str]:
    had: dict[str, float] = {}
    sizes: dict[str, str] = {}
    times: list[float] = []
    for at, text in frames:
        rows = [
            (name, float(n) * UNITS[u], float(of) * UNITS[v], f"{of} {v}") for name, n, u, of, v in ROW.findall(text)
        ]
        times += [at] * bool(rows)
        for name, received, size, said in rows:
            if received < had.get(name, 0) or received > size or sizes.setdefault(name, said) != said:
                yield f"{name} went from {had.get(name, 0)} to {received} of {said}"
            had[name] = received
    if bandwidth and times and sum(had.values()) > 1.3 * bandwidth * 2**20 * (times[-1] - times[0] + 1):
        yield "more arrived than the line carries"


def number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def dependencies_in_order(frames: Frames, needs: dict[str, set[str]]) -> Iterator[str]:
    """Whatever is done was done after all that it needs, as far as that was done here."""
    order: list[str] = []
    for _, text in frames:
        order += [
            name for name in [*DONE.findall(text), *(name for _, name in TIMED.findall(text))] if name not in order
        ]
    place = {name: i for i, name in enumerate(order)}
    for name, wanted in needs.items():
        for one in wanted & set(place):
            if name in place and place[name] < place[one]:
                yield f"{name} was done before {one}"
    if any(a == b for a, b in pairwise(order)):
        yield "done twice"
