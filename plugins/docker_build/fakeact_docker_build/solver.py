"""From a project to a build: what runs when, as BuildKit's solver lets it.

Every vertex starts when the last of those it depends on has ended. Stages that don't need one another
run side by side; what an unchanged input leads to is cached.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fakeact_docker_build import commands, dockerfile, exporter
from fakeact_docker_build.dockerfile import Instruction, Stage
from fakeact_docker_build.project import Project
from fakeact_docker_build.registry import Image, look_up, pull
from fakeact_docker_build.shell import Shell
from fakeact_docker_build.vertex import Build, Status, Vertex

UPLOAD = 110e6
"""Bytes a second that the client sends to the builder next door."""


@dataclass
class _Layer:
    """What one step left: when it is there, whether it is the last build's, and its bytes."""

    vertex: Vertex
    cached: bool
    bytes: int = 0


@dataclass
class Solver:
    """The state of one solve."""

    project: Project
    rng: random.Random
    bandwidth: float
    slowness: float = 1.0
    began: datetime = datetime(2026, 1, 30, tzinfo=UTC)
    vertices: list[Vertex] = field(default_factory=list)
    steps: list[tuple[Vertex, Instruction]] = field(default_factory=list)
    """The `RUN` steps that really run."""
    images: dict[str, Image] = field(default_factory=dict)
    ready: dict[str, _Layer] = field(default_factory=dict)
    """By stage or image, what a `FROM` or a `COPY --from` of it gets."""

    shared: dict[tuple[int, str], _Layer] = field(default_factory=dict)

    def vertex(self, name: str, known: float, started: float, seconds: float) -> Vertex:
        """Add a vertex that runs for so long."""
        added = Vertex(name, known, started, started + seconds)
        self.vertices.append(added)
        return added

    def solve(self) -> Build:
        """Plan the whole build."""
        now = self._frontend()
        self._metadata(now)
        planned = max(vertex.completed for vertex in self.vertices) + self.rng.uniform(0.01, 0.04)
        warnings = dockerfile.lint(self.project.text)
        # The checks run while the file is parsed, so they are told before its row is complete.
        self.vertices[0].warnings = warnings
        self.vertices[0].warned = self.vertices[0].completed - 0.001
        self._sources(planned)
        layers = [self._stage(stage, planned) for stage in self.project.stages][-1]
        export = exporter.export(
            self.project.image, sum(layer.bytes for layer in layers), layers[-1].vertex.completed, self.rng
        )
        export.known = planned
        self.vertices.append(export)
        ended = export.completed + self.rng.uniform(0.02, 0.09)
        return Build(self.vertices, ended, self.project.image, self.project.text, warnings)

    def _transfer(self, vertex: Vertex, what: str, size: int) -> None:
        """The one status of a vertex that takes files from the client."""
        begun, seconds = vertex.started + 0.01, size / UPLOAD
        points = [(begun + seconds * part / 8, size * part // 8) for part in range(1, 9)]
        vertex.statuses.append(Status(f"transferring {what}:", begun, begun + seconds, 0, points))
        vertex.completed = max(vertex.completed, begun + seconds + 0.005)

    def _frontend(self) -> float:
        first = self.vertex("[internal] load build definition from Dockerfile", 0.0, 0.0, 0.02)
        self._transfer(first, "dockerfile", len(self.project.text))
        now = first.completed
        wanted = dockerfile.syntax(self.project.text)
        if not wanted:
            return now
        image = look_up(wanted, self.rng)
        asked = self.vertex(
            f"resolve image config for docker-image://{image.reference}", now, now, self.rng.uniform(0.4, 1.8)
        )
        self._authorize([image], now)
        now = asked.completed
        frontend = self.vertex(f"docker-image://{image.pinned}", now, now, 0.0)
        if self.project.cache == "none":
            pull([(frontend, image)], now, self.bandwidth, self.rng)
        else:
            frontend.cached = True
        return frontend.completed

    def _metadata(self, now: float) -> None:
        """Ask for the tags' digests, then read what is not to be sent."""
        now += self.rng.uniform(0.02, 0.08)
        names = {stage.base for stage in self.project.stages}
        names |= {step.source for stage in self.project.stages for step in stage.steps if step.source}
        own = {stage.name for stage in self.project.stages}
        wanted = sorted(names - own)
        self.rng.shuffle(wanted)
        for name in wanted:
            image = self.images[name] = look_up(name, self.rng)
            seconds = self.rng.lognormvariate(-0.2, 0.4)
            self.vertex(f"[internal] load metadata for {image.reference}", now, now, seconds)
        self._authorize(list(self.images.values()), now)
        now = max(vertex.completed for vertex in self.vertices)
        ignore = self.vertex("[internal] load .dockerignore", now, now, 0.02)
        self._transfer(ignore, "context", self.project.ignored)

    def _authorize(self, images: list[Image], now: float) -> None:
        """A registry's token, once for each repository on Docker Hub, if somebody is signed in there."""
        if not self.project.signed_in:
            return
        for host, repository in sorted({image.repository for image in images}):
            if host == "docker.io":
                at = now + self.rng.uniform(0.1, 0.25)
                self.vertex(f"[auth] {repository}:pull token for registry-1.docker.io", at, at, 0.0)

    def _sources(self, now: float) -> None:
        """Base images and the build context, all at once."""
        rows = []
        for name, image in self.images.items():
            vertex = self.vertex(self._source_name(name, image), now, now, 0.0)
            rows.append((vertex, image))
            self.ready[name] = _Layer(vertex, self.project.cache != "none")
        context = self.vertex("[internal] load build context", now, now, 0.02)
        self._transfer(context, "context", self.project.context)
        self.ready[""] = _Layer(context, False)
        self.rng.shuffle(rows)
        if self.project.cache == "none":
            pull(rows, now, self.bandwidth, self.rng)
            return
        for vertex, image in rows:
            seconds = self.rng.uniform(0.005, 0.07)
            vertex.statuses.append(Status(f"resolve {image.pinned}", now, now + seconds))
            vertex.completed = now + seconds + 0.004

    def _source_name(self, name: str, image: Image) -> str:
        for stage in self.project.stages:
            if stage.base == name:
                return f"{_number(stage, 1, self._total(stage))}FROM {image.pinned}"
        return f"FROM {image.pinned}"

    def _total(self, stage: Stage) -> int:
        return len(stage.steps) + (stage.base in self.images)

    def _stage(self, stage: Stage, planned: float) -> list[_Layer]:
        below = self.ready[stage.base]
        layers = [below]
        for number, step in enumerate(stage.steps, 1 + (stage.base in self.images)):
            # The same operation on the same base is one vertex, whatever stages it stands in.
            key = (id(below.vertex), step.text)
            if key not in self.shared:
                vertex = Vertex(_number(stage, number, self._total(stage)) + step.text, planned)
                self.vertices.append(vertex)
                self.shared[key] = self._step(vertex, step, below)
            below = self.shared[key]
            layers.append(below)
        if stage.name:
            self.ready[stage.name] = below
        return layers

    def _step(self, vertex: Vertex, step: Instruction, below: _Layer) -> _Layer:
        needs = [below]
        if step.keyword in ("COPY", "ADD"):
            needs.append(self.ready[step.source])
        cached = below.cached and not self.project.stale(step)
        if step.source and not self.project.same_content(step):
            cached = cached and self.ready[step.source].cached
        vertex.started = max(need.vertex.completed for need in needs) + self.rng.uniform(0.004, 0.03)
        vertex.cached = cached
        if cached:
            vertex.completed = vertex.started
            return _Layer(vertex, True)
        return _Layer(vertex, False, self._run(vertex, step))

    def _run(self, vertex: Vertex, step: Instruction) -> int:
        """Let a step happen; gives the bytes of its layer."""
        if step.keyword == "RUN":
            shell = Shell(
                self.rng,
                self.project.name,
                self.bandwidth,
                self.slowness,
                vertex.started,
                node=self.project.node,
                began=self.began,
            )
            commands.play(shell, step.command)
            vertex.logs, vertex.completed = shell.logs, shell.clock
            self.steps.append((vertex, step))
            return shell.wrote
        if step.keyword == "WORKDIR":
            vertex.completed = vertex.started + self.rng.uniform(0.02, 0.12)
            return 200
        size = self.project.context if not step.source else round(self.rng.lognormvariate(16, 1))
        vertex.completed = vertex.started + self.rng.uniform(0.03, 0.2) + size / 400e6
        return size


def _number(stage: Stage, number: int, total: int) -> str:
    """The bracketed beginning of a row's name, as `[build 2/9] ` or `[stage-1  2/14] `."""
    label = f"{stage.label} " if stage.label else ""
    return f"[{label}{number:>{len(str(total))}}/{total}] "
