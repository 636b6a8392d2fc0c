"""A site: its pages and what they link to, the files and calls they load, and how costly each is."""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakeact_weblog import catalogue

KB = 1024
_HASH = string.ascii_letters + string.digits + "_-"
_FILES = ("/robots.txt 0.2 0.6", "/sitemap.xml 9 30")
_GONE = 5
"""How many of a large kind of page were taken away."""


@dataclass(frozen=True)
class Resource:
    """Something the application answers: seconds of work, bytes, and whether it needs the main table."""

    method: str
    path: str
    seconds: float
    size: float
    status: int = 200
    locks: bool = True


@dataclass(frozen=True)
class Page:
    """A page that people visit; *then* is the kind of page that an action leads to.

    What it lists and links to are things that have one of the words in *about*, if there are any. *sign* is the
    picture that stands for it elsewhere; a page that *keeps* shows the signs of what a visitor has acted on.
    """

    kind: str
    target: str
    method: str
    images: tuple[str, ...]
    calls: tuple[tuple[str, str], ...]
    links: Mapping[str, int]
    then: str = ""
    about: frozenset[str] = frozenset()
    sign: str = ""
    keeps: bool = False


@dataclass
class Site:
    """What is on the server.

    *files* have their bytes, *resources* stand under method and path. *styles*, *scripts*, *fonts* and
    *extras* are the paths that every page loads in the present release. *gone* are the targets of pages
    that were taken away. *settled* are the files that were there from the beginning.
    """

    kind: str
    rng: random.Random
    host: str = ""
    http3: bool = False
    files: dict[str, int] = field(default_factory=dict)
    resources: dict[tuple[str, str], Resource] = field(default_factory=dict)
    pages: dict[str, list[Page]] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    fonts: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    slugs: dict[str, list[str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    settled: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        facts = self.facts
        self.host = self.rng.choice(facts["hosts"].split())
        self.http3 = self.rng.random() < 0.35
        self.not_found = self.rng.randint(2200, 6800)
        self.slugs = {name: self._slugs(*given) for name, given in facts["slugs"].items()}
        self.extras = [self._file(line) for line in facts["files"]]
        for line in (*_FILES, f"{facts['feed']} 8 40"):
            self._file(line)
        for kind, given in facts["pages"].items():
            self._build(kind, given)
        self._add(Resource("GET", "/healthz", 0.004, 15, locks=False))
        self._call(facts["poll"])
        self.release()
        self.settled = frozenset(self.files)

    @property
    def facts(self) -> dict[str, Any]:
        """What the catalogue says about this kind of site."""
        return catalogue.site(self.kind)

    @property
    def origin(self) -> str:
        """The site as a referrer from elsewhere has it."""
        return f"https://{self.host}"

    def url(self, target: str) -> str:
        """A target as a referrer."""
        return self.origin + target

    def release(self) -> None:
        """Roll out a new release: bundles get new names, since these tell their content."""
        self.styles = self._bundles("styles", "css")
        self.scripts = self._bundles("scripts", "js")
        self.fonts = self.fonts or [self._file(line) for line in self.facts["fonts"]]

    def landing(self, rng: random.Random) -> Page:
        """A page to begin with."""
        return self._draw(self.facts["landings"], rng)

    def follow(self, page: Page, rng: random.Random) -> Page | None:
        """A page that another links to, None at a dead end."""
        return self._draw(page.links, rng, page.about) if page.links else None

    def page(self, kind: str, rng: random.Random, about: frozenset[str] = frozenset()) -> Page:
        """A page of a kind; a few are far more popular than the rest."""
        pages = [page for page in self.pages[kind] if about & _words(page.target)] or self.pages[kind]
        return pages[int(len(pages) * rng.random() ** 2)]

    def fill(self, template: str, rng: random.Random, about: frozenset[str] = frozenset(), **known: object) -> str:
        """A template with slugs in it."""
        names = [name for name in self.slugs if f"{{{name}}}" in template]
        return template.format(**{name: rng.choice(self._fitting(name, about)) for name in names}, **known)

    def _fitting(self, name: str, about: frozenset[str]) -> list[str]:
        return [slug for slug in self.slugs[name] if about & _words(slug)] or self.slugs[name]

    def _draw(self, weights: Mapping[str, int], rng: random.Random, about: frozenset[str] = frozenset()) -> Page:
        return self.page(rng.choices(list(weights), list(weights.values()))[0], rng, about)

    def _slugs(self, template: str, wanted: int) -> list[str]:
        words = {name: given.split() for name, given in self.facts["words"].items()}
        found: dict[str, None] = {}
        while len(found) < wanted:
            known = {name: self.rng.choice(given) for name, given in words.items()}
            found[template.format(**known, number=self.rng.randint(1000, 98999))] = None
        return list(found)

    def _build(self, kind: str, given: dict[str, Any]) -> None:
        template, method = given["path"], given.get("method", "GET")
        name = next((name for name in self.slugs if f"{{{name}}}" in template), "")
        calls = tuple(self._call(line) for line in given.get("calls", ()))
        slugs = self.slugs.get(name, [""])
        kept = len(slugs) - (_GONE if len(slugs) > 10 * _GONE else 0)
        self.gone += [template.format(**{name: slug}) for slug in slugs[kept:]]
        for slug in slugs[:kept]:
            target = template.format(**{name: slug}) if name else template
            images = tuple(self._images(given.get("images", {}), name, slug))
            page = Page(
                kind,
                target,
                method,
                images,
                calls,
                given.get("links", {}),
                given.get("then", ""),
                self._about(slug),
                self._sign(given.get("sign", ""), name, slug),
                given.get("keeps", False),
            )
            self.pages.setdefault(kind, []).append(page)
            self._add(self._resource(page, given))

    def _sign(self, sort: str, own: str, slug: str) -> str:
        if not sort:
            return ""
        template, least, most = self.facts["images"][sort]
        return self._file(f"{template.format(**{own: slug})} {least} {most}")

    def _about(self, slug: str) -> frozenset[str]:
        return frozenset(self.facts.get("about", {}).get(slug, "").split())

    def _resource(self, page: Page, given: dict[str, Any]) -> Resource:
        status = 302 if page.then else 200
        size = given["kb"] * KB * self.rng.uniform(0.7, 1.4)
        path = page.target.partition("?")[0]
        return Resource(page.method, path, given["ms"] / 1000, size, status, not given.get("cached"))

    def _images(self, wanted: dict[str, int], own: str, slug: str) -> list[str]:
        """Pictures of the page's own subject where there are several of each, else of other ones."""
        found: list[str] = []
        about = self._about(slug)
        for sort, number in wanted.items():
            template, least, most = self.facts["images"][sort]
            for n in range(1, number + 1):
                several = own and "{n}" in template and f"{{{own}}}" in template
                path = template.format(**{own: slug}, n=n) if several else self.fill(template, self.rng, about, n=n)
                found.append(self._file(f"{path} {least} {most}"))
        return list(dict.fromkeys(found))

    def _call(self, line: str) -> tuple[str, str]:
        method, target, ms, kb = line.split()
        status = 200 if float(kb) else 204
        path = target.partition("?")[0]
        self._add(Resource(method, path, float(ms) / 1000, float(kb) * KB, status))
        return method, target

    def _add(self, resource: Resource) -> None:
        self.resources.setdefault((resource.method, resource.path), resource)

    def _bundles(self, sort: str, type: str) -> list[str]:
        found = []
        for line in self.facts[sort]:
            name, size = line.split(" ", 1)
            path = self.facts["bundles"].replace("{name}", name).replace("{type}", type)
            found.append(self._file(f"{path} {size}"))
        return found

    def _file(self, line: str) -> str:
        template, least, most = line.rsplit(" ", 2)
        path = template.replace("{hash}", "".join(self.rng.choices(_HASH, k=8)))
        self.files.setdefault(path.partition("?")[0], round(self.rng.uniform(float(least), float(most)) * KB))
        return path


def _words(text: str) -> set[str]:
    return set(text.replace("/", "-").split("-"))
