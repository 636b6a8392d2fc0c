"""The rows: wget2 2.2.0's own, as recorded from it and as its library draws them."""

import ctypes
import ctypes.util
import re

import pytest
from fakeact_download import fakeact_modules
from fakeact_download.events import Begun, Closed, Counted, Requested, Response, Saving
from fakeact_download.rows import Speed, human, meter_width, row
from fakeact_download.views import Rows
from fakeact_download.wget import Totals

from fakeact.testing import Screen, perform

(DOWNLOAD,) = fakeact_modules()
ROW = re.compile(r"(\S+) +(\d+)% \[(=*)> *\] +([\d.]+)([ KMG]) +(--\.-K|[\d.]+[ KMG]|)B/s")
TOTALS = re.compile(r"\[Files: \d+  Bytes: ([\d.]+)([ KMG]) ?\[([\d.]+)([ KMG])B/s\]")
SCALE = {" ": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@pytest.mark.parametrize(
    ("columns", "name", "done", "size", "speed", "recorded"),
    [
        (100, "alpha-6000k-900kps.iso", 16384, 6144000, " --.-K",
         "alpha-6000k-900kps.i   0% [>                                                 ]   16.00K    --.-KB/s"),
        (100, "beta-with-a-long-file-name.xz", 720896, 3072000, "701.32K",
         "beta-with-a-long-fil  23% [==========>                                       ]  704.00K  701.32KB/s"),
        (80, "drop-2000k-900kps.tar", 835584, 2048000, " --.-K",
         "drop-2000k-900kps.ta  40% [===========>                  ]  816.00K    --.-KB/s"),
        (80, "part-3000k-900kps.iso", 1200000 + 16384, 3072000, " --.-K",
         "part-3000k-900kps.is  39% [==========>                   ]    1.15M    --.-KB/s"),
        (80, "b-1000k-700kps.iso", 1024000, 1024000, "706.97K",
         "b-1000k-700kps.iso   100% [=============================>]    1000K  706.97KB/s"),
        (80, "busy-2000k-900kps.tar", 5, 5, " --.-K",
         "busy-2000k-900kps.ta 100% [=============================>]       5     --.-KB/s"),
        (120, "bb-2000k-900kps.iso", 0, 190, "",
         "bb-2000k-900kps.iso    0% [>" + 69 * " " + "]       0          B/s"),
    ],
)  # fmt: skip
def test_rows_are_those_recorded(columns: int, name: str, done: int, size: int, speed: str, recorded: str) -> None:
    """Rows that wget2 2.2.0 drew come out of the same bytes, to the blank."""
    assert row(name, done, size, speed, columns) == recorded


def test_the_name_gives_way_below_51_columns() -> None:
    """From 51 columns, the fewest that wget2 has rows on, a row is as wide as there; below, as the terminal."""
    assert [meter_width(columns) for columns in (20, 40, 50, 51, 52, 80)] == [1, 1, 1, 1, 2, 30]
    name = "debian-13.5.0-amd64-netinst.iso"
    widths = [len(row(name, 1 << 29, 1 << 30, "882.02K", columns)) for columns in (20, 34, 35, 40, 50, 51, 80)]
    assert widths == [34, 34, 34, 39, 49, 50, 79]


def test_human_is_the_librarys() -> None:
    """Numbers of bytes are written as libwget writes them."""
    found = ctypes.util.find_library("wget")
    if not found:
        pytest.skip("libwget (Debian: libwget3) is not installed")
    library, text = ctypes.CDLL(found), ctypes.create_string_buffer(8)
    for number in (7**n % 10**13 for n in range(2000)):
        library.wget_human_readable(text, ctypes.c_size_t(8), ctypes.c_uint64(number))
        assert text.value.decode() == human(number)


def test_speed_reaches_back_24_looks() -> None:
    """A speed is what came between the newest look and the 24th last, and looks without news don't count."""
    speed = Speed()
    speed.look(0, 500)
    assert speed.text == ""
    for second in range(1, 31):
        speed.look(1024 * second * second, 1000 * second)
        speed.look(1024 * second * second, 1000 * second + 500)
    assert speed.text == human(1024 * (30**2 - 7**2) // 23)
    speed.begin()
    assert speed.text == human(1024 * (30**2 - 7**2) // 23)
    speed.look(100, 40_000)
    assert speed.text == " --.-K"


class Still:
    """A run of wget2 in which nothing moves but what a test moves."""

    def __init__(self) -> None:
        self.slots, self.now, self.totals, self.seen = 2, 1.0, Totals(), [0, 0]

    def downloaded(self, slot: int) -> int:
        return self.seen[slot]


def test_a_line_wipes_out_what_has_no_news() -> None:
    """As in wget2: a finished row stays until the next line, a long line runs into the first row."""
    still = Still()
    rows = Rows(still, 60)  # type: ignore[arg-type]
    for slot in range(2):
        rows.tell(Requested(slot, "https://a.example/one.iso"))
        assert rows.tell(Saving("one.iso")) == "Saving 'one.iso'"
        rows.tell(Begun(slot, "one.iso", 1000))
    still.seen = [1000, 500]
    rows.second()
    still.seen = [1000, 600]
    rows.tell(Closed(0))
    printed = rows.tell(Response(200, "OK", "https://a.example/" + 40 * "x"))
    assert printed == ("HTTP response 200 OK [https://a.example/" + 40 * "x")[:60]
    assert rows.texts[0] == 20 * "x" + "]"
    assert rows.texts[1].startswith("one.iso               60% [=====>    ]     600")
    assert rows.texts[2] == ""
    rows.tell(Counted())
    assert rows.texts[2].strip() == "[Files: 0  ]"


def test_what_moves_adds_up() -> None:
    """In every picture the meter fits the percentage, speeds are possible and the totals' speed is bytes by time."""
    for seed in range(4):
        played = perform(DOWNLOAD, seed=seed, seconds=1000, columns=140)
        begun = next(frame.at for frame in played.frames if "Files: 0" in frame.text)
        rows, screen = 0, Screen(140, 24)
        for frame in played.frames:
            screen.feed(frame.text)
            for name, percent, cells, *_, speed in ROW.findall(screen.text):
                rows += 1
                share = (len(cells) + 1) / meter_width(140)
                assert int(percent) / 100 - 0.02 < share < int(percent) / 100 + 0.03 or not cells, (name, percent)
                assert speed.strip() in ("", "--.-K") or 0 < float(speed[:-1]) * SCALE[speed[-1]] < 3e9
            if frame.at < 40:
                for size, scale, speed, unit in TOTALS.findall(frame.text):  # a row that changes is sent in part
                    seconds = max(frame.at - begun, 0.001)
                    expected = float(size) * SCALE[scale] / seconds
                    assert float(speed) * SCALE[unit] == pytest.approx(expected, rel=0.02, abs=600 / seconds + 2)
        assert rows > 100


def test_a_files_bytes_only_grow() -> None:
    """Between two begins of a file its row counts up."""
    played = perform(DOWNLOAD, seed=5, seconds=1000, columns=140, trouble="none")
    last: dict[str, float] = {}
    for frame in played.frames:
        for name, _, _, number, scale, _ in ROW.findall(frame.text):
            now = float(number) * SCALE[scale]
            if "302 Found" not in frame.text:
                assert now >= last.get(name, 0) * 0.999 or last[name] < 1000, (name, now, last[name])
            last[name] = now
