"""How to make fakeact the screensaver of a terminal, a shell or a desktop."""

SNIPPETS = {
    "tmux": """\
# ~/.tmux.conf: after five idle minutes, and with 'lock-session'
set -g lock-after-time 300
set -g lock-command "fakeact --screensaver"
""",
    "screen": """\
# ~/.screenrc: after five idle minutes
blankerprg fakeact --screensaver
idle 300 blanker
""",
    "zsh": """\
# ~/.zshrc: after five idle minutes at the prompt; a half-typed line survives
TMOUT=300
TRAPALRM() { fakeact --screensaver; zle && zle reset-prompt }
""",
    "xscreensaver": """\
# ~/.xscreensaver, among the programs
phosphor --root --delay 0 --scale 3 --program 'fakeact --screensaver --color=never'
""",
    "sway": """\
# ~/.config/sway/config
exec swayidle -w timeout 600 'foot --fullscreen fakeact --screensaver'
""",
    "hypridle": """\
# ~/.config/hypr/hypridle.conf
listener { timeout = 600; on-timeout = pidof hyprlock || foot --fullscreen fakeact --screensaver }
""",
}
"""The lines to put where, by host. It is a show, not a lock."""
