"""
report - tables for people, as Markdown for use in a document, and the same as JSON

Every cell has the least, the median and the greatest of the repeats.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .floors import Verdict
from .plan import METRICS
from .rounds import Results


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """(least, median, greatest) of at least one value."""
    return min(values), statistics.median(values), max(values)


def figure(value: float) -> str:
    """A number with about three significant digits, and never an exponent."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def cell(values: Sequence[float]) -> str:
    """The text of one cell, the median in bold; "-" without a value."""
    if not values:
        return "-"
    least, median, greatest = map(figure, spread(values))
    return f"{least} / **{median}** / {greatest}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns are aligned for reading as plain text too."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def results_text(results: Results, pair: tuple[str, str] | None) -> str:
    """
    A table for each scenario: a row for each server, then one with the ratios of *pair*, ours to theirs.
    """
    parts = []
    for scenario, samples in results.samples.items():
        metrics = [metric for metric in METRICS if any(results.figures(scenario, server, metric) for server in samples)]
        if not metrics:
            continue
        rows = [
            [server, *(cell(results.figures(scenario, server, metric)) for metric in metrics)] for server in samples
        ]
        if pair and all(samples.get(server) for server in pair):
            ratios = [
                "-" if metric == "others" else cell(results.ratios(scenario, *pair, metric)) for metric in metrics
            ]
            rows.append(["ratio", *ratios])
        heads = ["server", *(METRICS[metric][0] for metric in metrics)]
        notes = [f"- {note}" for each in samples.values() for note in (each[-1].notes if each else [])]
        parts.append("\n".join([f"### {scenario}", "", table(heads, rows), *([""] if notes else []), *notes]))
    return "\n\n".join(parts)


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """The floors, a row each."""
    rows = [
        [verdict.scenario, verdict.what, figure(verdict.measured), verdict.floor, "pass" if verdict.is_met else "FAIL"]
        for verdict in verdicts
    ]
    return table(["scenario", "what", "measured", "floor", ""], rows)


def pairs_text(pairs: Mapping[str, str]) -> str:
    """Names and values, a line each."""
    return "\n".join(f"- {name}: {value}" for name, value in pairs.items())


def results_json(results: Results, pair: tuple[str, str] | None) -> dict[str, Any]:
    """
    Shape: `cells` scenario -> server -> metric -> [least, median, greatest], `ratios` scenario -> metric -> the same,
    `notes` scenario -> lines, `failures` lines.
    """
    cells: dict[str, Any] = {}
    ratios: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    for scenario, samples in results.samples.items():
        cells[scenario] = {
            server: {
                metric: spread(values) for metric in METRICS if (values := results.figures(scenario, server, metric))
            }
            for server in samples
        }
        notes[scenario] = [note for each in samples.values() for note in (each[-1].notes if each else [])]
        if pair:
            found = {metric: results.ratios(scenario, *pair, metric) for metric in METRICS if metric != "others"}
            ratios[scenario] = {metric: spread(values) for metric, values in found.items() if values}
    return {"cells": cells, "ratios": ratios, "notes": notes, "failures": results.failures}
