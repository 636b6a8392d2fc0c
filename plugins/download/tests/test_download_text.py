"""What is printed, read as a person reads it: who asked for what, what came, and whether it adds up."""

import re
from dataclasses import dataclass, field

import pytest
from fakeact_download import fakeact_modules

from fakeact.testing import perform

(DOWNLOAD,) = fakeact_modules()
ASKED = re.compile(r"\[(\d+)\] Downloading '(\S+)' \.\.\.$")
ANSWERED = re.compile(r"HTTP (ERROR )?response (\d+) ([A-Z][A-Za-z ]+) \[(\S+)\]$")
SHORT = re.compile(r"Just got (\d+) of (\d+) bytes \((\S+)\)$")
SUMMARY = re.compile(r"Downloaded: (\d+) files, \S+ ?bytes, (\d+) redirects, (\d+) errors$")


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


@dataclass
class Reader:
    """Keeps account of what the lines say and collects what can't be."""

    faults: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    partial: dict[str, int] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    checked: list[str] = field(default_factory=list)
    runs: int = 0

    def begin(self) -> None:
        self.busy: dict[int, str] = {}
        self.saving: list[str] = []
        self.short: dict[str, int] = {}
        self.counts = {"files": 0, "redirects": 0, "errors": 0}
        self.tries: dict[str, int] = {}
        self.failed = False
        self.added = ""
        self.unexpected: int | None = None

    def must(self, true: object, why: str) -> None:
        if not true:
            self.faults.append(why)

    def read(self, lines: list[str]) -> list[str]:
        self.begin()
        for line in lines:
            if self.unexpected is not None:
                self.must(line == f"Unexpected body length {self.unexpected}.", f"not told what came: {line}")
                self.unexpected = None
            elif match := ASKED.match(line):
                self.ask(int(match[1]), match[2])
            elif match := ANSWERED.match(line):
                self.answer(int(match[2]), bool(match[1]), match[4])
            elif match := SHORT.match(line):
                self.cut(int(match[1]), int(match[2]), match[3])
            elif match := SUMMARY.match(line):
                self.end(*map(int, match.groups()))
            elif line.startswith("Saving '"):
                self.saving.append(line[8:-1])
                self.must(line[8:-1] in map(name_of, self.busy.values()), f"nobody asked: {line}")
            elif line.startswith("Adding URL: "):
                self.must(name_of(line) == name_of(self.added), f"another file: {line}")
            elif line.endswith(": OK"):
                self.checked.append(line[:-4])
            else:
                self.must(line.startswith("The file is already fully retrieved"), f"unknown: {line}")
        self.must(not self.failed, "gave up after a failed run")
        self.must(not self.partial, f"left in part: {self.partial}")
        self.must(sorted([*self.checked, "SHA256SUMS"]) == sorted(self.whole), "checked is not what was fetched")
        self.must(self.checked == sorted(self.checked), "checked out of order")
        return self.faults

    def ask(self, worker: int, url: str) -> None:
        self.must(worker not in self.busy, f"worker {worker} is busy")
        self.busy[worker] = url
        self.tries[url] = self.tries.get(url, 0) + 1
        self.must(self.tries[url] <= 2, f"third try: {url}")

    def cut(self, got: int, size: int, url: str) -> None:
        name = name_of(url)
        known = self.sizes.get(name, size + self.partial.get(name, 0))
        self.must(got < size, f"not short: {got} of {size}")
        self.must(size + self.partial.get(name, 0) == known, f"another size: {name}")
        self.sizes[name], self.short[url], self.failed = known, got, True

    def answer(self, code: int, error: bool, url: str) -> None:
        name = name_of(url)
        worker = next((number for number, asked in self.busy.items() if asked == url), None)
        self.must(worker is not None, f"nobody asked: {url}")
        self.busy.pop(worker if worker is not None else -1, None)
        self.must(error == (code >= 400), f"{code} and {error}")
        kind = {200: self.came, 206: self.came, 302: self.moved, 416: self.had, 503: self.refused}.get(code)
        if kind is None:
            self.faults.append(f"status {code}")
        else:
            kind(url, name, code)

    def came(self, url: str, name: str, code: int) -> None:
        self.must(name in self.saving, f"not saved: {name}")
        self.saving = [saved for saved in self.saving if saved != name]
        self.must(name not in self.whole, f"fetched twice: {name}")
        rest = self.partial.pop(name, 0)
        self.must((rest > 0) == (code == 206), f"{code} with {rest} bytes here: {name}")
        if url in self.short:
            self.partial[name] = rest + self.short.pop(url)
            if code == 200:
                self.unexpected = self.partial[name]
                if self.tries[url] < 2:
                    del self.partial[name]
        else:
            self.whole.add(name)
            self.counts["files"] += code == 200
        self.counts["errors"] += code == 206

    def moved(self, url: str, _name: str, _code: int) -> None:
        self.added = url
        self.counts["redirects"] += 1

    def had(self, _url: str, name: str, _code: int) -> None:
        self.must(name in self.whole, f"not here: {name}")
        self.counts["files"] += 1

    def refused(self, _url: str, _name: str, _code: int) -> None:
        self.failed = True
        self.counts["errors"] += 1

    def end(self, files: int, redirects: int, errors: int) -> None:
        self.must(not self.busy, f"still busy: {self.busy}")
        said = {"files": files, "redirects": redirects, "errors": errors}
        self.must(said == self.counts, f"{said} where {self.counts} were seen")
        self.runs += 1
        if self.failed:
            self.begin()


def lines_of(seed: int, **options: object) -> list[str]:
    played = perform(DOWNLOAD, seed=seed, seconds=1000, columns=300, motion=False, **options)
    return [line.rstrip() for line in played.lines if line.strip()]


@pytest.mark.parametrize("trouble", ["none", "some", "much"])
def test_the_lines_add_up(trouble: str) -> None:
    """Whatever goes wrong, each line follows from those before it and the totals are their sums."""
    for seed in range(9):
        assert Reader().read(lines_of(seed, trouble=trouble)) == [], seed


def test_trouble_is_mended() -> None:
    """By default something is cut off and resumed by a second run; without trouble one run is enough."""
    calm, reader, lines = Reader(), Reader(), lines_of(3)
    assert (calm.read(lines_of(3, trouble="none")), calm.runs) == ([], 1)
    assert reader.read(lines) == []
    assert reader.runs == 2
    assert any("206 Partial Content" in line for line in lines)
    assert len(reader.checked) == 9


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"^Downloaded: \d+", "Downloaded: 77"),
        (r"(\d+) redirects", "9 redirects"),
        (r"(\d+) errors", "7 errors"),
        (r"^Just got (\d+) of \d+", r"Just got \1 of 1"),
        (r"^Unexpected body length \d", "Unexpected body length 9"),
        (r"206 Partial Content", "200 OK"),
        (r"^\[1\] Downloading", "[0] Downloading"),
        (r"^Saving '", "Saving 'x"),
        (r"^Adding URL: (\S+)/\S+", r"Adding URL: \1/other.iso"),
        (r"^(?!SHA)(\S+): OK", r"\1.old: OK"),
        (r"HTTP ERROR response 416", "HTTP response 416"),
    ],
)
def test_the_reader_sees_planted_errors(pattern: str, replacement: str) -> None:
    """One changed line of each kind is found."""
    lines = lines_of(3)
    place = next(number for number, line in enumerate(lines) if re.search(pattern, line))
    lines[place] = re.sub(pattern, replacement, lines[place])
    assert Reader().read(lines)


@pytest.mark.parametrize("pattern", [r"^Saving", r"^Just got", r"302 Found", r": OK$", r"^\[2\]"])
def test_the_reader_misses_what_is_left_out(pattern: str) -> None:
    """A line taken away is found, too."""
    lines = lines_of(3)
    lines.pop(next(number for number, line in enumerate(lines) if re.search(pattern, line)))
    assert Reader().read(lines)
