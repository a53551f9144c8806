"""oidc - the back end `oidc:https://…`: bearer tokens, by an introspection endpoint, RFC 7662"""

import hashlib
import time
from pathlib import Path

from empath.errors import ConfigError
from empath.net.http_form import FormEndpoint, HttpFailed
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer
from empath.policy.login.token import TokenCache, read_answer
from empath.smtp.sasl.mechanisms import Mechanism


class Introspection(Backend):
    """The tokens that an endpoint knows."""

    mechanisms = frozenset(each for each in Mechanism if each.has_token)

    def __init__(
        self, url: str, *, client: str | None, secret_file: Path | None, claim: str, deadline_s: float
    ) -> None:
        """
        *client* and the secret in *secret_file* log in to the endpoint; *claim* is the member that names the account.

        Raises:
            ConfigError: the file cannot be read.
        """
        self._url = url
        self._claim = claim
        self._deadline_s = deadline_s
        self._cache = TokenCache()
        try:
            secret = "" if secret_file is None else secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
            raise ConfigError(f"auth.oidc_secret_file: {secret_file}: {reason}") from exc
        self._endpoint = FormEndpoint(url, user=client, password=secret)

    def name_of_token(self, token: str, peer: LoginPeer) -> str | None:
        """See `Backend`."""
        digest = hashlib.sha256(token.encode()).digest()
        now = time.time()
        answer = self._cache.find(digest, now)
        if answer is None:
            form = {"token": token, "token_type_hint": "access_token"}
            try:
                members = self._endpoint.post(form, timeout_s=self._deadline_s)
            except HttpFailed as exc:
                raise BackendUnavailable(f"oidc:{self._url}: {exc}") from exc
            answer = read_answer(members, self._claim, now)
            self._cache.keep(digest, answer)
        return answer.name
