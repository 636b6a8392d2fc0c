"""At home in tmux, GNU screen and zsh, driven as an idle user would leave them."""

import os
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakeact import ansi
from fakeact.integrations import SNIPPETS
from fakeact.keys import GRACE
from tests.conftest import FAKEACT, ROOT, Terminal

Start = Callable[..., Terminal]
SAVER = f"{sys.executable} -m fakeact --screensaver --seed 1 -m hello"


def needs(tool: str) -> pytest.MarkDecorator:
    """Skips where a tool is missing, and says which."""
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"needs {tool}")


def until(holds: Callable[[], bool], what: str, seconds: float = 25) -> None:
    """Look again until something holds."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.1)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A tmux server of its own; gives what a tmux command prints."""
    socket = str(tmp_path / "socket")
    env = {k: v for k, v in os.environ.items() if k != "TMUX"} | {"TERM": "xterm-256color"}

    def run(*words: str) -> str:
        done = subprocess.run(["tmux", "-S", socket, *words], capture_output=True, text=True, env=env, check=False)
        return done.stdout

    yield run
    run("kill-server")


@needs("tmux")
def test_tmux_locks_with_it_and_a_key_brings_the_session_back(tmux: Callable[..., str], terminal: Start) -> None:
    """After the idle time it comes up; a key ends it and is not typed into the shell."""
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "cat")
    tmux("set", "-g", "lock-command", f"cd {ROOT}; {SAVER}")
    tmux("set", "-g", "lock-after-time", "1")
    socket = Path(tmux("display-message", "-p", "#{socket_path}").strip())
    client = terminal(command=["tmux", "-S", str(socket), "attach"])
    client.read_until("./greet.sh", seconds=40)
    time.sleep(GRACE)
    mark = len(client.output)
    client.type("q")
    client.read_until("\x1b[?1049h", after=mark)  # tmux takes the screen back
    client.drain()
    assert "q" not in tmux("capture-pane", "-p")
    tmux("set", "-g", "lock-after-time", "0")
    client.type("x")
    until(lambda: "x" in tmux("capture-pane", "-p"), "what is typed afterwards arrives")


@needs("screen")
def test_gnu_screens_blanker_shows_it(terminal: Start, tmp_path: Path) -> None:
    """GNU screen starts it as its blanker and ends it by a key."""
    rc = tmp_path / "screenrc"
    rc.write_text(f"startup_message off\nblankerprg {SAVER}\nidle 1 blanker\n")
    env = {"SCREENDIR": str(tmp_path / "dir"), "SCREENRC": str(rc), "HOME": str(tmp_path)}
    (tmp_path / "dir").mkdir(mode=0o700)
    one = terminal("-c", str(rc), "cat", command=["screen"], **env)
    try:
        one.read_until("hosts", seconds=40)
        mark = len(one.output)
        one.type("z")
        until(lambda: not _alive("fakeact --screensaver --seed 1 -m hello", tmp_path), "the blanker ends")
        one.drain()
        assert "Traceback" not in one.output[mark:]
    finally:  # its server outlives the terminal
        subprocess.run(["screen", "-X", "quit"], env={**os.environ, **env}, check=False)


def _alive(pattern: str, home: Path) -> bool:
    """True while a process with this command line and this home directory runs."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if pattern in command and f"HOME={home}".encode() in environment:
            return True
    return False


@needs("zsh")
def test_zshs_alarm_keeps_a_half_typed_line(terminal: Start, tmp_path: Path) -> None:
    """TRAPALRM runs it with echo off; afterwards the half-typed line is still there and goes on."""
    (tmp_path / ".zshrc").write_text(
        f"cd {ROOT}\nPS1='ready> '\nTMOUT=1\nTRAPALRM() {{ TMOUT=0; {SAVER}; zle && zle reset-prompt }}\n"
    )
    one = terminal("-i", command=["zsh"], ZDOTDIR=str(tmp_path), HOME=str(tmp_path))
    one.read_until("ready> ")
    one.type("echo half")
    one.read_until("./greet.sh", seconds=40)
    time.sleep(GRACE)
    mark = len(one.output)
    one.type("q")
    one.read_until(ansi.LEAVE_ALTERNATE, after=mark)
    one.read_until("ready> ", after=mark)
    one.type("-typed\n")
    one.read_until("half-typed\r\n", after=mark)


def test_any_key_ends_it(terminal: Start) -> None:
    """A key leaves the alternate screen, shows the cursor, puts the modes back; status 0, key swallowed."""
    one = terminal("--screensaver", "--seed", "1", "-m", "hello")
    one.read_until("greet.sh")
    assert one.output.startswith(ansi.ENTER_ALTERNATE + ansi.HIDE_CURSOR)
    time.sleep(GRACE)
    one.type("abc")
    assert one.wait() == 0
    assert one.output.count(ansi.ENTER_ALTERNATE) == one.output.count(ansi.LEAVE_ALTERNATE) == 1
    assert one.output.rfind(ansi.SHOW_CURSOR) > one.output.rfind(ansi.HIDE_CURSOR)
    assert termios.tcgetattr(one.slave) == one.modes
    assert "abc" not in one.output


def test_a_hand_still_on_the_keyboard_does_not_end_it(terminal: Start) -> None:
    """A key in the first half second is not the one that ends it."""
    one = terminal("--screensaver", "--seed", "1", "-m", "hello", "--exit-after-time", "2s")
    one.read_until(ansi.ENTER_ALTERNATE)
    one.type("x")
    one.read_until("greet.sh")
    assert one.process.poll() is None
    assert one.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_hosts_end_it_by_signals(terminal: Start, number: signal.Signals) -> None:
    """SIGHUP and SIGTERM end it like a key does."""
    one = terminal("--screensaver", "--seed", "1", "-m", "hello")
    one.read_until("greet.sh")
    one.process.send_signal(number)
    assert one.wait() == -number
    assert one.output.endswith(ansi.LEAVE_ALTERNATE)
    assert termios.tcgetattr(one.slave) == one.modes


def test_a_terminal_of_1978_gets_text_only(terminal: Start) -> None:
    """Xscreensaver's terminals are VT100s of 40 columns: no colour, no mode it would print."""
    one = terminal(
        "--screensaver", "--seed", "1", "-m", "hello", "--exit-after-time", "2s", columns=40, rows=24, TERM="vt100"
    )
    assert one.wait() == 0
    assert "greet.sh" in one.output
    assert "?" not in one.output
    assert ansi.SGR.search(one.output) is None


def test_fontglide_reads_plain_text() -> None:
    """With stdin closed and a pipe for stdout it prints plain lines, and end of file is no key."""
    words = [*FAKEACT, "--screensaver", "-m", "hello", "-s", "50", "--exit-after-modules", "1"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All hosts greeted." in done.stdout
    assert ansi.ESC not in done.stdout


@pytest.mark.parametrize("host", SNIPPETS)
def test_snippets_are_printed(fakeact: Callable[..., "subprocess.CompletedProcess[str]"], host: str) -> None:
    """--print-integration gives the lines for every host, and the docs show the same."""
    assert fakeact("--print-integration", host).stdout == SNIPPETS[host]
    assert SNIPPETS[host] in (ROOT / "docs" / "terminals.md").read_text()
