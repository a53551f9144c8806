"""
draft - the configuration that a translation makes, with the place that each line comes from

A line that Empath refuses is taken out again, and told: what is left can always be read.
"""

import re
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Final

from empath.config.load import parse_config
from empath.errors import ConfigError

_WHERE: Final = re.compile(r":(\d+): (.*)")
_HEADER: Final = re.compile(r"(\w+)(#\d+)?(.*)", re.DOTALL)
_IN_LIST: Final = re.compile(r"\w+#\d+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# The order of the tables in the file; those of one kind stay in the order in which they were made.
_ORDER: Final = (
    "", "queue", "process", "listener", "milter", "tls", "relay", "auth", "recipients", "aliases", "routes",
    "sender_routes", "credentials", "pipes", "sources", "destinations", "delivery", "retry", "receiving", "dnsbl",
    "greylist", "srs", "dns", "pickup", "log",
)  # fmt: skip
_MOST_ROUNDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a person must know. Shape: place is `file:line`, name that of a setting."""

    place: str
    name: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.name}: {self.words}"


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    value: Any
    place: str
    name: str


@dataclass(slots=True)
class Draft:
    """
    A configuration in the making.

    Shape: told are keys, in their order. tables by their header without brackets; a table of a list (`[[listener]]`)
    has `listener#N`, and a table in it `listener#N.authentication`. files are further files, by their names beside it,
    and secrets those that only their owner may read.
    """

    told: dict[Told, None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    needless: list[Told] = field(default_factory=list)
    _tables: dict[str, dict[str, _Line]] = field(default_factory=dict)

    def set(self, table: str, key: str, value: Any, place: str, name: str = "") -> None:
        """Set one key; the first value of a key stays."""
        self._tables.setdefault(table, {}).setdefault(key, _Line(key, value, place, name))

    def has(self, table: str, key: str) -> bool:
        """Whether it is set."""
        return key in self._tables.get(table, {})

    def tables(self, kind: str) -> list[str]:
        """The names of the tables of one kind, such as `listener`."""
        return [each for each in self._tables if each.startswith(f"{kind}#") and "." not in each]

    def keys(self, table: str) -> list[str]:
        """The keys of one table."""
        return [*self._tables.get(table, {})]

    def value(self, table: str, key: str) -> Any:
        """The value, or None."""
        line = self._tables.get(table, {}).get(key)
        return line and line.value

    def tell(self, place: str, name: str, words: str) -> None:
        """Tell what cannot be translated, once."""
        self.told.setdefault(Told(place, name, words))

    def text(self, head: str, directory: str) -> str:
        """The file, which `parse_config` reads without a mistake; *directory* is where it will be."""
        for _ in range(_MOST_ROUNDS):
            written = self._written(head)
            text = "\n".join(line for line, _ in written) + "\n"
            try:
                parse_config(text.encode(), "empath.toml", directory)
            except ConfigError as exc:
                if not self._leave_out(written, str(exc)):
                    reasons = [str(each) for each in self.told if "Empath refuses" in each.words]
                    raise ConfigError("\n".join((*reasons, str(exc)))) from exc
            else:
                return text
        raise ConfigError("too many settings have values that Empath refuses")

    def _leave_out(self, written: list[tuple[str, tuple[str, str] | None]], mistakes: str) -> bool:
        """Take out what the lines of *mistakes* name; whether there was something."""
        is_less = False
        for mistake in mistakes.splitlines():
            found = _WHERE.search(mistake)
            where = written[int(found[1]) - 1][1] if found else None
            if found is None or where is None:
                continue
            table, key = where
            if key and key not in self._tables.get(table, {}):
                continue  # an earlier mistake has taken it
            gone = [self._tables[table].pop(key)] if key else [*self._tables.pop(table, {}).values()]
            for line in gone[:1]:
                self.tell(line.place, line.name or line.key, f"Empath refuses the value: {found[2]}")
            if table == "tls":
                self._speak_in_the_clear()
            is_less |= bool(gone)
        return is_less

    def _speak_in_the_clear(self) -> None:
        """Without a certificate no listener has TLS, and no login outside of the role for users."""
        for name in self.tables("listener"):
            self._tables[name].pop("tls", None)
            self._tables[name].pop("auth", None)

    def _written(self, head: str) -> list[tuple[str, tuple[str, str] | None]]:
        """Each line of the file, with its table and key."""
        lines: list[tuple[str, tuple[str, str] | None]] = [(line, None) for line in head.splitlines()]
        numbers = {name: number for number, name in enumerate(self._tables)}
        for table in sorted(numbers, key=lambda each: self._rank(numbers, each)):
            if not self._tables[table]:
                continue
            lines.append(("", None))
            if table:
                kind, number, below = _HEADER.fullmatch(table).groups()  # type: ignore[union-attr]
                header = f"[[{kind}]]" if number and not below else f"[{kind}{below}]"
                lines.append((header, (table, "")))
            lines += [(_written_line(line), (table, key)) for key, line in self._tables[table].items()]
        return lines

    @staticmethod
    def _rank(numbers: dict[str, int], table: str) -> tuple[int, int, int]:
        """A table in another one of a list follows it."""
        above = table.partition(".")[0] if _IN_LIST.match(table) else table
        return _ORDER.index(re.split(r"[.#]", table)[0]), numbers[above], numbers[table]


def quoted(key: str) -> str:
    """A key as TOML has it."""
    return key if _BARE.fullmatch(key) else _text(key)


def _text(value: Any) -> str:
    """A value as TOML has it; of what JSON leaves as it is, TOML wants DEL escaped."""
    return dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _written_line(line: _Line) -> str:
    value = _text(line.value)
    origin = f"  # {line.place} {line.name}".rstrip() if line.place else ""
    return f"{quoted(line.key)} = {value}{''.join(each if each.isprintable() else '?' for each in origin)}"
