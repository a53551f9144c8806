"""
test_architecture - check the layers of CONTRIBUTING.md

Reads every module under empath/ as a syntax tree and imports nothing. Run it from the repository root.
"""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "empath"
FILES = sorted(PACKAGE.rglob("*.py"))

PURE = {"mail", "errors", "smtp", "message", "policy", "authentication"}
MAY_IMPORT = {  # package -> packages below it, and packages of its own layer where the layer table says so
    "errors": set(),
    "mail": {"errors"},
    "smtp": {"errors", "mail"},
    "message": {"errors", "mail"},
    "policy": {"errors", "mail", "smtp", "message"},
    "authentication": {"errors", "mail", "message"},
    "storage": PURE,
    "net": PURE,
    "config": PURE,
    "telemetry": PURE,
    "modules": PURE,
    "daemon": PURE | {"storage", "net", "config", "telemetry", "modules", "__version__"},
    "http": PURE | {"storage", "net", "config", "telemetry", "modules", "__version__"},
    "cli": PURE
    | {"storage", "net", "config", "telemetry", "modules", "daemon.supervisor", "__version__"}
    | {"daemon.process.certificates", "daemon.process.client_access", "daemon.process.modules"}
    | {
        "daemon.process.next_hop_files",
        "daemon.process.health",
        "daemon.process.judgement",
        "daemon.process.own_queue",
        "daemon.process.slots",
        "daemon.process.signing",
        "daemon.process.secrets",
        "daemon.process.trace_sockets",
        "daemon.process.domain_reports",
    },
    "__init__": set(),
}
# The supervisor is plain Python: its children patch, it never does. It knows only the contract of the others.
SUPERVISOR_MAY_IMPORT = {
    "errors",
    "mail",
    "policy",
    "config",
    "telemetry",
    "daemon.supervisor",
    "daemon.process.child",
    "daemon.process.fork_request",
    "daemon.process.log_server",
    "daemon.process.open_counts",
    "daemon.process.reload_outcome",
    "daemon.process.slots",
    "daemon.process.state_line",
    "daemon.process.tls_files",
    "__version__",
}

CONTRACT = tuple(  # modules that the supervisor imports, too
    f"daemon/process/{name}.py" for name in ("child", "fork_request", "log_server", "tls_files")
)

ONLY_IN = {  # outside module -> where it may be named: a package, or one file
    "apsw": {"storage/sqlite"},
    "click": {"cli"},
    "cryptography": {
        "cli/admin/dkim_keys.py",
        "cli/self_signed.py",
        "policy/certificate_path.py",
        "authentication/key_record.py",
        "authentication/signing_key.py",
    },
    "dns": {"net"},
    "falcon": {"daemon/httpd"},
    "gevent": {"daemon", "net"},
    "idna": {"mail/domain.py"},
    "jinja2": {"daemon/httpd/console/layout.py"},
    "logging": {"daemon/publisher/nats_sink.py"},  # which silences a library
    "amqp": {"daemon/publisher/amqp_sink.py"},
    "botocore": {"daemon/publisher/s3_sink.py"},
    "confluent_kafka": {"daemon/publisher/kafka_sink.py"},
    "nats": {"daemon/publisher/nats_sink.py"},
    "opentelemetry": {"telemetry/tracing/otlp.py", "telemetry/otlp_logs.py"},
    "orjson": {"authentication/findings.py", "storage", "telemetry"},
    "pluggy": {"modules"},
    "prometheus_client": {"daemon/httpd/exposition.py"},
    "psycopg": {"storage/postgresql"},
    "pydantic": {"config", "modules/loading.py", "daemon/httpd/api"},  # a module may have a model of its settings
    "pydantic_core": {"config"},
    "rich": {"cli"},
    "setproctitle": {"daemon"},
    "sqlite3": set(),
    "ssl": {"net"},
    "subprocess": {"daemon/supervisor"},
    "threading": {"storage", "daemon", "telemetry/standard_error.py"},
    "tomllib": {"config"},
}
# Modules with I/O, time, randomness or concurrency, which a pure layer must not have.
NOT_IN_PURE = {
    "asyncio", "concurrent", "fcntl", "gc", "io", "logging", "multiprocessing", "os", "pathlib", "pwd", "queue",
    "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "socketserver", "subprocess", "sys",
    "tempfile", "threading", "time", "uuid",
}  # fmt: skip
NOT_CALLED_IN_PURE = {"open", "print", "input", "now", "utcnow", "today", "urandom"}
NOT_IN_SUPERVISOR = {"gevent", "apsw", "ssl", "threading", "asyncio", "multiprocessing", "dns"}
SQL_VERBS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE FROM ", "PRAGMA ", "CREATE TABLE ", "BEGIN IMMEDIATE")


def _name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def _package(file: Path) -> str:
    return _name(file).partition("/")[0].removesuffix(".py")


@dataclass(slots=True)
class Facts:
    """
    What the rules ask of one module.

    Shape: texts are its string constants except docstrings; called, attributes and names are names without what stands
    before the last point; log_calls are the attributes of `log`.
    """

    imported: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    log_calls: set[str] = field(default_factory=set)


@cache
def _facts(file: Path) -> Facts:
    """One walk for all rules: the tree of the whole package is large."""
    facts = Facts()
    docstrings: set[int] = set()
    for node in ast.walk(_tree(file)):
        match node:
            case ast.ImportFrom():
                assert node.level == 0, f"{_name(file)}: a relative import hides where it points"
                facts.imported += [f"{node.module}.{alias.name}" for alias in node.names]
            case ast.Import():
                facts.imported += [alias.name for alias in node.names]
            case ast.Module() | ast.ClassDef() | ast.FunctionDef():
                if node.body and isinstance(node.body[0], ast.Expr):
                    docstrings.add(id(node.body[0].value))  # the walk comes to it later
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                facts.texts.append(text)
            case ast.Attribute():
                facts.attributes.add(node.attr)
                if isinstance(node.value, ast.Name) and node.value.id == "log":
                    facts.log_calls.add(node.attr)
            case ast.Call(func=ast.Name(name)) | ast.Call(func=ast.Attribute(attr=name)):
                facts.called.add(name)
    return facts


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def _imported(file: Path) -> list[str]:
    return _facts(file).imported


def _is_below(target: str, allowed: set[str]) -> bool:
    return any(target == name or target.startswith(f"{name}.") for name in allowed)


def _strays(files: Iterable[Path], strays_of: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """What each file has against a rule."""
    found = {_name(file): list(strays_of(file)) for file in files}
    return {name: strays for name, strays in found.items() if strays}


def _below(*packages: str) -> list[Path]:
    return [file for file in FILES if _package(file) in packages]


def _within(folder: str) -> list[Path]:
    return [file for file in FILES if _name(file).startswith(folder)]


def test_imports_point_down():
    """
    A layer can be understood, tested and replaced without the layers above it.
    """

    def upwards(file: Path) -> list[str]:
        package = _package(file)
        allowed = MAY_IMPORT[package] | {package}
        if _name(file).startswith("daemon/supervisor/") or _name(file) in CONTRACT:
            allowed = SUPERVISOR_MAY_IMPORT
        targets = [target.removeprefix("empath.") for target in _imported(file) if target.startswith("empath.")]
        return [target for target in targets if not _is_below(target, allowed)]

    assert {} == _strays(FILES, upwards)


def test_the_two_roles_of_smtp_never_import_each_other():
    """
    Shared parts are in mail and smtp/sasl, so that a change of the server cannot break the client.
    """

    def crossing(file: Path) -> list[str]:
        role = _name(file).split("/")[1]
        others = {"server": {"client"}, "client": {"server"}}.get(role, {"server", "client"})
        return [t for t in _imported(file) if _is_below(t, {f"empath.smtp.{name}" for name in others})]

    assert {} == _strays(_below("smtp"), crossing)


def test_outside_modules_stay_at_home():
    """
    A library that is named in one place can be replaced in one place.
    """

    def abroad(file: Path) -> list[str]:
        name = _name(file)
        return [
            target
            for target in _imported(file)
            for home in [ONLY_IN.get(target.partition(".")[0])]
            if home is not None and not any(name == place or name.startswith(f"{place}/") for place in home)
        ]

    assert {} == _strays(FILES, abroad)


def test_pure_layers_do_no_io_and_read_no_clock():
    """
    Instants and randomness are arguments, so that every test of these layers is exact and fast.
    """

    def impure(file: Path) -> list[str]:
        imported = [target for target in _imported(file) if target.partition(".")[0] in NOT_IN_PURE]
        return imported + sorted(_facts(file).called & NOT_CALLED_IN_PURE)

    assert {} == _strays(_below(*PURE), impure)


def test_the_supervisor_is_plain_python():
    """
    It may run as root for months: no event loop, no database, no TLS, no threads.
    """
    files = [*_within("daemon/supervisor/"), *(PACKAGE / name for name in CONTRACT)]
    assert {} == _strays(files, lambda file: [t for t in _imported(file) if t.partition(".")[0] in NOT_IN_SUPERVISOR])


def test_sql_is_named_in_sql_files_only():
    """
    sql/ documents the transaction, index and units of each statement; daemons and commands contain no SQL.
    """
    files = [file for file in FILES if _package(file) != "storage"]
    assert {} == _strays(files, lambda file: [t for t in _facts(file).texts if t.lstrip().startswith(SQL_VERBS)])


def test_only_one_place_knows_which_engine_keeps_a_queue():
    """
    A second engine is then a second folder: all other code knows storage/engine.py.
    """
    others = [file for file in FILES if not _name(file).startswith(("storage/sqlite/", "storage/open.py"))]
    assert {} == _strays(others, lambda file: [t for t in _imported(file) if t.startswith("empath.storage.sqlite")])


def test_commands_open_no_sockets():
    """
    Only the supervisor binds, so that listeners are known in one place.
    """
    sockets = {"socket", "_socket"}
    assert {} == _strays(_below("cli"), lambda file: [t for t in _imported(file) if t.partition(".")[0] in sockets])


RECEIVES_BY_HTTP = {
    "daemon/httpd/__main__.py", "daemon/httpd/injection/injector.py", "daemon/httpd/injection/make.py"
}  # fmt: skip


def test_programs_share_daemon_process_and_nothing_else():
    """
    A program can be read, changed and replaced without the others. But mail that comes by HTTP is received by the code
    of the acceptor: see docs/adr/0051-mail-by-http.md.
    """

    def others(file: Path) -> list[str]:
        own = _name(file).split("/")[1]
        targets = [target for target in _imported(file) if target.startswith("empath.daemon.")]
        if _name(file) == "daemon/template/__main__.py":  # loads them all
            targets = [target for target in targets if not target.endswith(".__main__")]
        shared = {own, "process", *({"acceptor"} if _name(file) in RECEIVES_BY_HTTP else ())}
        return [target for target in targets if target.split(".")[2] not in shared]

    assert {} == _strays(_within("daemon/"), others)


_LOG_KEEPERS = ("resources", "loop", "serve")


def test_programs_report_occurrences_and_write_no_lines():
    """
    A program reports a typed value. Only the subscriber, and the frame of each process, know the log.
    """
    may_configure = {
        "daemon/process/run_child.py",
        "daemon/process/runtime.py",
        *(f"daemon/supervisor/{name}.py" for name in _LOG_KEEPERS),
    }
    log = {"empath.telemetry.log", "empath.telemetry.render"}

    def writing(file: Path) -> list[str]:
        imported = [target for target in _imported(file) if _is_below(target, log)]
        used = _facts(file).log_calls - {"configure", "await_file", "set_level", "set_levels", "trace_by", "reopen"}
        used -= {"flush", "close", "is_astray", "is_waiting"}
        return ([] if _name(file) in may_configure else imported) + sorted(used)

    assert {} == _strays([file for file in FILES if _package(file) != "telemetry"], writing)


def test_every_package_has_its_layer():
    """
    A new package gets its layer before its first line.
    """
    assert set() == {_package(file) for file in FILES} - MAY_IMPORT.keys()


@pytest.mark.parametrize("kind", ["acceptor", "worker", "housekeeper", "template"])
def test_a_child_patches_before_anything_else(kind):
    """
    A name bound before the patch stays blocking, and would stop every greenlet of the process.
    """
    body = _tree(PACKAGE / "daemon" / kind / "__main__.py").body
    first, second = [ast.unparse(node) for node in body if not _is_docstring(node)][:2]
    assert ["from empath.daemon.process.patching import patch_all", "patch_all()"] == [first, second]


def test_every_setting_is_read():
    """
    One that nothing reads is documented, and does nothing. A name is read where it is an attribute or a whole text.
    """
    read = set[str]().union(*(_facts(file).attributes.union(_facts(file).texts) for file in FILES))
    unread = []
    for file in _within("config/tables/"):
        classes = [node for node in _tree(file).body if isinstance(node, ast.ClassDef)]
        declared = [node for each in classes for node in each.body if isinstance(node, ast.AnnAssign)]
        declared = [node for node in declared if ast.unparse(node.annotation) != "ClassVar"]
        names = [node.target.id for node in declared if isinstance(node.target, ast.Name)]
        unread += [name for name in names if name not in read]
    assert [] == unread


def test_the_sql_of_a_checkout_is_that_of_the_package():
    """
    A symlink, so that checkout, editable install, wheel and sdist all find the same files.
    """
    assert (ROOT / "sql").resolve() == (PACKAGE / "sql").resolve()


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
