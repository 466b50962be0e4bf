"""Fifty people who ask at once: over REST and through the page's own queue, without a model and with a slow one.

Each asks about a document of their own and must get that document's words. Run on two cores:

    python -m benchmarks.people [--people 50] [--slow 10]
"""

import argparse
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from .serving import serving

Ask = Callable[[str, str], str]
"""Ask a question at an address; return everything that was answered."""
_WAIT = 300


def over_rest(address: str, question: str) -> str:
    """Ask over REST."""
    response = httpx.post(f"{address}/api/ask", json={"question": question}, timeout=_WAIT)
    return str(response.raise_for_status().json()["citations"])


def on_the_page(address: str, question: str) -> str:
    """Ask as the page does: join Gradio's queue and read its events until the answer is whole."""
    with httpx.Client(base_url=address, timeout=_WAIT) as http:
        parts = http.get("/config").raise_for_status().json()
        labels = {part["id"]: part["props"].get("label") for part in parts["components"]}
        box = next(number for number, label in labels.items() if label == "Your question")
        event = next(e for e in parts["dependencies"] if [box, "submit"] in e["targets"])
        session = uuid4().hex
        sent = {"data": [question] + [None] * (len(event["inputs"]) - 1), "fn_index": event["id"]}
        http.post("/gradio_api/queue/join", json={**sent, "session_hash": session}).raise_for_status()
        said = ""
        with http.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as events:
            for line in events.iter_lines():
                said += line if line.startswith("data:") else ""
                if '"msg":"process_completed"' in line.replace(" ", ""):
                    if not json.loads(line.removeprefix("data:"))["success"]:
                        raise RuntimeError(line)
                    break
    return said


def documents(folder: Path, people: int) -> None:
    """Write a document for each person, with a name and a number that no other holds."""
    folder.mkdir()
    for n in range(people):
        text = f"The gardener of house {name(n)} is called Ruth. She planted {n + 100} roses there in 1987.\n"
        (folder / f"{name(n)}.txt").write_text(text, "utf-8")


def name(n: int) -> str:
    """Return the word that stands for a person, of letters only."""
    return "Z" + "".join(chr(ord("a") + int(digit)) * 2 for digit in f"{n:03}") + "ova"


def wait_together(ask: Ask, address: str, people: int) -> tuple[list[float], list[str]]:
    """Let all people ask at the same moment; return their seconds, and what went wrong."""
    start = threading.Barrier(people)

    def one(n: int) -> tuple[float, str]:
        start.wait()
        began = time.perf_counter()
        try:
            said = ask(address, f"How many roses were planted at house {name(n)}?")
        except Exception as error:  # noqa: BLE001 - counted and shown
            return time.perf_counter() - began, f"{name(n)}: {error!r}"
        said = re.sub(r"<[^>]*>", "", said)  # the page sets off the words that answer
        wrong = "" if f"planted {n + 100} roses" in said else f"{name(n)}: not their own answer: {said[-300:]}"
        return time.perf_counter() - began, wrong

    with ThreadPoolExecutor(people) as pool:
        results = list(pool.map(one, range(people)))
    return [seconds for seconds, _ in results], [wrong for _, wrong in results if wrong]


@contextmanager
def slow_model(seconds: float) -> Iterator[str]:
    """Run a language model that takes its time and then repeats the first passage's first sentence."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            time.sleep(seconds)
            text = "Ruth planted them [1]."
            choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
            choice |= {"delta" if asked.get("stream") else "message": {"role": "assistant", "content": text}}
            kind = "chat.completion.chunk" if asked.get("stream") else "chat.completion"
            body = json.dumps({"id": "1", "object": kind, "created": 1, "model": "slow", "choices": [choice]})
            body = f"data: {body}\n\ndata: [DONE]\n\n" if asked.get("stream") else body
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()


def report(what: str, seconds: list[float], wrong: list[str]) -> None:
    """Print one line of figures, and what went wrong."""
    slowest = sorted(seconds)[int(len(seconds) * 0.95) - 1]
    print(f"{what:<34} p50 {statistics.median(seconds):6.2f} s  p95 {slowest:6.2f} s  wrong {len(wrong)}", flush=True)
    for line in wrong[:3]:
        print(f"  {line}")


def main() -> None:
    """Measure each front end without a model and with a slow one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--slow", type=float, default=10, help="seconds that the slow model takes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, slow_model(given.slow) as model:
        documents(Path(folder, "docs"), given.people)
        slow = {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none", "CITEWISE_MODEL": "slow"}
        for how, settings in (("no model", {"CITEWISE_MODEL": "none"}), (f"model of {given.slow:g} s", slow)):
            with serving(Path(folder) / "library", Path(folder) / "docs", **settings) as address:
                for front_end, ask in (("REST", over_rest), ("page", on_the_page)):
                    report(f"{given.people} people, {front_end}, {how}", *wait_together(ask, address, given.people))


if __name__ == "__main__":
    main()
