"""Reads only the log that was printed, and recomputes what a server's log has to hold."""

import asyncio
import contextlib
import ipaddress
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from fakeact_weblog import fakeact_modules
from fakeact_weblog.catalogue import SITES, site

from fakeact import Module

[WEBLOG] = fakeact_modules()
LINE = re.compile(
    r'(?P<address>\S+) - - \[(?P<stamp>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<sent>\d+) '
    r'"(?P<referrer>[^"]*)" "(?P<agent>[^"]*)" '
    r'rt=(?P<rt>[\d.]+) uct="(?P<uct>[\d.]+|-)" uht="(?P<uht>[\d.]+|-)" urt="(?P<urt>[\d.]+|-)"'
)
DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
PADDING = 402  # msie_padding, for Chrome, too
OWN_BODIES = {204: 0, 301: 162, 302: 0, 304: 0, 403: 146, 499: 0, 502: 150, 504: 160}
FILE = re.compile(r"\.(js|css|woff2|webp|avif|png|jpeg|svg|ico|json|webmanifest|txt)(\?|$)")
HASHED = re.compile(r"^(/assets/|/_next/static/|/static/dist/).*\.(js|css)$")
ROBOTS = (
    "Googlebot bingbot GPTBot OAI-SearchBot ClaudeBot PerplexityBot meta-externalagent Amazonbot AhrefsBot SemrushBot"
)
SETTLED = 100.0
"""Seconds after which nobody new can have been here before the first line: the longest stay, and some."""


@dataclass(frozen=True)
class Hit:
    """One line of the log, with the seconds since the first line and the position in it."""

    number: int
    at: float
    address: str
    request: str
    status: int
    sent: int
    referrer: str
    agent: str
    rt: float
    uct: str
    uht: str
    urt: str

    @property
    def method(self) -> str:
        return self.request.split(" ")[0]

    @property
    def target(self) -> str:
        return [*self.request.split(" "), ""][1]

    @property
    def protocol(self) -> str:
        return self.request.split(" ")[-1]


Log = list[Hit]


def read(lines: list[str]) -> Log:
    hits: Log = []
    first: datetime | None = None
    for number, line in enumerate(lines):
        match = LINE.fullmatch(line)
        assert match, line
        at = datetime.strptime(match["stamp"], "%d/%b/%Y:%H:%M:%S %z")
        first = first or at
        part = match.groupdict()
        seconds = (at - first) / timedelta(seconds=1)
        hits.append(
            Hit(number, seconds, part["address"], part["request"], int(part["status"]), int(part["sent"]),
                part["referrer"], part["agent"], float(part["rt"]), part["uct"], part["uht"], part["urt"])
        )  # fmt: skip
    return hits


def host(log: Log) -> str:
    """The site's own name: what most referrers have."""
    origins = [hit.referrer.split("/")[2] for hit in log if hit.referrer.count("/") > 3]
    return max(set(origins), key=origins.count)


def newcomers(log: Log) -> dict[str, Log]:
    """What those did who came when the log had been followed for some time."""
    by_address: dict[str, Log] = {}
    for hit in log:
        by_address.setdefault(hit.address, []).append(hit)
    return {address: hits for address, hits in by_address.items() if hits[0].at - hits[0].rt > SETTLED}


def stamps_never_go_back(log: Log) -> bool:
    return all(a.at <= b.at for a, b in pairwise(log))


def addresses_are_for_documentation(log: Log) -> bool:
    return all(any(ipaddress.ip_address(hit.address) in net for net in DOCUMENTATION) for hit in log)


def own_pages_have_their_size(log: Log) -> bool:
    return all(hit.sent == own_page(hit) for hit in log if hit.status in OWN_BODIES)


def own_page(hit: Hit) -> int:
    padded = hit.status in (403, 502, 504) and "Chrome/" in hit.agent
    return 0 if hit.method == "HEAD" else OWN_BODIES[hit.status] + PADDING * padded


def head_has_no_body(log: Log) -> bool:
    return all(hit.sent == 0 for hit in log if hit.method == "HEAD")


def files_keep_their_size(log: Log) -> bool:
    sizes: dict[str, int] = {}
    hits = [hit for hit in log if hit.status == 200 and hit.method == "GET" and FILE.search(hit.target)]
    return all(sizes.setdefault(hit.target, hit.sent) == hit.sent for hit in hits)


def a_path_is_there_or_not(log: Log) -> bool:
    found = {(hit.method, hit.target) for hit in log if hit.status in (200, 304)}
    return not found & {(hit.method, hit.target) for hit in log if hit.status == 404}


def pages_list_what_they_are_about(log: Log) -> bool:
    """On a shop's page of stoves are stoves."""
    about = site("shop")["about"]
    for hit in log:
        topic = re.search(r"/(?:c/|search\?q=)([^/&]+)$", hit.referrer)
        product = re.match(r"/(?:media/thumb|p)/\w+-(\w+)-\d+", hit.target)
        if topic and product and topic[1] in about and product[1] not in about[topic[1]].split():
            return False
    return True


def carts_hold_what_was_looked_at(log: Log) -> bool:
    """Who came late has in the cart what he has seen the page of."""
    for hits in newcomers(log).values():
        seen = {hit.target.removeprefix("/p/") for hit in hits if hit.target.startswith("/p/")}
        thumbs = [
            hit.target for hit in hits if hit.referrer.endswith("/cart") and hit.target.startswith("/media/thumb/")
        ]
        if {thumb.removeprefix("/media/thumb/").removesuffix(".webp") for thumb in thumbs} - seen:
            return False
    return True


def bundles_are_never_revalidated(log: Log) -> bool:
    return not any(HASHED.search(hit.target) for hit in log if hit.status == 304)


def referrers_were_seen(log: Log) -> bool:
    """Who came late has loaded each page that he names as his referrer, and so has who loads its parts."""
    origin = f"https://{host(log)}"
    for hits in newcomers(log).values():
        seen = set[str]()
        for hit in hits:
            if hit.referrer.startswith(origin + "/") and hit.referrer.removeprefix(origin) not in seen:
                return False
            if hit.status in (200, 304):
                seen.add(hit.target)
    return True


def foreign_referrers_are_origins(log: Log) -> bool:
    """Browsers tell another site's name only, not its page."""
    own = host(log)
    foreign = {hit.referrer for hit in log if "://" in hit.referrer and own not in hit.referrer}
    return all(referrer.endswith("/") and referrer.count("/") <= 3 for referrer in foreign)


def crawlers_read_robots_txt_first(log: Log) -> bool:
    crawlers = [hits for hits in newcomers(log).values() if any(name in hits[0].agent for name in ROBOTS.split())]
    return all(hits[0].target == "/robots.txt" for hits in crawlers)


def crawlers_keep_out(log: Log) -> bool:
    """What robots.txt forbids on this kind of site, no crawler asks for."""
    kind = next(kind for kind in SITES if host(log) in site(kind)["hosts"].split())
    closed = tuple(site(kind)["disallow"])
    return not [hit for hit in log if hit.target.startswith(closed) and any(n in hit.agent for n in ROBOTS.split())]


def agents_stay(log: Log) -> bool:
    agents: dict[str, str] = {}
    return all(agents.setdefault(hit.address, hit.agent) == hit.agent for hit in log)


def http3_comes_after_http2(log: Log) -> bool:
    newer = set[str]()
    for hit in log:
        if hit.protocol == "HTTP/3.0":
            newer.add(hit.address)
        elif hit.protocol == "HTTP/2.0" and hit.address in newer and hit.rt < 0.5:
            return False
    return True


def timeouts_are_one_and_the_same(log: Log) -> bool:
    late = [hit for hit in log if hit.status == 504]
    return len({hit.urt for hit in late}) <= 1 and all((hit.rt >= 10, hit.uht) == (True, "-") for hit in late)


def upstream_times_fit(log: Log) -> bool:
    return all(
        hit.urt == "-" or (hit.rt >= float(hit.urt) and (hit.uht == "-" or hit.status not in (499, 502, 504)))
        for hit in log
    )


def who_gives_up_was_waiting(log: Log) -> bool:
    limit = max((hit.rt for hit in log if hit.status == 504), default=15.0)
    return all(4 <= hit.rt <= limit for hit in log if hit.status == 499)


def the_refused_stay_refused(log: Log) -> bool:
    banned: dict[str, float] = {}
    for hit in log:
        if hit.status == 403 and "/." not in hit.target:
            banned.setdefault(hit.address, hit.at)
        elif hit.address in banned and hit.at - hit.rt > banned[hit.address] + 1:
            return False
    return True


def trouble_comes_and_goes(log: Log) -> bool:
    """There is a first and a last 5xx; before and after them everything works, for a while at least."""
    bad = [hit.at for hit in log if hit.status >= 500]
    return bool(bad) and bad[0] - log[0].at > 15 and log[-1].at - bad[-1] > 8


RULES: list[Callable[[Log], bool]] = [
    stamps_never_go_back, addresses_are_for_documentation, own_pages_have_their_size, head_has_no_body,
    files_keep_their_size, a_path_is_there_or_not, pages_list_what_they_are_about,
    carts_hold_what_was_looked_at, bundles_are_never_revalidated,
    referrers_were_seen, foreign_referrers_are_origins, crawlers_read_robots_txt_first, crawlers_keep_out, agents_stay,
    http3_comes_after_http2, timeouts_are_one_and_the_same, upstream_times_fit, who_gives_up_was_waiting,
    the_refused_stay_refused, trouble_comes_and_goes,
]  # fmt: skip


class Paper:
    """Stands in for io where only the printed text counts: no screen, and time passes where the show sleeps."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.time = datetime(2026, 11, 23, 14, 59, 30)

    def now(self) -> datetime:
        return self.time

    async def print(self, text: str) -> None:
        self.lines.append(text)

    async def csleep(self, ms: float) -> None:
        self.time += timedelta(milliseconds=ms)

    @contextlib.asynccontextmanager
    async def live(self) -> AsyncIterator["Paper"]:
        yield self

    async def show(self, *_rows: str) -> None:
        """Nothing: live rows are the terminal's, not the log's."""


def play(seed: int, **options: object) -> list[str]:
    """The lines that a show prints."""
    paper = Paper()
    asyncio.run(WEBLOG.run(paper, random.Random(seed), times=True, **options))  # type: ignore[arg-type]
    return paper.lines


@cache
def logs() -> dict[int, Log]:
    """Twenty logs by their seeds, five of each kind of site."""
    return {seed: read(play(seed, site=SITES[seed % 4], duration=240)) for seed in range(20)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_log_holds(rule: Callable[[Log], bool]) -> None:
    """Twenty logs, five of each kind of site, keep the rule."""
    assert not [seed for seed, log in logs().items() if not rule(log)]


def late_visit(log: Log) -> Log:
    """What somebody did who came late, by links."""
    return max(newcomers(log).values(), key=lambda hits: len([hit for hit in hits if hit.referrer != "-"]))


def first(log: Log, fits: Callable[[Hit], bool]) -> Hit:
    return next(hit for hit in log if fits(hit))


def plant(log: Log, hit: Hit, **changes: object) -> Log:
    """The log with one line changed."""
    return [*log[: hit.number], replace(hit, **changes), *log[hit.number + 1 :]]  # type: ignore[arg-type]


def add(log: Log, hit: Hit) -> Log:
    return [*log, replace(hit, number=len(log), at=log[-1].at)]


def by_status(log: Log, status: int) -> Hit:
    return first(log, lambda hit: hit.status == status)


def page(log: Log) -> Hit:
    return first(log, lambda hit: hit.status == 200 and hit.uht != "-" and hit.method == "GET")


def stranger(address: str, agent: str, request: str) -> Hit:
    return Hit(0, 0.0, address, request, 200, 9, "-", agent, 0.0, "-", "-", "-")


def file(log: Log) -> Hit:
    return first(log, lambda hit: hit.status == 200 and bool(FILE.search(hit.target)))


PLANTED: dict[str, Callable[[Log], Log]] = {
    "stamps_never_go_back": lambda log: plant(log, log[50], at=log[50].at - 3600),
    "addresses_are_for_documentation": lambda log: plant(log, log[50], address="8.8.8.8"),
    "own_pages_have_their_size": lambda log: plant(log, by_status(log, 502), sent=157),
    "head_has_no_body": lambda log: add(log, stranger("192.0.2.1", "-", "HEAD / HTTP/1.1")),
    "files_keep_their_size": lambda log: add(log, replace(file(log), sent=file(log).sent + 1)),
    "a_path_is_there_or_not": lambda log: add(log, replace(page(log), status=404)),
    "pages_list_what_they_are_about": lambda log: add(
        log, replace(page(log), referrer=f"https://{host(log)}/c/stoves", request="GET /p/ember-tent-1234 HTTP/2.0")
    ),
    "carts_hold_what_was_looked_at": lambda log: plant(
        log,
        late_visit(log)[-1],
        referrer=f"https://{host(log)}/cart",
        request="GET /media/thumb/ember-tent-1234.webp HTTP/2.0",
    ),
    "bundles_are_never_revalidated": lambda log: add(
        log, replace(file(log), status=304, sent=0, request="GET /assets/index-abcdefgh.js HTTP/2.0")
    ),
    "referrers_were_seen": lambda log: plant(log, late_visit(log)[-1], referrer=f"https://{host(log)}/never-seen"),
    "foreign_referrers_are_origins": lambda log: plant(log, log[50], referrer="https://www.google.com/search?q=x"),
    "crawlers_read_robots_txt_first": lambda log: add(log, stranger("192.0.2.250", "GPTBot/1.3", "GET / HTTP/2.0")),
    "crawlers_keep_out": lambda log: add(log, stranger("192.0.2.250", "GPTBot/1.3", "GET /search?q=x HTTP/2.0")),
    "agents_stay": lambda log: add(log, replace(log[50], agent="another")),
    "http3_comes_after_http2": lambda log: [
        stranger("192.0.2.251", "-", "GET / HTTP/3.0"), stranger("192.0.2.251", "-", "GET / HTTP/2.0"), *log
    ],
    "timeouts_are_one_and_the_same": lambda log: add(log, replace(by_status(log, 504), urt="12.345", rt=12.345)),
    "upstream_times_fit": lambda log: plant(log, page(log), rt=0.0, urt="0.120"),
    "who_gives_up_was_waiting": lambda log: add(log, replace(page(log), status=499, sent=0, rt=0.2)),
    "the_refused_stay_refused": lambda log: [
        replace(page(log), status=403, sent=146, number=0, at=0.0, address="192.0.2.252"),
        *log, replace(page(log), at=log[-1].at, address="192.0.2.252"),
    ],
    "trouble_comes_and_goes": lambda log: add(log, replace(page(log), status=502, sent=150)),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_reader_sees_an_error(rule: Callable[[Log], bool]) -> None:
    """A log with one line that is wrong breaks the rule it was wrong about."""
    log = next(log for log in logs().values() if {502, 504} <= {hit.status for hit in log})
    assert rule(log)
    assert not rule(PLANTED[rule.__name__](log))


@pytest.mark.parametrize("incident", ["scraper", "deployment", "memory"])
def test_every_incident_shows_its_cause(incident: str) -> None:
    """Before the first 5xx the log has what brought it about, and afterwards it ends in being served again."""
    log = read(play(3, incident=incident, site="shop"))
    bad = [hit for hit in log if hit.status >= 500]
    sign = {"scraper": "&sort=price&page=", "deployment": "/hooks/deploy", "memory": "/admin/"}[incident]
    asked = [hit.at - hit.rt for hit in log if sign in hit.target]
    assert asked
    assert min(asked) < bad[0].at
    assert trouble_comes_and_goes(log)


def test_nothing_happens_without_an_incident() -> None:
    """With incident=none there is no 5xx at all."""
    assert not [hit for seed in (1, 2) for hit in read(play(seed, incident="none")) if hit.status >= 500]


def test_a_release_renames_the_bundles_once() -> None:
    """New bundle names appear after the deployment, none before its first refused connection."""
    log = read(play(4, incident="deployment", site="shop", visitors=30))
    refused = by_status(log, 502)
    names = {True: set[str](), False: set[str]()}
    for hit in log:
        if HASHED.search(hit.target):
            names[hit.number > refused.number].add(hit.target)
    stems = [{name.split("-")[0] for name in group} for group in names.values()]
    assert stems[0] == stems[1]
    assert len(names[True] - names[False]) == 5
    assert len(names[False]) == 5


def test_visitors_scale_the_traffic() -> None:
    """Five times as many visitors give several times as many lines."""
    few, many = (len(play(6, visitors=n, site="shop", incident="none")) for n in (4, 20))
    assert 2.5 * few < many < 8 * few


def test_a_module_of_this_name() -> None:
    """The plugin offers one module, called as the tool is."""
    assert isinstance(WEBLOG, Module)
    assert (WEBLOG.name, WEBLOG.signature) == ("weblog", "tail -F /var/log/nginx/access.log")
