"""
events - the tables of docs/logging.md, from the occurrences

A field with the same text in all events is in the table of shared fields. Any other field is explained in the row of
its event.
"""

from collections import defaultdict
from types import ModuleType
from typing import Final, get_type_hints

from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences import acceptor, housekeeper, httpd, process, publisher, supervisor, worker

_GROUPS: Final[dict[str, ModuleType]] = {
    "Supervisor": supervisor,
    "Every process": process,
    "Acceptor": acceptor,
    "Worker": worker,
    "Housekeeper": housekeeper,
    "Httpd": httpd,
    "Publisher": publisher,
}


def occurrences() -> dict[str, tuple[type[Occurrence], ...]]:
    """All occurrences, by the group of processes that reports them."""
    return {group: tuple(_defined_in(module)) for group, module in _GROUPS.items()}


def names() -> frozenset[str]:
    """All event names."""
    return frozenset(kind.event for kinds in occurrences().values() for kind in kinds)


def field_texts(kind: type[Occurrence]) -> dict[str, str]:
    """The meaning of each field of *kind*, in the order of the line; empty if its annotation has no text."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: next(iter(getattr(hints[name], "__metadata__", ())), "") for name in kind.field_names}


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    return {"events": _tables()}


def _tables() -> str:
    """All occurrences as Markdown: their shared fields, then one table of events per group of processes."""
    shared = _shared_fields()
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in sorted(shared.items()))
    parts = [f"### Fields that mean the same in every event\n\n| field | meaning |\n|---|---|\n{rows}\n"]
    for group, kinds in occurrences().items():
        rows = "\n".join(_row(kind, shared) for kind in kinds)
        parts.append(f"### {group}\n\n| event | level | meaning | fields |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts).rstrip()


def _defined_in(module: ModuleType) -> list[type[Occurrence]]:
    kinds = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Occurrence)]
    return [kind for kind in kinds if kind.__module__ == module.__name__ and hasattr(kind, "event")]


def _shared_fields() -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for kinds in occurrences().values():
        for kind in kinds:
            for name, text in field_texts(kind).items():
                found[name].append(text)
    return {name: texts[0] for name, texts in found.items() if len(texts) > 1 and len(set(texts)) == 1}


def _row(kind: type[Occurrence], shared: dict[str, str]) -> str:
    meaning = " ".join((kind.__doc__ or "").split())
    fields = (f"`{name}`" + ("" if name in shared else f": {text}") for name, text in field_texts(kind).items())
    return f"| `{kind.event}` | {kind.level} | {meaning} | {'; '.join(fields)} |"
