"""kit - the application of httpd on a queue of the test's own, without a socket"""

from types import SimpleNamespace
from typing import Any

from falcon.testing import TestClient
from gevent.event import Event

from empath.authentication.signer import Signer
from empath.config.load import load_config
from empath.daemon.acceptor.contexts import ListenerContexts
from empath.daemon.httpd.api.endpoints import add_api
from empath.daemon.httpd.api.feed import Feed
from empath.daemon.httpd.api.operation import Backend
from empath.daemon.httpd.app import make_app
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.injection.make import MESSAGES, messages
from empath.daemon.process.dialogues import unheard
from empath.daemon.process.rules import Rules
from empath.daemon.process.secrets import NO_SECRETS
from empath.daemon.process.shared_reader import SharedReader
from empath.net.stream import Deadlines
from empath.policy.api_token import TokenRole, digest_of
from empath.storage.admin.api_tokens import AddToken
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue

HTTP = '[http]\naddress = "127.0.0.1:8025"\n'
STRANGER = "192.0.2.7"


class States:
    """A service that lives and is not ready."""

    def live(self):
        """Fine."""
        return True, {"status": "live"}

    def ready(self):
        """Not fine."""
        return False, {"status": "not ready", "components": {}}


class Web:
    """The application, the queue behind it, and what it reported and wrote."""

    def __init__(self, directory, more=HTTP, *, is_local=False):
        file = directory / "empath.toml"
        file.write_text(configuration(2525, more))
        self.queue = Queue(directory / "queue.db")
        self.reported: list[Any] = []
        self.written: list[Any] = []
        self.runtime: Any = SimpleNamespace(
            config=load_config(file),
            engine=self.queue.engine,
            reader=SharedReader(self.queue.engine.open_reader),
            dialogues=unheard(),
            emit=self.reported.append,
            now=lambda: T0,
            writer=SimpleNamespace(commit=self._commit),
        )
        self.commit_error: Exception | None = None  # what the next commit ends with
        runtime: Any = self.runtime
        self.guard = guard = Guard(runtime, runtime.reader, is_local=is_local)
        config = self.runtime.config
        guard.write = self._commit  # in place of a greenlet
        self.is_ending = False
        self.app = make_app(lambda accept: (b"metrics", accept), States(), guard)
        backend = Backend(self.queue.engine, config, lambda: config.router, lambda: self.is_ending)
        self.feed = Feed(self.runtime.reader) if config.events.stream else None
        add_api(self.app, backend, self.reported.append, self.feed)
        self.client = TestClient(self.app)

    def take_mail(self, around=lambda new_session: new_session, **more):
        """Serve `POST /messages`, too. What *around* makes of the maker of sessions makes those for messages."""
        config, runtime = self.runtime.config, self.runtime
        config.queue.spool.mkdir(exist_ok=True)
        values = {
            "child": SimpleNamespace(counts_fd=None, wake_fds=(), counts_row=0),
            "keep": lambda duty: None,
            "modules": (),
            "ledger": None,
            "secrets": NO_SECRETS,
            "server_tls": None,
            "tracing": None,
            "signer": Signer({}),
            "deadlines": Deadlines(),
            "rules": Rules(config, runtime.reader, runtime.emit, runtime.now),
            "draining": Event(),
            **more,
        }
        for name, value in values.items():
            setattr(runtime, name, value)
        self.contexts = ListenerContexts(runtime)
        self.contexts.new_session = around(self.contexts.new_session)
        self.mail = messages(runtime, self.contexts)
        self.app.add_route(MESSAGES, self.mail)
        self.add_token("sender", role="inject")

    def _commit(self, write, *, is_last=False):
        if self.commit_error is not None:
            raise self.commit_error
        self.queue.run(write)
        self.written.append(write)
        return write

    def add_token(self, name, role="read", networks="", expires_at=None, account=None):
        """Add a token; its secret is `secret of NAME`."""
        self.queue.run(
            AddToken(
                name,
                TokenRole(role),
                networks=networks,
                digest=digest_of(f"secret of {name}"),
                expires_at=expires_at,
                account=account,
                who="test",
                now=T0,
            )
        )

    def get(self, path, token=None, client="127.0.0.1", method="GET", **more):
        """The answer to a request of *client* that shows *token*."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.simulate_request(method, path, headers=headers, remote_addr=client, **more)

    def application(self, environ, start_response):
        """As the server calls it."""
        return self.app(environ, start_response)

    def close(self):
        """End it."""
        self.queue.close()
