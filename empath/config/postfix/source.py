"""
source - main.cf, master.cf and the tables that they name, as Postfix reads them

A logical line ends where the next one does not begin with a blank (postconf(5)).  A later setting of a name replaces an
earlier one.  Values name others as `$name`, `${name}`, `${name?text}`, `${name:text}` and `${name?{text}:{text}}`.
What is read is bounded, and a value that names itself ends.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

Read = Callable[[str], str | None]  # the text of the file at a path of the configuration; None if it cannot be read

_BLANK: Final = re.compile(r"[,\s]+")
_NAME: Final = re.compile(r"\$(?:(\w+)|\{\s*(\w+)\s*(?:([?:])([^{}]*))?\}|\((\w+)\))")
_CHOICE: Final = re.compile(r"\$\{\s*(\w+)\s*\?\s*\{([^{}]*)\}(?:\s*:\s*\{([^{}]*)\})?\s*\}")
_DEPTH: Final = 10
_MOST_NAMES: Final = 1000
_LONGEST: Final = 65_536
_IN_MEMORY: Final = ("inline", "static")
_TEXT: Final = ("hash", "btree", "lmdb", "cdb", "dbm", "texthash", "sdbm")
PATTERNS: Final = ("regexp", "pcre", "cidr")
# What Postfix 3.7 takes where main.cf says nothing, of the settings that are read here.
DEFAULTS: Final = {
    "alias_maps": "hash:/etc/aliases",
    "default_transport": "smtp",
    "inet_interfaces": "all",
    "inet_protocols": "all",
    "local_transport": "local:$myhostname",
    "mydestination": "$myhostname, localhost.$mydomain, localhost",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "myorigin": "$myhostname",
    "queue_directory": "/var/spool/postfix",
    "relay_transport": "relay",
    "virtual_alias_domains": "$virtual_alias_maps",
    "virtual_transport": "virtual",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line. Shape: place is `file:line`, of its first line."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of main.cf, or of `-o` in master.cf."""

    name: str
    value: str
    place: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service of master.cf. Shape: kind is `inet`, `unix` …; words are the program and its arguments."""

    name: str
    kind: str
    words: tuple[str, ...]
    options: Mapping[str, Setting]
    place: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a table."""

    key: str
    value: str
    place: str


def lines(text: str, file: str) -> Iterator[Line]:
    """The logical lines of *text*, without comments."""
    place, parts = "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and parts:
            parts.append(line.strip())
            continue
        if parts:
            yield Line(place, " ".join(parts))
        place, parts = f"{file}:{number}", [line.strip()]
    if parts:
        yield Line(place, " ".join(parts))


def split(text: str) -> list[str]:
    """The words of a list, with commas or blanks between them; `{ … }` is one word."""
    words, depth, word = list[str](), 0, list[str]()
    for sign in text:
        depth += (sign == "{") - (sign == "}" and depth > 0)
        if depth == 0 and (sign.isspace() or sign == ","):
            words.append("".join(word))
            word.clear()
        else:
            word.append(sign)
    return [each for each in (*words, "".join(word)) if each]


def _settings(text: str, file: str) -> Iterator[Setting | Line]:
    for line in lines(text, file):
        name, equals, value = line.text.partition("=")
        if equals and re.fullmatch(r"\w+", name.strip()):
            yield Setting(name.strip(), value.strip(), line.place)
        else:
            yield line


def _services(text: str, file: str) -> Iterator[Service]:
    for line in lines(text, file):
        fields = line.text.split(None, 7)
        if len(fields) < 8:
            continue
        words, options = list[str](), dict[str, Setting]()
        rest = iter(split(fields[7].replace(",", "\0")))
        for word in (each.replace("\0", ",") for each in rest):
            if word.startswith("-o") and (pair := word[2:] or next(rest, "").replace("\0", ",")):
                name, _, value = pair.strip("{} ").partition("=")
                options[name.strip()] = Setting(name.strip(), value.strip(), line.place)
            else:
                words.append(word)
        yield Service(fields[0], fields[1], tuple(words), options, line.place)


@dataclass(slots=True)
class Postfix:
    """
    A configuration of Postfix.

    Shape: odd are lines of main.cf that are no setting; told collects what cannot be read, as place, name and words;
    seen has the names that were asked for.
    """

    settings: dict[str, Setting]
    services: list[Service]
    read: Read
    hostname: str
    odd: list[Line] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, main: str, master: str, read: Read, hostname: str) -> "Postfix":
        """*hostname* is that of the machine, for a file that does not say it."""
        found = [*_settings(main, "main.cf")]
        settings = {each.name: each for each in found if isinstance(each, Setting)}
        odd = [each for each in found if isinstance(each, Line)]
        return cls(settings, [*_services(master, "master.cf")], read, hostname, odd)

    def is_set(self, name: str) -> bool:
        """Whether main.cf has it, with a value."""
        self.seen.add(name)
        return name in self.settings and bool(self.settings[name].value)

    def place(self, name: str) -> str:
        """Where *name* is set; `main.cf` if it is not."""
        return self.settings[name].place if name in self.settings else "main.cf"

    def value(self, name: str, options: Mapping[str, Setting] | None = None) -> str:
        """The value of *name*, with what it names in the place of names; *options* go before main.cf."""
        self.seen.add(name)
        return self._expanded(self._plain(name, options or {}), options or {}).strip()

    def is_yes(self, name: str, options: Mapping[str, Setting] | None = None) -> bool:
        """Whether it is `yes`."""
        return self.value(name, options).lower() == "yes"

    def words(self, name: str, options: Mapping[str, Setting] | None = None) -> list[str]:
        """The words of a list."""
        return split(self.value(name, options))

    def _plain(self, name: str, options: Mapping[str, Setting]) -> str:
        if name in options:
            return options[name].value
        if name in self.settings:
            return self.settings[name].value
        if name == "myhostname":
            return self.hostname
        if name == "mydomain":
            host = self._plain("myhostname", options)  # which does not name its own domain
            return ("" if "$" in host else host.partition(".")[2]) or "localdomain"
        return DEFAULTS.get(name, "")

    def _expanded(self, text: str, options: Mapping[str, Setting]) -> str:
        """*text* with values in the place of names, as long as they are not too many."""
        left, room = _MOST_NAMES, _LONGEST

        def named(found: re.Match[str]) -> str:
            nonlocal left, room
            left -= 1
            if left < 0:
                return ""
            name = found[1] or found[2] or found[5]
            value = self._plain(name, options)
            if found[3]:
                value = found[4] if bool(value) == (found[3] == "?") else ""
            room -= len(value)
            return value if room >= 0 else ""

        def chosen(found: re.Match[str]) -> str:
            return found[2 if self._plain(found[1], options) else 3] or ""

        for _ in range(_DEPTH):
            if left < 0 or room < 0 or len(text) > _LONGEST:
                return ""
            text = _NAME.sub(named, _CHOICE.sub(chosen, text))
        return _NAME.sub("", text)

    def table(self, text: str, name: str, kinds: tuple[str, ...] = ()) -> list[Row]:
        """
        The entries of one table as main.cf names it, such as `hash:/etc/postfix/transport`. One that cannot be read is
        told.

        Args:
            text: kind and path.
            name: the setting that names it.
            kinds: kinds beyond plain text whose entries the caller understands, of PATTERNS.
        """
        kind, colon, path = text.removeprefix("proxy:").partition(":")
        if not colon:
            kind, path = "texthash", kind
        if kind in _IN_MEMORY:
            entries = [f"* = {path}"] if kind == "static" else split(path.strip().removeprefix("{").removesuffix("}"))
            pairs = [each.strip("{} ").partition("=") for each in entries]
            return [Row(key.strip(), value.strip(), self.place(name)) for key, _, value in pairs]
        if kind not in (*_TEXT, *kinds):
            words = f"{text}: a table of patterns has no counterpart" if kind in PATTERNS else (
                f"{text}: only tables that are text can be read; write its entries into a text file (hash:)"
            )  # fmt: skip
            self.told.append((self.place(name), name, words))
            return []
        content = self.read(path)
        if content is None:
            self.told.append((self.place(name), name, f"{path} is not beside main.cf, or cannot be read"))
            return []
        file = path.rpartition("/")[2]
        return [Row(*_entry(line.text, file == "aliases"), line.place) for line in lines(content, file)]

    def tables(self, name: str, kinds: tuple[str, ...] = ()) -> list[Row]:
        """The entries of all tables that the setting *name* has."""
        return [row for each in self.words(name) for row in self.table(each, name, kinds)]

    def listed(self, name: str) -> list[Row]:
        """The entries of a list such as relay_domains: words, the lines of files, and the keys of tables."""
        found: list[Row] = []
        for word in self.words(name):
            if word.startswith("/"):
                content = self.read(word)
                if content is None:
                    self.told.append((self.place(name), name, f"{word} is not beside main.cf, or cannot be read"))
                for line in lines(content or "", word.rpartition("/")[2]):
                    found += [Row(each, "", line.place) for each in split(line.text)]
            elif re.match(r"[a-z]+:(?!:)", word) and not word.startswith("["):
                found += self.table(word, name, ("cidr",) if name == "mynetworks" else ())
            else:
                found.append(Row(word, "", self.place(name)))
        return found


def _entry(text: str, is_alias_file: bool) -> tuple[str, str]:
    if is_alias_file and ":" in text:
        key, _, value = text.partition(":")
        return key.strip().strip('"'), value.strip()
    key, *rest = text.split(None, 1)
    return key, rest[0].strip() if rest else ""
