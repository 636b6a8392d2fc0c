"""`npm` and the bundlers it starts."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_HASH = "ABCDEFGHKLMNPQRSTUVWXYZabcdefghkmnopqrstuvwxyz0123456789_-"


_LARGE = (
    "[plugin builtin:vite-reporter] ",
    "(!) Some chunks are larger than 500 kB after minification. Consider:",
    "- Using dynamic import() to code-split the application",
    (
        "- Use build.rolldownOptions.output.codeSplitting to improve chunking: "
        "https://rolldown.rs/reference/OutputOptions.codeSplitting"
    ),
    "- Adjust chunk size limit for this warning via build.chunkSizeWarningLimit.",
)
"""As Vite 8.3.8 says it."""


def ci(shell: Shell, _command: str) -> None:
    """Install what the lock file names."""
    rng, known = shell.rng, facts("npm")
    count = rng.randint(280, 1180)
    since = shell.clock
    shell.fetch(count * 9_000)
    for name, version, why in shell.some(known["deprecated"], 0.45):
        shell.say(f"npm warn deprecated {name}@{version}: {why}")
        shell.wait(0.0, 0.5)
    shell.fetch(count * 110_000)
    shell.wait(2.0, 6.0)
    funding = round(count * rng.uniform(0.15, 0.27))
    seconds = round(shell.clock - since)
    shell.say("", f"added {count} packages, and audited {count + 1} packages in {seconds}s")
    shell.say("", f"{funding} packages are looking for funding", "  run `npm fund` for details")
    shell.say("", "found 0 vulnerabilities")
    have, latest = known["npm"][shell.node.partition(".")[0]], rng.choice(known["latest"])
    shell.say("npm notice", f"npm notice New major version of npm available! {have} -> {latest}")
    shell.say(f"npm notice Changelog: https://github.com/npm/cli/releases/tag/v{latest}")
    shell.say(f"npm notice To update run: npm install -g npm@{latest}", "npm notice")
    shell.wrote += count * 410_000


def _script(shell: Shell, script: str, command: str) -> None:
    shell.wait(0.2, 0.5)
    shell.say("", f"> {shell.name}@0.1.0 {script}", f"> {command}", "")


def lint(shell: Shell, _command: str) -> None:
    """Run the linter, which says nothing as long as all is well."""
    _script(shell, "lint", "eslint .")
    shell.wait(4.0, 14.0)


def build(shell: Shell, _command: str) -> None:
    """Check types and bundle for production, with Vite."""
    rng = shell.rng
    _script(shell, "build", "tsc -b && vite build")
    shell.wait(4.0, 12.0)
    shell.say(f"vite v{rng.choice(facts('npm')['vite'])} building client environment for production...")
    since = shell.clock
    shell.say("transforming...")
    shell.wait(5.0, 16.0)
    shell.say(f"✓ {rng.randint(420, 3900)} modules transformed.", "rendering chunks...")
    shell.wait(0.8, 3.0)
    shell.say("computing gzip size...")
    shell.wait(0.2, 0.8)
    largest = _chunks(shell)
    shell.say("", *(_LARGE if largest > 500 else ()))
    shell.say(f"✓ built in {shell.clock - since:.2f}s")


def _chunks(shell: Shell) -> float:
    """List what was written; gives the kilobytes of the largest file."""
    rng = shell.rng
    sizes = sorted((rng.lognormvariate(2.6, 1.4), name) for name in facts("npm")["chunks"])
    files = [("dist/index.html", rng.uniform(0.5, 0.9))]
    for size, name in sizes:
        files.append((f"dist/assets/{name}-{''.join(rng.choices(_HASH, k=8))}.js", size))
    table = [(path, f"{size:,.2f}", f"{size * rng.uniform(0.28, 0.42):,.2f}") for path, size in files]
    wide = [max(map(len, column)) for column in zip(*table, strict=True)]
    for path, whole, packed in table:
        shell.say(f"{path:<{wide[0]}}  {whole:>{wide[1]}} kB │ gzip: {packed:>{wide[2]}} kB")
    shell.wrote += round(sum(size for _, size in files) * 1000)
    return max(size for _, size in files)


def next_build(shell: Shell, _command: str) -> None:
    """Compile, check and prerender, with Next.js."""
    rng = shell.rng
    shell.wait(0.4, 0.9)
    shell.say(f"▲ Next.js {rng.choice(facts('npm')['next'])} (Turbopack)")
    shell.say(f"✓ Running next.config took {rng.randint(14, 90)}ms", "")
    shell.wait(0.5, 1.2)
    shell.say("  Creating an optimized production build ...")
    since = shell.clock
    shell.wait(9.0, 26.0)
    shell.say(f"✓ Compiled successfully in {shell.clock - since:.1f}s")
    shell.say("  Running TypeScript ...")
    since = shell.clock
    shell.wait(4.0, 12.0)
    shell.say(f"  Finished TypeScript in {shell.clock - since:.1f}s ...")
    _prerender(shell, shell.some(facts("npm")["routes"], 0.7))


def _prerender(shell: Shell, routes: list[str]) -> None:
    """Make the pages that are always the same, and the one for errors; then list all."""
    pages = sum(not _dynamic(route) for route in routes) + 1
    workers = f"using {shell.rng.choice((3, 7, 11, 15))} workers"
    shell.say(f"  Collecting page data {workers} ...")
    shell.wait(1.0, 4.0)
    since = shell.clock
    for quarter in range(4):
        shell.say(f"  Generating static pages {workers} ({pages * quarter // 4}/{pages}){'' if quarter else ' ...'}")
        shell.wait(0.05, 0.2)
    shell.say(f"✓ Generating static pages {workers} ({pages}/{pages}) in {(shell.clock - since) * 1000:.0f}ms")
    shell.say("  Finalizing page optimization ...", "")
    shell.wait(1.0, 3.0)
    _routes(shell, routes)


def _dynamic(route: str) -> bool:
    """Whether a route is rendered for each request."""
    return "[" in route or "/api" in route


def _routes(shell: Shell, routes: list[str]) -> None:
    shell.say("Route (app)")
    for number, route in enumerate(routes):
        branch = "┌" if not number else "└" if number == len(routes) - 1 else "├"
        shell.say(f"{branch} {'ƒ' if _dynamic(route) else '○'} {route}")
    shell.say("", "", "○  (Static)   prerendered as static content")
    shell.say("ƒ  (Dynamic)  server-rendered on demand", "")
    shell.wrote += 4_200_000
