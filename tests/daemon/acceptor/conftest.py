"""Sessions over real sockets, with a writer that the test controls."""

from types import SimpleNamespace
from typing import cast

import pytest

from empath.config import load_config
from empath.daemon.acceptor.admission import Admission
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.rates import ListenerRates, RateMeter
from empath.daemon.acceptor.refusal_rows import RefusalRows
from empath.daemon.acceptor.space import Space
from empath.daemon.process.rules import Rules
from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.limits.connections import ConnectionCounter, ConnectionLimits
from empath.policy.limits.refusal import RefusalTally
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.limits.session import Pace
from empath.smtp.server.limits import ServerLimits
from empath.storage.sqlite.engine import SqliteEngine
from empath.telemetry.subscribers import emitter
from tests.daemon.acceptor.kit import FakeWriter, Visit
from tests.kit.process import configuration


@pytest.fixture
def make_context(tmp_path):
    """Makes listener contexts from a configuration."""

    def make(more="", routes='"*" = "discard:"', role=Role.INTERNAL, listener="", rate_writer=None, **limits):
        file = tmp_path / "empath.toml"
        file.write_text(configuration(2525, more, routes).replace("[log]\n", f"{listener}\n[log]\n", 1))
        config = load_config(file)
        config.queue.spool.mkdir(exist_ok=True)
        return ListenerContext(
            config=config,
            address="127.0.0.1:2525",
            listener=config.listeners[0],
            role=role,
            configured=config.limits_of(config.listeners[0]),
            limits=ServerLimits(message_octets=10_000_000, **limits),
            pace=Pace(
                config.timeouts.command_s,
                config.timeouts.content_s,
                config.timeouts.session_s,
                config.limits.content_octets_per_s,
            ),
            admission=Admission(
                ConnectionCounter(ConnectionLimits(1000, 2), {"127.0.0.1:2525": None}), config.relay.policy.is_trusted
            ),
            writer=FakeWriter(),
            budget=ContentBudget(inline_octets=config.queue.inline_octets, limit_octets=config.queue.memory_octets),
            space=Space(SqliteEngine(config.queue.path, max_leases=20), config, emitter("acceptor-1")),
            emit=emitter("acceptor-1"),
            banner=Reply.of("220 mx.example.test ESMTP Empath"),
            refusals=RefusalMeter(per_second=1000, per_client=1000),
            tally=RefusalTally(),
            refusal_rows=RefusalRows(),
            rules=cast(Rules, SimpleNamespace(router=config.router, book=config.rule_book())),
            rates=ListenerRates(
                RateMeter(rate_writer or FakeWriter(), 1),
                config.limits,
                "",
                config.relay.policy.is_trusted,
            ),
        )

    return make


@pytest.fixture
def visit():
    """Makes visits to a context. At the end all of them are over and have left no memory and no file behind."""
    made = []

    def make(context, early=b"", host="127.0.0.1", **more):
        made.append((context, Visit(context, early, host, **more)))
        return made[-1][1]

    yield make
    for _, one in made:
        one.hang_up()
    for context, _ in made:
        assert 0 == context.budget.held_octets
        assert [] == [
            file for file in context.config.queue.spool.rglob("*") if file.is_file() and not context.writer.messages
        ]
