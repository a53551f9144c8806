"""
app - what is served, and where
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Protocol

import falcon

from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem, write_problem
from empath.policy.api_token import TokenRole
from empath.policy.sts import StsPolicy, policy_host

_TEXT: Final = "text/plain; version=0.0.4"
Exposed = Callable[[str], tuple[bytes, str]]


class Open:
    """What clients of `[http] networks` read without a token."""

    roles: ClassVar = {"GET": TokenRole.READ}
    is_open = True


class Metrics(Open):
    """`GET /metrics`: all metrics, in the format that the client asks for."""

    def __init__(self, exposed: Exposed) -> None:
        self._exposed = exposed

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a scrape."""
        response.data, response.content_type = self._exposed(request.get_header("Accept") or _TEXT)

    on_head = on_get


class States(Protocol):
    """Whether the service lives and is ready, each with a record that says why."""

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Whether it serves at all."""

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether it is ready for mail."""


class State(Open):
    """`GET /health/live` and `/health/ready`: 200 or 503, for a program that only reads the status, and a reason."""

    def __init__(self, state: Callable[[], tuple[bool, dict[str, Any]]]) -> None:
        self._state = state

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer a load balancer, an orchestrator or a person."""
        is_good, response.media = self._state()
        response.status = falcon.HTTP_200 if is_good else falcon.HTTP_503
        response.cache_control = ["no-store"]

    on_head = on_get


class PolicyFile:
    """`GET /.well-known/mta-sts.txt`: the MTA-STS policy of the domain whose host the client asks for, to everybody."""

    def __init__(self, policies: Mapping[str, StsPolicy], count: Callable[[str], None]) -> None:
        """*policies* are by domain."""
        self._policies = {policy_host(domain): (domain, policy.octets) for domain, policy in policies.items()}
        self._count = count

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a host that is about to send mail."""
        found = self._policies.get(request.host.lower().removesuffix("."))
        if found is None:
            raise Problem(404, "there is no policy for this host name; see [mta_sts]")
        domain, response.data = found
        response.content_type = "text/plain"
        response.cache_control = ["no-store"]
        self._count(domain)

    on_head = on_get


def make_app(exposed: Exposed, states: States, guard: Guard) -> "falcon.App[falcon.Request, falcon.Response]":
    """The application. Its errors are those of RFC 9457."""
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App(middleware=[guard])
    app.set_error_serializer(write_problem)
    app.req_options.strip_url_path_trailing_slash = True  # a person types /console/, too
    app.add_route("/metrics", Metrics(exposed))
    app.add_route("/health/live", State(states.live))
    app.add_route("/health/ready", State(states.ready))
    return app
