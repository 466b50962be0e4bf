"""An environment for each peer, made with venv and pip as its requirements file says, and kept."""

import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).parent
OFFLINE = {
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "DO_NOT_TRACK": "1",
    "TIKTOKEN_CACHE_DIR": str(
        Path(str(distribution("llama-index-core").locate_file("llama_index/core/_static/tiktoken_cache")))
    ),  # llama-index brings the files that haiku.rag's splitter would download
}
"""Variables that keep the peers' libraries from asking the network, each after its own documentation."""


class UnavailableError(Exception):
    """A peer that cannot be measured here, with the reason in one line."""


def python_of(name: str | None, cache: Path) -> Path:
    """Return the Python of the environment that `NAME.txt` describes, made where it is not there; None is this one.

    Raises:
        UnavailableError: pip could not install what the peer needs.
    """
    if name is None:
        return Path(sys.executable)
    requirements, folder = HERE / f"{name}.txt", cache / "environments" / name
    python, ready = folder / "bin" / "python", folder / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not ready.is_file() or ready.read_text(encoding="utf-8") != wanted:
        print(f"{name}: installing ...", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
        done = subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"could not be installed: {last_error(done.stderr)}")
        ready.write_text(wanted, encoding="utf-8")
    return python


def last_error(output: str) -> str:
    """Return the line of a failed program's output that says why."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
    return errors[0] if errors else "it said nothing"
