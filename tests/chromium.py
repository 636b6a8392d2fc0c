"""What headless Chromium shows: a page with a script of ours, and what that script found."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--window-size=2000,1600", "--virtual-time-budget=4000",
)  # fmt: skip
_PAGE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">{svg}
<script id="asked" type="application/json">{asked}</script>
<pre id="found">{{}}</pre>
<script>
const asked = JSON.parse(document.getElementById("asked").textContent);
const answer = found => {{ document.getElementById("found").textContent = JSON.stringify(found); }};
{script}
</script>"""
LOOK_AT_POINTS = """
// What a <use> shows can't be found at a point: put copies in their place.
for (const use of document.querySelectorAll("use")) {
  const copy = document.querySelector(use.getAttribute("href")).cloneNode(true);
  copy.setAttribute("transform", `translate(0 ${use.getAttribute("y") || 0})`);
  use.replaceWith(copy);
}
// What is in front at a point: the character there or the shape, its colour, and the shape behind it.
const colour = element => {
  const style = getComputedStyle(element);
  return element.tagName === "path" && style.stroke !== "none" ? style.stroke : style.fill;
};
const strength = element => getComputedStyle(element).opacity;
const look = (x, y) => {
  const seen = document.elementsFromPoint(x, y).filter(e => ["text", "tspan", "path", "rect"].includes(e.tagName));
  let character = " ", ink = "", weight = "", faint = "1";
  const front = seen[0];
  if (front && (front.tagName === "text" || front.tagName === "tspan")) {
    const text = front.closest("text");
    const at = new DOMPoint(x, y).matrixTransform(text.getScreenCTM().inverse());
    const index = text.getCharNumAtPosition(at);
    if (index >= 0) {
      character = text.textContent[index];
      ink = colour(front); weight = getComputedStyle(front).fontWeight; faint = strength(front);
    }
  }
  const shape = seen.find(e => e.tagName === "path" || e.tagName === "rect");
  return [character, ink, weight, faint, shape ? colour(shape) : ""];
};
answer(asked.map(([seconds, points]) => {
  if (seconds !== null)
    for (const animation of document.getAnimations()) { animation.pause(); animation.currentTime = 1000 * seconds; }
  return points.map(([x, y]) => look(x, y));
}));
"""
DRAW_AS_IMAGE = """
const image = new Image();
image.onload = () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const data = pen.getImageData(0, 0, image.width, image.height).data;
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) colours.add(data.slice(i, i + 3).join(","));
  answer({size: [image.width, image.height], colours: [...colours]});
};
image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(asked);
"""


def browse(folder: Path, script: str, asked: Any, svg: str = "", *flags: str) -> Any:
    """Open a page with an SVG in it and run a script of the above; gives what that answered."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("chromium is not installed")
    page = folder / "page.html"
    page.write_text(_PAGE.format(svg=svg, asked=json.dumps(asked).replace("<", "\\u003c"), script=script))
    command = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, "--dump-dom", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = done.stdout.partition('<pre id="found">')[2].partition("</pre>")[0]
    assert found, done.stderr[-1000:]
    return json.loads(found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
