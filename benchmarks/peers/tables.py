"""Print what was measured as Markdown; a peer that failed stays in its place, with the reason."""

from collections.abc import Sequence
from typing import Any

FIGURES = {
    "added a second": "added, passages/s",
    "added a processor second": "per processor s",
    "median ms": "question, median ms",
    "p95 ms": "p95 ms",
    "memory MB": "memory, MB",
    "disk MB": "on disk, MB",
    "pieces": "pieces",
}
FAILED = "fails"


def recall_table(found: dict[str, dict[str, Any]], peers: Sequence[str]) -> str:
    """Return a row for each set, recall@1 / @5 / @10 for each peer, the best @5 in bold; then why any failed."""
    rows = [["recall@1 / @5 / @10", "questions", *peers]]
    for name, figures in found.items():
        best = max((f[1] for f in figures.values() if isinstance(f, list)), default=None)
        rows.append([name, str(figures["questions"]), *(_recalls(figures[peer], best) for peer in peers)])
    why = {peer: figures[peer] for figures in found.values() for peer in peers if isinstance(figures[peer], str)}
    return _table(rows) + "".join(f"\n\n{peer} {FAILED}: {reason}" for peer, reason in why.items())


def _recalls(figures: list[float] | str, best: float | None) -> str:
    if isinstance(figures, str):
        return FAILED
    one, five, ten = (f"{figure:.3f}" for figure in figures)
    return f"{one} / {f'**{five}**' if figures[1] == best else five} / {ten}"


def size_table(figures: dict[int, dict[str, Any]], peers: Sequence[str]) -> str:
    """Return a row for each peer, with a figure for each size in a cell; then why any failed."""
    sizes = " / ".join(f"{size:,}" for size in figures)
    rows = [[sizes, *FIGURES.values()]]
    rows += [
        [peer, *(" / ".join(_figure(of[peer], name) for of in figures.values()) for name in FIGURES)] for peer in peers
    ]
    why = [(peer, size, of[peer]) for size, of in figures.items() for peer in peers if isinstance(of[peer], str)]
    return _table(rows) + "".join(f"\n\n{peer} {FAILED} at {size:,} passages: {reason}" for peer, size, reason in why)


def _figure(figures: dict[str, float | None] | str, name: str) -> str:
    if isinstance(figures, str):
        return FAILED
    value = figures[name]
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    lines = [head, ["---", *("---:" for _ in head[1:])], *others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
