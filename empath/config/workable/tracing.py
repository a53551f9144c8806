"""
tracing - what keeps [tracing] from being used on this machine
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from empath.config.model import Config
from empath.config.places import Account, obstacle_to_file
from empath.config.tables.tracing import Tracing
from empath.config.workable.contradiction import Contradiction
from empath.errors import SyntaxViolation
from empath.mail.url import is_private, parse_url
from empath.policy.tracing.headers import parse_headers

_GRPC_PORT: Final = 4317
_HTTP_PORT: Final = 4318
MISSING = "the package opentelemetry-proto is not installed; `pip install empath-mta[otlp]` does that"


def unusable_tracing(config: Config) -> Iterator[Contradiction]:
    """The settings of [tracing] that cannot work."""
    tracing = config.tracing
    if not tracing.is_on:
        return
    if not has_package():
        yield Contradiction(("tracing", "endpoint"), MISSING)
    account = Account.find(config.process.user)
    for key, file in (("headers_file", tracing.headers_file), ("ca_file", tracing.ca_file)):
        if file is not None and account is not None and (words := obstacle_to_file(file, account)):
            yield Contradiction(("tracing", key), words)
        elif key == "headers_file" and file is not None:
            try:
                parse_headers(file.read_bytes())
            except SyntaxViolation as exc:
                yield Contradiction(("tracing", key), f"{file} {exc}")
            except OSError:
                pass  # this user may not read it, and that of the processes may


def doubtful_tracing(config: Config) -> Iterator[Contradiction]:
    """Settings that work, but hardly as they are meant."""
    tracing = config.tracing
    if not tracing.is_on:
        if tracing != Tracing():  # `check --print` prints the defaults, too
            yield Contradiction(("tracing",), "nothing is traced without an endpoint", is_warning=True)
        return
    url = parse_url(tracing.url)
    if url.port == _GRPC_PORT:
        words = f"collectors take gRPC at port {_GRPC_PORT}, which Empath does not speak, and HTTP at port {_HTTP_PORT}"
        yield Contradiction(("tracing", "endpoint"), words, is_warning=True)
    if not is_private(url):
        words = "senders and clients go to the collector in the clear; use https://, or a collector on this host"
        yield Contradiction(("tracing", "endpoint"), words, is_warning=True)


def has_package() -> bool:
    """Whether what makes requests of OTLP is installed."""
    try:
        return find_spec("opentelemetry.proto.collector.trace.v1") is not None
    except ImportError:
        return False
