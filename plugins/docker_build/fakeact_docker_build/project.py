"""What is built: a Dockerfile, a tag, and what has changed since the last time."""

import random
from dataclasses import dataclass

from fakeact_docker_build import dockerfile
from fakeact_docker_build.facts import facts, template

CACHES = ("none", "dependencies", "source")
"""What made the last build's cache stale: it never was there, a lock file changed, or only sources did."""
_LOCK_FILES = ("package", "requirements.txt", "go.mod", "uv.lock", "pom.xml", "Cargo.lock", "recipe.json")


@dataclass(frozen=True)
class Project:
    """A directory about to be built."""

    text: str
    stages: tuple[dockerfile.Stage, ...]
    image: str
    """The name given with `-t`, in full."""
    cache: str
    context: int
    """Bytes of the build context that go to the builder."""
    ignored: int
    """Bytes of `.dockerignore`; an empty transfer takes 2."""
    signed_in: bool

    @property
    def name(self) -> str:
        """The program's own name: the image's, without registry and tag."""
        return self.image.rpartition("/")[2].partition(":")[0]

    @property
    def node(self) -> str:
        """The version of Node.js that its images are tagged with, if it needs one."""
        _, _, rest = self.text.partition("FROM node:")
        return rest.partition("-")[0]

    def stale(self, step: dockerfile.Instruction) -> bool:
        """Whether a step's own input differs from the last build's."""
        if self.cache == "none":
            return True
        from_context = step.keyword in ("COPY", "ADD") and not step.source
        of_dependencies = any(name in step.text for name in _LOCK_FILES)
        return from_context and (self.cache == "dependencies" or not of_dependencies)

    def same_content(self, step: dockerfile.Instruction) -> bool:
        """Whether what a step copies from another stage came out as before, though that ran again."""
        return self.cache == "source" and any(name in step.text for name in _LOCK_FILES)


def draw(rng: random.Random, recipe: str, cache: str) -> Project:
    """A project by one of the recipes, last built when *cache* says, or at any time for `any`."""
    text = template(recipe)
    for tool, versions in facts("versions").items():
        text = text.replace(f"@{tool}@", rng.choice(versions))
    cache = rng.choice(CACHES) if cache == "any" else cache
    whole = round(rng.lognormvariate(13.5, 1.6))
    sent = whole if cache == "none" else round(whole * rng.uniform(0.002, 0.03)) + 400
    ignored = rng.choice((2, rng.randint(40, 400)))
    stages = tuple(dockerfile.stages(text))
    return Project(text, stages, _image(rng), cache, sent, ignored, rng.random() < 0.5)


def _image(rng: random.Random) -> str:
    names = facts("names")
    prefix, tag = rng.choice(names["prefixes"]), rng.choice(names["tags"])
    name = f"{rng.choice(names['subjects'])}-{rng.choice(names['roles'])}"
    host = "" if "." in prefix else "docker.io/" if prefix else "docker.io/library/"
    return f"{host}{prefix}{name}:{tag}"
