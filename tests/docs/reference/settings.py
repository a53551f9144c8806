"""
settings - conf/empath.toml and docs/configuration.md, written from the definition

The text under each setting is read from the source, because Python does not keep it.
"""

import ast
import functools
import inspect
import json
import textwrap
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from empath.config.model import Config
from empath.config.tables.table import Table, named_table_of, table_of
from empath.policy.destinations.settings import BUILT_IN, SETTINGS
from empath.policy.destinations.settings import Setting as DestinationSetting

_WIDTH = 98

# How to write a value, by the name of its type in the definition. A new type needs an entry.
_KINDS = {
    "Count": "whole number",
    "Rows": "whole number",
    "Standbys": "whole number",
    "RateLimit": "rate",
    "DeliveryRate": "rate",
    "OctetsPerSecond": "size and /s",
    "HostName": "domain name",
    "Selector": "selector",
    "NodeName": "domain name",
    "Mailbox": "address",
    "ConfigPath": "path",
    "Octets": "size",
    "Seconds": "duration",
    "Wait": "duration",
    "Share": "number",
    "Text": "text",
    "OneLine": "text",
    "FileMode": "file mode",
    "MilterAddress": "address of a filter",
    "MilterListener": "list of roles and addresses",
    "ListenAddress": "address and port, or UNIX socket",
    "LogServer": "transport and address",
    "Protocol": "one word",
    "CommandWord": "list of words",
    "Command": "list of text",
    "SecureUrl": "URL",
    "AmqpUrl": "URL",
    "NatsUrl": "URL",
    "Exchange": "text",
    "KafkaMechanism": "one word",
    "BrokerServer": "list of hosts with ports",
    "HttpUrl": "URL",
    "TracingNetwork": "list of networks",
    "Per": "one word",
    "Role": "one word",
    "Literal": "one word",
    "RedactionWay": "one word",
    "int": "whole number",
    "TrustedNetwork": "list of networks",
    "ProxyNetwork": "list of networks",
    "RelayDomain": "list of domains",
    "StsPattern": "list of host names",
    "CertificateName": "list of host names",
    "TlsMode": "one word",
    "Nameserver": "list of addresses",
    "AllowedNetwork": "list of networks",
    "BounceClassName": "list of classes",
    "Component": "list of components",
    "EventType": "list of types",
    "ModuleName": "name of a module",
    "dict": "table",
    "EventParty": "list of addresses and domains",
    "BackendName": "list of back ends",
    "Mechanism": "list of mechanisms",
    "ClientMechanism": "list of mechanisms",
    "OwnHost": "list of names and addresses",
    "SourceEntry": "list of addresses",
    "SourceIp": "address",
    "WarmupProvider": "host or *.domain",
    "WarmupDays": "list of numbers",
    "Instant": "instant",
    "SingleRoute": "route",
    "Routes": "table",
    "SenderRoutes": "table",
    "AccountRoutes": "table",
    "Destinations": "table",
    "Senders": "table",
    "Weights": "table",
    "Modules": "table",
    "RecipientRules": "table",
    "SigningSelectors": "table of lists",
    "str": "text",
    "bool": "true or false",
    "StrictBool": "true or false",
}

# Tables whose keys are patterns: for each the default and an example for the file.
_TABLES = {
    "routes": ('# "*" = "mx"', '# For example:\n# "example.org" = "smtp://127.0.0.1:2526"'),
    "sender_routes": ('# For example:\n# "@shop.example.org" = "smtp://192.0.2.25"',),
    "account_routes": ('# For example:\n# "newsletter" = "smtp://192.0.2.26"',),
    "dnsbl": ('# For example:\n# "zen.example.net" = 2\n# threshold = 3',),
    "modules": ('# For example:\n# "my_package.my_module" = { deadline = "2s", on_failure = "451" }',),
    "recipients": ('# For example:\n# "example.org" = "listed"',),
    "senders": ('# For example:\n# "news@example.org" = { rate = "100/1m burst 20" }',),
    "destinations": ('# For example:\n# "example.org" = { concurrency = 5, retry = "1m 5m*2 1h*3" }',),
}

_TOML_HEAD = """\
Configuration of Empath.
Made from the definition of the settings by `make reference`.

A setting that is commented out shows its default, or an example where it says so.
Durations have units ("90s", "4h", "1h30m", "5d"), sizes too ("256KiB", "50MiB").
Relative paths are relative to the directory of this file."""

_PAGE_HEAD = """\
# Configuration

<!-- Made from empath/config/ by `make reference`. -->

One TOML file holds the whole configuration. `empathd -c FILE` and `empath-admin -c FILE` name it, or the environment
variable `EMPATH_CONFIG` does. [conf/empath.toml](../conf/empath.toml) has every setting with its default;
[SETUPS.md](SETUPS.md) has whole configurations to copy.

The smallest configuration is a name, a postmaster, a queue and a listener:

```toml
hostname = "mx.example.test"
postmaster = "admin@example.test"

[queue]
path = "/var/lib/empath/queue.db"

[[listener]]
address = "127.0.0.1:2525"
```

## Values

- A **duration** is a number with a unit: `"250ms"`, `"90s"`, `"10m"`, `"4h"`, `"5d"`, `"2w"`, or a sum of them such as
  `"1h30m"`.
- A **size** is a number with a unit: `"512B"`, `"256KiB"`, `"50MiB"`, `"1GiB"` (powers of 1024) or `"50MB"` (powers of
  1000).
- A **rate** is a number and a duration: `"100/1m"` is 100 in a minute. As many may come at once; then there is room for
  another one each 0.6 s.
- A **path** that is relative is relative to the directory of the configuration file, wherever the command is started;
  so is the path of a `maildir:` route.
- A **domain pattern** is a domain (`"example.org"`), all names below it (`"*.example.org"`, which does not mean
  example.org itself) or `"*"` for every domain. The most exact pattern counts, whatever the order in the file.
- A **route** is `"mx"` for the hosts that the domain's MX records name, `"smtp://host:port"` for one host without an MX
  look-up (port 25 if none is given; an IPv6 address in brackets), or another kind of
  [DELIVERY.md](DELIVERY.md#1-the-route). A list of routes to hosts gives each its share of the mail: `*3` behind one is
  its weight, `backup` before one keeps it for a time when no other gives a session.

## Mistakes

`empathd check` reads the file and reports every mistake at once, each with its line and key, and exits with code 78:

```
empath.toml:12: receiving.limits.recipients: must be at least 100, not 10
empath.toml:19: delivery.worker: unknown key (did you mean workers?)
```

Some commands need the queue and the pid file only: `empathd status` and `stop`, and `empath-admin` except for `dns`,
`reload` and `stop-listener`. They work as long as `[queue]` and `[process]` have no mistake; other findings are
warnings. `doctor` reports the mistakes, and leaves out what depends on the settings around them.

If the file cannot be read, the exit code is 66. At a reload, a running server keeps its configuration if the new one
has a mistake; otherwise it logs each setting that changed.

`empathd check --effective` prints all settings with their values, including defaults, with absolute paths. The output
is a file that loads to the same configuration. With `--json` it is one JSON object, in which `null` is a setting that
is not set.

## Settings
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One key of a table.

    Shape: default and example are TOML values; at least one is None, both for a table. doc is one line.
    """

    key: str
    kind: str
    doc: str
    default: str | None
    example: str | None
    is_required: bool


@dataclass(frozen=True, slots=True)
class Section:
    """
    One table of the file.

    Shape: key is empty for the keys above all tables; is_named: the operator gives it a name, and there may be none;
    is_optional: a list of them may be empty.
    """

    key: str
    doc: str
    is_list: bool
    settings: tuple[Setting, ...]
    is_named: bool = False
    is_optional: bool = False


@functools.cache
def sections() -> tuple[Section, ...]:
    """The definition, in the order of the file."""
    fields = {field.alias or name: field for name, field in Config.model_fields.items()}
    top = {setting.key: setting for setting in _settings(Config)}
    above = [setting for key, setting in top.items() if key not in _TABLES and not _is_table(fields[key])]
    found = [Section("", "", False, tuple(above))]
    for key, field in fields.items():
        table = table_of(field.annotation)
        named = named_table_of(field.annotation)
        if named is not None and key not in _TABLES:
            doc = " ".join((named.__doc__ or "").split())
            found.append(Section(f'{key}."name"', doc, False, _settings(named), is_named=True))
        elif key in _TABLES:  # a table whose keys the operator chooses
            found.append(Section(key, top[key].doc, False, ()))
        elif table is not None:
            doc = " ".join((table.__doc__ or "").split())
            is_list = table is not field.annotation
            found.append(Section(key, doc, is_list, _settings(table), is_optional=is_list and not field.is_required()))
            found += _inner(key, table)
    return tuple(found)


def _is_table(field: FieldInfo) -> bool:
    return bool(table_of(field.annotation) or named_table_of(field.annotation))


def _inner(key: str, table: type[Table]) -> list[Section]:
    """The tables in *table*. One that has the keys of another says so in its text, and has no rows."""
    found = []
    for name, field in table.model_fields.items():
        inner, named = table_of(field.annotation), named_table_of(field.annotation)
        path = f"{key}.{field.alias or name}"
        if inner is not None:
            doc = " ".join((inner.__doc__ or "").split())
            found.append(Section(path, doc, inner is not field.annotation, _settings(inner)))
        elif named is not None:
            doc = " ".join((named.__doc__ or "").split())
            found.append(Section(f'{path}."name"', doc, False, _settings(named), is_named=True))
    return found


def _settings(table: type[Table]) -> tuple[Setting, ...]:
    above = table.__mro__[1]
    found = list(_settings(above)) if "is_base" in vars(above) else []
    (node,) = ast.parse(inspect.getsource(table)).body
    assert isinstance(node, ast.ClassDef)
    for statement, following in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            if name not in table.model_fields:
                continue
            field = table.model_fields[name]
            if table is Config or not _is_table(field):  # a table in a table is a section of its own
                kind = "table" if _is_table(field) else _kind(statement.annotation)
                found.append(_setting(name, field, kind, _doc(following)))
    return tuple(found)


def _doc(node: ast.stmt) -> str:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return " ".join(node.value.value.split()) if is_text else ""  # type: ignore[attr-defined]


def _kind(annotation: ast.expr) -> str:
    """The reader's word for a type that is not a table."""
    names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    return _KINDS[next(name for name in names if name not in ("tuple", "Annotated"))]


def _setting(name: str, field: FieldInfo, kind: str, doc: str) -> Setting:
    example = json.dumps(field.examples[0]) if field.examples else None
    has_default = not field.is_required() and example is None
    default = json.dumps(field.default, ensure_ascii=False) if has_default else None
    return Setting(field.alias or name, kind, doc, default, example, field.is_required())


def toml_file() -> str:
    """The text of conf/empath.toml."""
    blocks = [_comment(*_TOML_HEAD.splitlines())]
    for section in sections():
        is_optional = False
        if section.key:
            header = f"[[{section.key}]]" if section.is_list else f"[{section.key}]"
            # There may be none.
            is_optional = section.is_named or section.is_optional or (section.is_list and "." in section.key)
            blocks.append(f"{_comment(section.doc)}\n{'# ' * is_optional}{header}")
        blocks.extend(_TABLES.get(section.key, ()))
        blocks.extend(_toml_setting(setting, is_optional=is_optional) for setting in section.settings)
    return "\n\n".join(blocks) + "\n"


def _toml_setting(setting: Setting, *, is_optional: bool) -> str:
    if setting.is_required and is_optional:
        return f"{_comment(setting.doc)}\n# {setting.key} = {setting.example}"
    if setting.is_required:
        return f"{_comment(setting.doc)}\n{setting.key} = {setting.example}"
    if setting.default is None:
        return f"{_comment(setting.doc + ' For example:')}\n# {setting.key} = {setting.example}"
    return f"{_comment(setting.doc)}\n# {setting.key} = {setting.default}"


def _comment(*paragraphs: str) -> str:
    lines = [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, _WIDTH) or [""]]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def page() -> str:
    """The text of docs/configuration.md."""
    blocks = [_PAGE_HEAD]
    for section in sections():
        if section.key:
            title = f"[[{section.key}]]" if section.is_list else f"[{section.key}]"
            blocks.append(f"### `{title}`\n\n{section.doc}\n")
        if section.key == "destinations":
            rows = [_row(setting) for setting in destination_settings()]
            blocks.append("\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""]))
        if section.settings:
            rows = [_row(setting) for setting in section.settings]
            blocks.append("\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""]))
    return "\n".join(blocks)


def destination_settings() -> list[Setting]:
    """What the table of a pattern in [destinations] may have."""
    found = []
    for name, each in SETTINGS.items():
        default, example = getattr(BUILT_IN, name), _in_file(each, each.example)
        text = _in_file(each, each.write(default)) if default not in (None, ()) else None
        found.append(Setting(name, each.kind, each.words, text, None if text else example, is_required=False))
    return found


def _in_file(setting: DestinationSetting, text: str) -> str:
    return json.dumps(text) if setting.kind_in_file == "text" else text


def _row(setting: Setting) -> str:
    if setting.is_required:
        default = f"required, e.g. `{setting.example}`"
    elif setting.default is None:
        default = f"not set, e.g. `{setting.example}`"
    else:
        default = f"`{setting.default}`"
    return f"| `{setting.key}` | {setting.kind} | {default} | {setting.doc} |"
