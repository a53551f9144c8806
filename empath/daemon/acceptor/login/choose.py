"""choose - the back ends that `[auth] backends` names"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from empath.config import Config
from empath.config.tables.auth import Auth
from empath.daemon.acceptor.login.accounts import Accounts
from empath.daemon.acceptor.login.logins import Logins
from empath.daemon.acceptor.rates import RateMeter
from empath.daemon.process.runtime import Runtime
from empath.errors import ConfigError
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.login.backend import Backend

if TYPE_CHECKING:
    from empath.modules.loading import LoadedModule


def logins_of(runtime: Runtime, refusals: RefusalMeter, meter: RateMeter) -> Logins | None:
    """
    The logins of this process; None where no listener has any. *refusals* bounds what they log, *meter* counts
    what fails.

    Raises:
        ConfigError: a back end cannot be used.
    """
    config: Config = runtime.config
    if not any(listener.has_auth for listener in config.listeners):
        return None
    accounts = Accounts(runtime.reader, runtime.writer)
    backends = [_backend(name, config.auth, accounts, runtime.modules) for name in config.auth.backends]
    return Logins(config.auth, accounts, backends, runtime.emit, refusals, meter=meter)


def _backend(name: str, settings: Auth, accounts: Accounts, modules: "Sequence[LoadedModule]") -> Backend:
    kind, _, place = name.partition(":")
    match kind:
        case "accounts":
            return accounts
        case "dovecot":
            from empath.daemon.acceptor.login.dovecot import Dovecot  # noqa: PLC0415 - only what is configured

            return Dovecot(place)
        case "oidc":
            from empath.daemon.acceptor.login.oidc import Introspection  # noqa: PLC0415 - the same; it needs ssl

            return Introspection(
                place,
                client=settings.oidc_client,
                secret_file=settings.oidc_secret_file,
                claim=settings.oidc_claim,
                deadline_s=settings.deadline_s,
            )
        case "module" if (module := next((one for one in modules if one.wanted.name == place), None)) is not None:
            from empath.daemon.acceptor.login.module import ModuleBackend  # noqa: PLC0415 - the same

            return ModuleBackend(place, module.login_backend())
        case _:
            raise ConfigError(f"auth.backends: {name}: there is no such module in [modules]")
