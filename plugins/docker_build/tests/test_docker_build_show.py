"""The show as a whole: it plays, ends, stops and fits everywhere."""

import random
import re
from itertools import pairwise

import pytest
from fakeact_docker_build import dockerfile, fakeact_modules
from fakeact_docker_build.facts import RECIPES, template
from fakeact_docker_build.planning import plan
from fakeact_docker_build.registry import full
from fakeact_docker_build.vertex import CANCELED

from fakeact import ansi
from fakeact.testing import Performance, perform

MODULE = fakeact_modules()[0]
CACHES = ("none", "dependencies", "source")


def played(seed: int = 1, seconds: float = 600, **options: object) -> Performance:
    """The module, played."""
    return perform(MODULE, seed=seed, seconds=seconds, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("rows", [5, 12, 24])
def test_it_plays_to_the_end_at_any_size(columns: int, rows: int) -> None:
    """Whatever the size, the build ends by itself, no row wraps and the cursor rests on a fresh line."""
    show = played(seed=columns + rows, columns=columns, rows=rows, speed=20, recipe="go")
    assert (show.error, show.ended, show.screen.wrapped) == (None, "finished", set())
    assert show.screen.cursor[0] == 0
    assert show.screen.cursor_shown


def test_the_screen_is_never_taller_than_the_terminal() -> None:
    """Until the last picture nothing scrolls: the rows stay within the screen."""
    show = played(seed=4, seconds=30, rows=12)
    assert show.ended == "stopped"
    assert show.scrollback == []


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("cache", CACHES)
def test_every_project_takes_one_to_four_minutes(recipe: str, cache: str) -> None:
    """Any recipe on any cache, also one that fails, takes a minute at least and four at the most."""
    for seed in range(3):
        build = plan(random.Random(seed), recipe, cache)
        assert 60 <= build.ended <= 225
        failing = plan(random.Random(seed), recipe, cache, failing=True)
        assert failing.failure
        assert 45 <= failing.ended <= 225


def test_seconds_shown_are_seconds_waited() -> None:
    """The header's last figure is what a viewer has waited, but for the closing pause."""
    show = played(seed=6, rows=5)
    shown = float(next(line for line in show.lines if "FINISHED" in line).split()[2].rstrip("s"))
    assert 2 <= show.seconds - shown <= 4.05


def test_it_wakes_up_as_seldom_as_buildkit() -> None:
    """Pictures are a tenth of a second apart at the least, all but the one at the very end."""
    frames = [frame.at for frame in played(seed=2, columns=40, rows=8).frames]
    assert min(b - a for a, b in pairwise(frames[:-2])) > 0.099
    assert len(frames) < 10 * frames[-1]


def test_the_same_seed_builds_the_same_image() -> None:
    """Same seed, same bytes; another seed, another build."""
    first, again, other = (played(seed=seed, columns=60, rows=12, speed=8).raw for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.01, 0.7, 3.0, 20.0, 59.0])
@pytest.mark.parametrize("progress", ["tty", "plain"])
def test_it_stops_at_any_moment(seconds: float, progress: str) -> None:
    """Cut short it leaves no row, no colour and a visible cursor behind."""
    show = played(seed=3, seconds=seconds, progress=progress)
    assert (show.error, show.ended) == (None, "stopped")
    assert not show.screen.style_open
    assert show.screen.cursor_shown
    assert "=>" not in show.text


def test_a_pipe_gets_the_last_picture_only() -> None:
    """Without motion there is one header, every row once, and no sequence but colours."""
    raw = played(seed=1, motion=False, progress="tty").raw
    assert raw.count("[+] Building") == 1
    assert ansi.ESC not in ansi.SGR.sub("", raw)
    assert ansi.ESC not in played(seed=1, motion=False, color=False, progress="tty").raw


def test_a_pipe_gets_lines_by_itself() -> None:
    """Without motion the build is told in plain lines unless the other display is asked for, as docker does it."""
    assert played(seed=1, motion=False).raw == played(seed=1, motion=False, progress="plain").raw
    assert played(seed=1, motion=False).raw.startswith("#0 building with")


def test_what_runs_beside_a_failure_is_canceled() -> None:
    """When one step fails the others end with it and later ones never start."""
    builds = [plan(random.Random(seed), "django", "none", failing=True) for seed in range(12)]
    canceled = [vertex for build in builds for vertex in build.vertices if vertex.error == CANCELED]
    assert canceled
    for build in builds:
        assert all(vertex.started > build.ended or vertex.completed <= build.ended for vertex in build.vertices)


def test_nothing_starts_before_what_it_needs() -> None:
    """A stage's steps follow one another, and the export follows them all."""
    for seed in range(20):
        vertices = plan(random.Random(seed)).vertices
        assert all(v.completed <= vertices[-1].started for v in vertices if v is not vertices[-1])
        assert all(a.started <= s.started <= s.completed <= a.completed for a in vertices for s in a.statuses)
        assert all(v.started <= log.at <= v.completed for v in vertices for log in v.logs)


def test_the_linter_minds_what_buildkit_minds() -> None:
    """Casing, legacy ENV and shell-form CMD are found with their lines, and nothing in a clean file."""
    found = dockerfile.lint('FROM a as b\n\nENV c d\nENV e=f\nCMD g\nENTRYPOINT ["h"]\n')
    assert [line.rpartition("(")[2] for line in found] == ["line 1)", "line 3)", "line 5)"]
    assert dockerfile.lint(template("go")) == []


def test_a_dockerfile_is_read_as_buildkit_reads_it() -> None:
    """Stages are named or numbered, and a continued line keeps its indent."""
    stages = dockerfile.stages(template("django"))
    assert [stage.label for stage in stages] == ["assets", "stage-1"]
    assert stages[1].steps[0].text.startswith("RUN apt-get update &&     apt-get install")
    assert full("debian:bookworm-slim") == "docker.io/library/debian:bookworm-slim"


@pytest.mark.parametrize("motion", [True, False])
@pytest.mark.parametrize("seconds", [1.0, 6.0, 25.0])
def test_ctrl_c_cancels_what_runs(motion: bool, seconds: float) -> None:
    """What was running is canceled, the header's time is what was waited, and buildx says why it failed."""
    lines = played(seed=2, interrupt=seconds, motion=motion, columns=100).lines
    assert lines[-1] == "ERROR: failed to build: failed to solve: Canceled: context canceled"
    canceled = [line for line in lines if re.match(r" => CANCELED " if motion else r"#\d+ CANCELED$", line)]
    assert canceled
    if motion:
        assert lines[0].split()[2] == f"{seconds:.1f}s"
        assert not [line for line in lines if "FINISHED" in line]


def test_a_deadline_cancels_nothing() -> None:
    """A show that is over by itself ends without a word about it."""
    assert "CANCELED" not in played(seed=2, seconds=25).raw
