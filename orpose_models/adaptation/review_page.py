"""A page on this machine on which somebody corrects some kept-back frames with a few clicks."""

import base64
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe

import cv2
import numpy as np
from pydantic import ValidationError

from orpose_models.adaptation.corrections import Corrections
from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import ImageTruth
from orpose_models.vocabulary.resolution import limited_size, resize_down

_MOST_PIXELS = 640 * 480  # of a frame on the page
_MOST_BYTES = 1 << 20  # of an answer

_PAGE = """<!doctype html><html lang='en'><head><meta charset='utf-8'><title>review</title><style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 66rem; padding: 0 1rem }
svg { width: 100%; background: #222; margin: .4rem 0 1.6rem } rect { fill: transparent; stroke: #2a2; stroke-width: 2;
cursor: pointer } rect.wrong { stroke: #d22; stroke-dasharray: 6 4; fill: #d224 } circle { fill: #e80a; stroke: #fff;
cursor: pointer } button { font: inherit; padding: .5rem 1.5rem }
</style></head><body><h1>Who is there?</h1>
<p>Green boxes are persons that the teacher saw. Click a box that is <b>wrong</b>, because nobody is there (click again
to take it back). Click wherever somebody is <b>missing</b>; click the mark to take it back. Leave alone what is right.
Nothing leaves this machine.</p><div id='frames'></div><button id='done'>Done</button> <span id='said'></span><script>
const frames = FRAMES, answers = frames.map(f => ({image: f.image, wrong: [], missing: []}));
const make = (name, set, into) => { const e = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in set) e.setAttribute(key, set[key]); into.append(e); return e; };
frames.forEach((f, i) => {
  const svg = make('svg', {viewBox: `0 0 ${f.width} ${f.height}`}, document.getElementById('frames'));
  const picture = make('image', {href: f.picture, width: f.width, height: f.height}, svg);
  picture.onclick = event => { const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(
      svg.getScreenCTM().inverse()); const place = [at.x, at.y]; answers[i].missing.push(place);
    const mark = make('circle', {cx: at.x, cy: at.y, r: f.width / 80}, svg);
    mark.onclick = () => { answers[i].missing.splice(answers[i].missing.indexOf(place), 1); mark.remove(); }; };
  f.boxes.forEach(([x, y, right, low], k) => { const box = make('rect', {x, y, width: right - x, height: low - y}, svg);
    box.onclick = () => { const wrong = box.classList.toggle('wrong');
      if (wrong) answers[i].wrong.push(k); else answers[i].wrong.splice(answers[i].wrong.indexOf(k), 1); }; });
});
document.getElementById('done').onclick = async () => {
  const answer = await fetch('done', {method: 'POST', body: JSON.stringify({frames: answers})});
  document.getElementById('said').textContent = await answer.text(); };
</script></body></html>"""


def page_of(images: Sequence[ImageTruth], root: Path) -> str:
    """The page with frames and the teacher's sure persons in it."""
    frames = []
    for image in images:
        pixels = read_image(root / image.file_name)
        _, data = cv2.imencode(".jpg", resize_down(pixels, limited_size(image.size, _MOST_PIXELS)))
        frames.append(
            {
                "image": image.image_id,
                "width": image.size[0],
                "height": image.size[1],
                "picture": "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii"),
                "boxes": np.round(image.persons.boxes[~image.persons.ignore], 1).tolist(),
            }
        )
    return _PAGE.replace("FRAMES", json.dumps(frames))


class ReviewServer(ThreadingHTTPServer):
    """Serves a page to this machine alone, under an address that cannot be guessed, until it is answered.

    Args:
        page: HTML.
        keep: is given the corrections, and gives a sentence that the page shows. Raises ValueError for those that
            do not fit the frames.
        port: 0 for any that is free.

    Attributes:
        address: of the page.
    """

    def __init__(self, page: str, keep: Callable[[Corrections], str], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.page, self.keep, self.secret = page, keep, token_urlsafe(16)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/{self.secret}/"
        self.answered = False

    def until_answered(self) -> None:
        """Serve until corrections have come; requests are answered in threads of their own."""
        self.timeout = 0.2  # seconds that a wait for a request lasts at most
        while not self.answered:
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer

    def do_GET(self) -> None:
        """The page."""
        if self.path == f"/{self.server.secret}/":
            self._answer(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "no such page")

    def do_POST(self) -> None:
        """The corrections."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != f"/{self.server.secret}/done":
            self._answer(HTTPStatus.NOT_FOUND, "no such page")
        elif not 0 < length <= _MOST_BYTES:
            self._answer(HTTPStatus.BAD_REQUEST, "an answer of this size is none")
        else:
            try:
                said = self.server.keep(Corrections.model_validate_json(self.rfile.read(length)))
            except (ValidationError, ValueError):
                self._answer(HTTPStatus.BAD_REQUEST, "these are no corrections of the frames shown")
                return
            self._answer(HTTPStatus.OK, said)
            self.server.answered = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing on the console."""

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)
