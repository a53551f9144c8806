"""make - the resource that takes mail, with all that it needs"""

from functools import partial
from typing import Final

from empath.config.tables.receiving import Listener as ListenerSettings
from empath.daemon.acceptor.contexts import ListenerContexts
from empath.daemon.acceptor.login.accounts import Accounts
from empath.daemon.acceptor.login.logins import Logins
from empath.daemon.httpd.api.operation import PREFIX
from empath.daemon.httpd.injection.injector import Injector
from empath.daemon.httpd.injection.resource import Messages
from empath.daemon.process.runtime import Runtime
from empath.net.wakeup import wake
from empath.policy.api_token import Token
from empath.policy.login.account import LoggedIn

MESSAGES: Final = f"{PREFIX}/messages"
_NAME: Final = "http"  # of the listener, in rows and in the log
# Received names no client: it is a program of the operator, and the log has its address.
_LISTENER: Final = {"address": "unix:/http", "role": "submission", "hide_clients": True, "deduplicate": False}


def messages(runtime: Runtime, contexts: ListenerContexts) -> Messages:
    """The resource of this process."""
    config = runtime.config
    context = contexts.make(ListenerSettings.model_validate(_LISTENER), _NAME)
    context.received_with = "HTTPS" if config.http.tls else "HTTP"  # RFC 3848 has no word for it
    injector = Injector(contexts.new_session, context, runtime.writer, partial(wake, runtime.child.wake_fds))
    logins = Logins(
        config.auth,
        Accounts(runtime.reader, runtime.writer),
        [],
        runtime.emit,
        contexts.refusals,
        meter=contexts.meter,
    )

    def account_of(token: Token, client: str) -> LoggedIn | None:
        if token.account is None:
            return LoggedIn(f"token:{token.name}", None)
        return logins.vouched_for(token.account, client)

    return Messages(
        injector,
        account_of,
        runtime.reader,
        limits=lambda: context.configured,
        key_s=config.http.key_s,
        trusted=config.http.trust_traceparent,
    )
