"""Run the peers, each job in a process of the peer's environment; a failure is a text that says why, never a gap."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.data import REPOSITORY
from benchmarks.peers.corpora import Given
from benchmarks.peers.environments import HERE, OFFLINE, UnavailableError, last_error, python_of
from benchmarks.quality import code_key


@dataclass(frozen=True, slots=True)
class Setting:
    """Which module beside this one runs a peer, in which environment (None: this one), with which options.

    `asking` are options that change how a library is asked, and not what it holds.
    """

    module: str
    environment: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    asking: dict[str, Any] = field(default_factory=dict)


PEERS = {
    "citewise": Setting("peer_citewise"),
    "citewise, with its reader": Setting("peer_citewise", asking={"reader": True}),
    "LlamaIndex + Chroma": Setting("peer_llamaindex", "llamaindex"),
    "the same, 256-token chunks": Setting("peer_llamaindex", "llamaindex", {"size": 256, "overlap": 20}),
    "LlamaIndex hybrid": Setting("peer_llamaindex", "llamaindex", {"hybrid": True}),
    "txtai": Setting("peer_txtai", "txtai"),
    "SQLite full text": Setting("peer_sqlite"),
    "haiku.rag": Setting("peer_haiku", "haiku"),
    "verbatim-rag": Setting("peer_verbatim", "verbatim"),
}
Reply = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything is kept, which peers take part, and how many seconds a job may take."""

    cache: Path
    peers: Sequence[str]
    patience: float
    settings: dict[str, Setting] = field(default_factory=lambda: PEERS)

    def added(self, peer: str, given: Given, encoder: str) -> Reply:
        """Make a peer's library of documents, unless it is there; return seconds, pieces and MB on disk."""
        folder = self._folder(peer, given, encoder)
        told = folder / "added.json"
        if told.is_file():
            return json.loads(told.read_text(encoding="utf-8"))
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "held").mkdir(parents=True)
        corpus = [[str(path) for path in given.folders], str(given.texts)]
        reply = self._run(peer, encoder, folder / "held", {"corpus": corpus})
        if isinstance(reply, dict):
            held = (folder / "held").rglob("*")
            reply["disk"] = sum(file.stat().st_size for file in held if file.is_file()) / 1e6
            told.write_text(json.dumps(reply), encoding="utf-8")
        return reply

    def answers(
        self,
        peer: str,
        given: Given,
        encoder: str,
        questions: Sequence[tuple[str, str | None]],
        k: int,
        asking: str | None = None,
    ) -> Reply:
        """Ask a peer's library, made where it is not there; return what it found, milliseconds and memory in MB."""
        added = self.added(peer, given, encoder)
        if isinstance(added, str):
            return added
        folder = self._folder(peer, given, encoder) / "held"
        return self._run(peer, asking or encoder, folder, {"questions": questions, "k": k})

    def _run(self, peer: str, encoder: str, folder: Path, task: dict[str, Any]) -> Reply:
        setting = self.settings[peer]
        options = setting.options | (setting.asking if "k" in task else {})
        about = {"module": setting.module, "options": options, "encoder": encoder}
        print(f"{peer}: {folder.parent.name}, {'asking' if 'k' in task else 'adding'} ...", file=sys.stderr)
        with TemporaryDirectory(prefix="citewise-peer-") as work:
            job, result = Path(work, "job.json"), Path(work, "result.json")
            told = about | task | {"folder": str(folder), "cache": str(self.cache)}
            job.write_text(json.dumps(told), encoding="utf-8")
            try:
                python = python_of(setting.environment, self.cache)
                command = [python, "-m", "benchmarks.peers.worker", job, result]
                variables = os.environ | OFFLINE | {"PYTHONPATH": str(REPOSITORY)}
                done = subprocess.run(
                    command,
                    cwd=work,
                    env=variables,
                    timeout=self.patience,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    check=False,
                )
            except UnavailableError as error:
                return str(error)
            except subprocess.TimeoutExpired:
                return f"not done after {self.patience / 60:.0f} minutes"
            if done.returncode:
                print(done.stderr[-3000:], file=sys.stderr)
                return last_error(done.stderr)
            return json.loads(result.read_text(encoding="utf-8"))

    def _folder(self, peer: str, given: Given, encoder: str) -> Path:
        """Return the folder of a library, named after all that decides what it holds."""
        setting = self.settings[peer]
        about = {"module": setting.module, "environment": setting.environment, "options": setting.options}
        made = sha256(json.dumps([about, encoder, [str(f) for f in given.folders]]).encode())
        files = [given.texts, HERE / f"{setting.module}.py"]
        for file in files + ([HERE / f"{setting.environment}.txt"] if setting.environment else []):
            made.update(file.read_bytes() if file.is_file() else b"")
        if setting.environment is None:
            made.update(code_key().encode())
        name = f"{setting.module.removeprefix('peer_')}-{given.texts.stem}-{made.hexdigest()[:12]}"
        return self.cache / "libraries" / name
