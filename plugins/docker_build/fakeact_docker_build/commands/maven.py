"""`mvn -B`, and Spring Boot's own tools."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_MIRROR = "https://mirror.tinbridge.example/maven2/"
_RULE = "[INFO] " + "-" * 72


def _size(count: float) -> str:
    """Bytes as Maven's transfer listener writes them.

    >>> _size(13_219), _size(1_790_000), _size(812), _size(11_800_000)
    ('13 kB', '1.8 MB', '812 B', '12 MB')
    """
    unit = 0
    while count >= 1000:
        count, unit = count / 1000, unit + 1
    return f"{count:.{1 if unit and count < 10 else 0}f} {('B', 'kB', 'MB')[unit]}"


def _download(shell: Shell, path: str, version: str, kind: str, count: int) -> None:
    url = f"{_MIRROR}{path}/{version}/{path.rpartition('/')[2]}-{version}.{kind}"
    shell.say(f"[INFO] Downloading from mirror: {url}")
    since = shell.clock
    shell.fetch(count)
    rate = _size(count / (shell.clock - since))
    shell.say(f"[INFO] Downloaded from mirror: {url} ({_size(count)} at {rate}/s)")
    shell.wrote += count


def _head(shell: Shell) -> None:
    shell.wait(0.8, 1.6)
    shell.say("[INFO] Scanning for projects...", "[INFO] ", "[INFO] " + "< com.example:app >-".center(72, "-"))
    shell.say("[INFO] Building app 0.0.1-SNAPSHOT", "[INFO]   from pom.xml")
    shell.say("[INFO] " + "[ jar ]".center(72, "-"))


def _foot(shell: Shell, seconds: float) -> None:
    """The end, with a time that Maven writes as a clock from a minute on."""
    minutes, rest = divmod(round(seconds), 60)
    took = f"{minutes:02}:{rest:02} min" if minutes else f"{seconds:6.3f} s"
    shell.say(_RULE, "[INFO] BUILD SUCCESS", _RULE, f"[INFO] Total time:  {took}")
    shell.say(f"[INFO] Finished at: {shell.now:%Y-%m-%dT%H:%M:%SZ}", _RULE)


def go_offline(shell: Shell, _command: str) -> None:
    """Fetch what a later build will need."""
    since = shell.clock
    _head(shell)
    for path, version, kind, count in facts("maven"):
        _download(shell, path, version, kind, count)
        # The poms of what the artifact itself needs: small, and many.
        for part in ("parent", "bom", "project")[: shell.rng.randint(0, 3)]:
            _download(shell, f"{path}-{part}", version, "pom", shell.rng.randint(900, 24_000))
    _foot(shell, shell.clock - since)


_GOALS = (
    "resources:3.5.0:resources (default-resources)",
    "compiler:3.15.0:compile (default-compile)",
    "resources:3.5.0:testResources (default-testResources)",
    "compiler:3.15.0:testCompile (default-testCompile)",
    "surefire:3.5.6:test (default-test)",
    "jar:3.5.0:jar (default-jar)",
    "spring-boot:4.1.0:repackage (repackage)",
)


_JAR = "/workspace/target/app.jar"
_SAID = {
    "resources": ("Copying 1 resource from src/main/resources to target/classes",),
    "testResources": ("skip non existing resourceDirectory /workspace/src/test/resources",),
    "surefire": ("Tests are skipped.",),
    "jar": (f"Building jar: {_JAR}",),
    "spring-boot": (
        f"Replacing main artifact {_JAR} with repackaged archive, adding nested dependencies in BOOT-INF/.",
        f"The original artifact has been renamed to {_JAR}.original",
    ),
}


def _compile(shell: Shell, *, tests: bool) -> None:
    changed, target, most = ("dependency", "test-classes", 90) if tests else ("source code", "classes", 260)
    files = f"{shell.rng.randint(12 if tests else 40, most)} source files with javac [debug parameters release 21]"
    shell.say(f"[INFO] Recompiling the module because of changed {changed}.")
    shell.say(f"[INFO] Compiling {files} to target/{target}")
    shell.wait(3.0, 9.0)


def package(shell: Shell, _command: str) -> None:
    """Compile and pack, with the plugins Maven names as it goes."""
    since = shell.clock
    _head(shell)
    for goal in _GOALS:
        shell.say("[INFO] ", f"[INFO] --- {goal} @ app ---")
        plugin, _, kind = goal.partition(" ")[0].partition(":")
        if plugin == "compiler":
            _compile(shell, tests=kind.endswith("testCompile"))
        else:
            said = _SAID["testResources" if kind.endswith("testResources") else plugin]
            shell.say(*(f"[INFO] {line}" for line in said))
        shell.wait(0.2, 1.2)
    _foot(shell, shell.clock - since)
    shell.wrote += 58_000_000


def extract(shell: Shell, _command: str) -> None:
    """Take the jar apart, without a word."""
    shell.wait(0.8, 2.0)
    shell.wrote += 58_000_000
