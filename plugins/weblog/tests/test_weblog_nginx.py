"""Lines beside a real nginx's: 1.22.1 of Debian 12, 1.26.3 of 13, `server_tokens off`, in November 2026."""

import random
from datetime import UTC, date, datetime

import pytest
from fakeact_weblog import catalogue
from fakeact_weblog.lines import access_line, error_line
from fakeact_weblog.sim.agenda import Agenda
from fakeact_weblog.sim.backend import Backend, Job, Outcome
from fakeact_weblog.sim.clients import Clients
from fakeact_weblog.sim.records import Client, Entry, Request, Upstream
from fakeact_weblog.sim.server import Server
from fakeact_weblog.sim.site import Site
from fakeact_weblog.tail import Tail

AT = datetime(2026, 11, 23, 21, 49, 6, tzinfo=UTC)
CURL = Client("127.0.0.1", "curl/7.88.1", "HTTP/2.0")
CHROME = Client(
    "127.0.0.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
)


def entry(request: Request, status: int, sent: int, duration: float, upstream: Upstream | None = None) -> Entry:
    return Entry(0.0, request, status, sent, duration, 5, upstream, "")


RECORDED = [
    (
        entry(Request(CURL, "/app/ok"), 200, 50, 0.002, Upstream(0.001, 0.002, 0.002)),
        ('127.0.0.1 - - [23/Nov/2026:21:49:06 +0000] "GET /app/ok HTTP/2.0" 200 50 "-" "curl/7.88.1" '
        'rt=0.002 uct="0.001" uht="0.002" urt="0.002"'),
    ),
    (
        entry(Request(CURL, "/app/slow"), 504, 160, 1.001, Upstream(0.0, None, 1.001)),
        ('127.0.0.1 - - [23/Nov/2026:21:49:06 +0000] "GET /app/slow HTTP/2.0" 504 160 "-" "curl/7.88.1" '
        'rt=1.001 uct="0.000" uht="-" urt="1.001"'),
    ),
    (
        entry(Request(CURL, "/app/x"), 502, 150, 0.0, Upstream(None, None, 0.0)),
        ('127.0.0.1 - - [23/Nov/2026:21:49:06 +0000] "GET /app/x HTTP/2.0" 502 150 "-" "curl/7.88.1" '
        'rt=0.000 uct="-" uht="-" urt="0.000"'),
    ),
    (
        entry(Request(Client("127.0.0.1", 'a"b\\c\t\u00c3\u00a9'), "/?a=%3Cs%3E", referrer="https://x/\u00c3\u00a9"),
              200, 16, 0.0),
        ('127.0.0.1 - - [23/Nov/2026:21:49:06 +0000] "GET /?a=%3Cs%3E HTTP/1.1" 200 16 "https://x/\\xC3\\xA9" '
        '"a\\x22b\\x5Cc\\x09\\xC3\\xA9" rt=0.000 uct="-" uht="-" urt="-"'),
    ),
    (
        entry(Request(Client("127.0.0.1", "-"), "/", garbage="\x03\0\0/*\xe0\0\0\0\0\0Cookie: mstshash=Administr"),
              400, 150, 0.3),
        ('127.0.0.1 - - [23/Nov/2026:21:49:06 +0000] "\\x03\\x00\\x00/*\\xE0\\x00\\x00\\x00\\x00\\x00Cookie: '
        'mstshash=Administr" 400 150 "-" "-" rt=0.300 uct="-" uht="-" urt="-"'),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "line"), RECORDED)
def test_access_lines_are_nginx_s(given: Entry, line: str) -> None:
    """What nginx logged about a request is what is printed about it."""
    assert access_line(given, AT, times=True) == line
    assert access_line(given, AT) == line.partition(" rt=")[0]


def test_error_lines_are_nginx_s() -> None:
    """A time-out stands in the error log as nginx put it there."""
    complaint = "upstream timed out (110: Connection timed out) while reading response header from upstream"
    late = Entry(0.0, Request(CURL, "/app/slow"), 504, 160, 1.001, 5, Upstream(0.0, None, 1.001), complaint)
    assert error_line(late, AT, host="shop.example", worker=16235) == (
        "2026/11/23 21:49:06 [error] 16235#16235: *5 upstream timed out (110: Connection timed out) while reading "
        "response header from upstream, client: 127.0.0.1, server: shop.example, request: "
        '"GET /app/slow HTTP/2.0", upstream: "http://127.0.0.1:8000/app/slow", host: "shop.example"'
    )


def test_headings_are_tail_s() -> None:
    """Of two files GNU tail 9.1 says which one goes on, after an empty line, and only where it changes."""
    complained = Entry(1.0, Request(CURL, "/x"), 502, 150, 0.0, 1, Upstream(None, None, 0.0), "connect() failed")
    fine = Entry(2.0, Request(CURL, "/x"), 200, 9, 0.0, 1)
    tail = Tail("shop.example", AT, random.Random(1), times=False, errors=True)
    access, error = "==> /var/log/nginx/access.log <==", "==> /var/log/nginx/error.log <=="
    first = tail.last([fine])
    assert [line for line in first if not line.startswith("127")] == [access, "", error]
    following = [line for line in tail.lines([fine, complained, fine]) if not line[:1].isdigit()]
    assert following == ["", access, "", error, "", access]


def answers(*requests: Request, down: bool = False, busy: bool = False) -> list[Entry]:
    """What a server logs about requests to a shop, each sent when the one before is answered."""
    written: list[Entry] = []
    agenda, site = Agenda(0.0), Site("shop", random.Random(2))
    backend = Backend(agenda, workers=1)
    server = Server(agenda, site, backend, random.Random(3), timeout=10.0, write=written.append)
    if down:
        backend.stop()
    if busy:
        backend.take(Job(60.0, False, lambda _outcome: None))
    for request in requests:
        step = server.fetch(request)
        assert callable(step)
        step(lambda _status: None)
        agenda.advance(agenda.now + 30)
    return written


@pytest.mark.parametrize(
    ("request_", "status", "sent"),
    [
        (Request(CURL, "/", secure=False), 301, 162),
        (Request(CURL, "/.env"), 403, 146),
        (Request(CURL, "/wp-login.php"), 404, 146),
        (Request(CHROME, "/", secure=False), 301, 162),
        (Request(CHROME, "/.env"), 403, 548),
        (Request(CHROME, "/.env", "HEAD"), 403, 0),
        (Request(CHROME, "/wp-login.php"), 404, 548),
        (Request(CURL, "/favicon.ico", held=True), 304, 0),
        (Request(CURL, "/favicon.ico", "POST"), 405, 150),
        (Request(CURL, "/", "HEAD"), 200, 0),
        (Request(CURL, "/", garbage="SSH-2.0-Go"), 400, 150),
        (Request(CURL, "/", garbage=""), 400, 0),
        (Request(CURL, "/cart/add", "POST"), 302, 0),
        (Request(CURL, "/api/events", "POST"), 204, 0),
    ],
)
def test_the_server_answers_as_nginx_does(request_: Request, status: int, sent: int) -> None:
    """What needs no application has nginx's own status and its page's size."""
    [logged] = answers(request_)
    assert (logged.status, logged.sent) == (status, sent)


def test_nobody_listens() -> None:
    """Without an application a page is a 502 at once, while files are served as ever."""
    page, file = answers(Request(CURL, "/"), Request(CURL, "/robots.txt"), down=True)
    assert (page.status, page.sent, page.duration, page.upstream) == (502, 150, 0.0, Upstream(None, None, 0.0))
    assert answers(Request(CHROME, "/"), down=True)[0].sent == 552
    assert (file.status, file.upstream) == (200, None)


def test_nobody_has_time() -> None:
    """With all workers busy a request ends after the server's patience, or the client's if that is shorter."""
    late, left = answers(Request(CURL, "/"), Request(CURL, "/", patience=4.0), busy=True)
    assert (late.status, late.sent, late.duration) == (504, 160, 10.0)
    assert (left.status, left.sent, left.duration) == (499, 0, 4.0)


def test_who_is_killed_answers_nothing() -> None:
    """A job that was begun before the process ended is closed, and its time is not counted again later."""
    agenda, seen = Agenda(0.0), list[tuple[float, Outcome]]()
    backend = Backend(agenda, workers=1)
    for seconds in (5.0, 1.0):
        backend.take(Job(seconds, False, lambda outcome: seen.append((agenda.now, outcome))))
    agenda.advance(2.0)
    backend.stop()
    agenda.advance(20.0)
    assert seen == [(2.0, Outcome.CLOSED), (2.0, Outcome.CLOSED)]


def test_a_lock_holds_workers() -> None:
    """Jobs that need the locked table keep the only worker, so that others wait for them, too."""
    agenda, seen = Agenda(0.0), list[tuple[str, float]]()
    backend = Backend(agenda, workers=1)
    backend.lock()
    backend.take(Job(1.0, True, lambda _outcome: seen.append(("locked", agenda.now))))
    backend.take(Job(1.0, False, lambda _outcome: seen.append(("other", agenda.now))))
    agenda.advance(8.0)
    assert not seen
    backend.unlock()
    agenda.advance(20.0)
    assert seen == [("locked", 9.0), ("other", 10.0)]


@pytest.mark.parametrize(
    ("day", "chrome", "firefox"),
    [(date(2026, 1, 30), 144, 147), (date(2026, 9, 7), 152, 154), (date(2026, 9, 8), 153, 155),
     (date(2026, 10, 6), 155, 156)],
)  # fmt: skip
def test_browsers_are_of_their_day(day: date, chrome: int, firefox: int) -> None:
    """The newest browsers are those released by then: from Chrome 153 on, every two weeks."""
    clients = Clients(random.Random(1), day)
    agents = [clients.visitor().agent for _ in range(400)]
    newest = {
        name: max(int(agent.split(name + "/")[1].split(".")[0]) for agent in agents if name + "/" in agent)
        for name in ("Chrome", "Firefox")
    }
    assert newest == {"Chrome": chrome, "Firefox": firefox}


def test_links_lead_somewhere() -> None:
    """Every kind of site links only to kinds of pages it has, and reaches all of them from where people land."""
    for kind in catalogue.SITES:
        pages = catalogue.site(kind)["pages"]
        reached = set(catalogue.site(kind)["landings"])
        for _ in pages:
            reached |= {link for page in reached for link in pages[page].get("links", {})}
            reached |= {pages[page]["then"] for page in reached if "then" in pages[page]}
        assert reached == set(pages), kind


def test_other_tools_read_the_lines() -> None:
    """The `apachelogs` library reads each line as Apache's combined format."""
    apachelogs = pytest.importorskip("apachelogs", reason="the oracle is the library apachelogs: pip install it")
    parser = apachelogs.LogParser(apachelogs.COMBINED)
    for given, line in RECORDED:
        read = parser.parse(access_line(given, AT))
        assert (read.final_status, read.bytes_sent or 0) == (given.status, given.sent)
        assert read.request_time == AT, line
