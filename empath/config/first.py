"""
first - the first configuration of a server, written from four answers

The text is for a person who reads it once and then changes it: each choice has its reason, and names what else there
is.  It has no setting that only repeats a default.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from json import dumps
from typing import Final

from empath.config.workable.listening import is_example_name
from empath.errors import SyntaxViolation, UsageError
from empath.mail.domain import Domain
from empath.mail.protocol import Protocol
from empath.policy.hosts.addresses import is_address
from empath.policy.routing import MaildirRoute, Route, SmtpRoute, SocketRoute, parse_route, route_text

MAILDIR: Final = "maildir"
NO_DOMAIN: Final = "none"
ANY_IPV6: Final = "[::]"  # which a host without IPv6 cannot listen at


@dataclass(frozen=True, slots=True)
class Submitters:
    """Who may send to other domains: programs of this host, users with a password, hosts of some networks."""

    local: bool = False
    accounts: bool = False
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Submitters":
        """
        Read `nobody`, or some of `local`, `accounts` and networks, with commas between them.

        Raises:
            SyntaxViolation: it is something else.
        """
        words = [word.strip() for word in text.split(",")]
        if words == ["nobody"]:
            return cls()
        named = {word for word in words if word in ("local", "accounts")}
        try:
            networks = tuple(ip_network(word) for word in words if word not in named)
        except ValueError as exc:
            raise SyntaxViolation(f"{exc}; say nobody, or some of local, accounts and networks") from exc
        return cls("local" in named, "accounts" in named, networks)


def parse_target(text: str) -> Route | None:
    """
    Where mail goes: None for a Maildir, or the route to a smarthost or an LMTP server.

    Raises:
        SyntaxViolation: it is something else.
    """
    if text == MAILDIR:
        return None
    words = f"say {MAILDIR}, a smarthost such as smtp://relay.example.net:587, or LMTP such as lmtp:/run/dovecot/lmtp"
    try:
        route = parse_route(text)
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"{exc}; {words}") from exc
    if not isinstance(route, SmtpRoute | SocketRoute):
        raise SyntaxViolation(words)
    return route


@dataclass(frozen=True, slots=True)
class Answers:
    """
    What the four questions ask.

    Shape: domains may be empty, of a server that only sends; target is None for a Maildir.
    """

    hostname: Domain
    domains: tuple[Domain, ...]
    target: Route | None
    submitters: Submitters

    @property
    def is_lmtp(self) -> bool:
        """Whether mail of the domains goes to an LMTP server, and other mail elsewhere."""
        return isinstance(self.target, SmtpRoute | SocketRoute) and self.target.protocol is Protocol.LMTP


@dataclass(frozen=True, slots=True)
class Layout:
    """
    What depends on the kind of server and not on the answers: paths, as the file has them, and ports.

    Shape: hosts are the addresses to listen at, each for one family; submission has port and `tls` of each listener for
    users; the paths of a development server are relative.
    """

    is_host: bool
    queue: str
    maildir: str
    pickup: str
    certificate: str
    key: str
    hosts: tuple[str, ...]
    port: int
    submission: tuple[tuple[int, str], ...]


DEVELOPMENT: Final = Layout(
    is_host=False,
    queue="data/queue.db",
    maildir="Maildir",
    pickup="pickup",
    certificate="tls/certificate.pem",
    key="tls/key.pem",
    hosts=("127.0.0.1",),
    port=2525,
    submission=((2587, "required"),),
)
HOST: Final = Layout(
    is_host=True,
    queue="/var/lib/empath/queue.db",
    maildir="/var/lib/empath/Maildir",
    pickup="/var/spool/empath",
    certificate="/etc/empath/tls/fullchain.pem",
    key="/etc/empath/tls/privkey.pem",
    hosts=("0.0.0.0",),
    port=25,
    submission=((587, "required"), (465, "implicit")),
)


def hold_sensible(answers: Answers, layout: Layout) -> None:
    """
    Refuse answers whose server `empathd check` would refuse, or that takes no mail at all.

    Raises:
        UsageError: says what to answer instead.
    """
    name, target = str(answers.hostname), answers.target
    if layout.is_host and is_example_name(name):
        raise UsageError(f"{name} is a name for examples, which other hosts do not accept; give the name of this host")
    if not answers.domains and answers.submitters == Submitters():
        raise UsageError("it receives for no domain, and nobody may submit: such a server takes no mail")
    if every := next((network for network in answers.submitters.networks if network.prefixlen == 0), None):
        raise UsageError(f"--submit: {every} is the whole Internet, which would make this an open relay")
    if not isinstance(target, SmtpRoute):
        return
    ports = {layout.port, *(port for port, _ in layout.submission)}
    is_here = is_address(target.host) and ip_address(target.host).is_loopback and target.port in ports
    if is_here or target.host == name:
        raise UsageError(f"{route_text(target)} is this server itself: mail would go in a circle")


def configuration(answers: Answers, layout: Layout, selectors: tuple[str, ...] = ()) -> str:
    """The text of the file. *selectors* are those of the keys that sign mail of each domain."""
    blocks = [
        _head(answers, layout),
        *_listeners(answers, layout),
        _tls(layout),
        _relay(answers),
        *_recipients(answers),
        _routes(answers, layout),
        *_next_hop(answers),
        _pickup(layout),
        *_signing(answers, selectors),
        *_published(answers, layout),
        _end(layout),
    ]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _head(answers: Answers, layout: Layout) -> str:
    kind = "a server" if layout.is_host else "a development server, which only this machine reaches"
    reserve = "" if layout.is_host else "# A laptop's disk may be fuller than a server's.\nreserve = \"64MiB\"\n"
    own = answers.domains[0] if answers.domains else answers.hostname
    process = """
[process]
# Root only binds the ports. Where systemd starts Empath as this user, root is not needed.
user = "empath"
pid_file = "/run/empath/empathd.pid"
"""
    return f"""# Configuration of {kind}, written by `empathd init`.
# `empathd check` reports each mistake with its line; `empathd check --effective` prints all settings.

# The name in the banner and in EHLO. It should have an address in the DNS, whose reverse name it is.
hostname = "{answers.hostname}"
# Gets what nobody else can be told, and mail to "postmaster".
postmaster = "postmaster@{own}"

[queue]
# On a local disk: the locks of SQLite do not work on a network file system.
path = "{layout.queue}"
{reserve}{process if layout.is_host else ""}"""


def _listeners(answers: Answers, layout: Layout) -> Iterator[str]:
    about, role = 'Mail from other hosts. With tls = "starttls" each may encrypt, none must.', "mx"
    if not answers.domains:
        about, role = "Mail of those who may submit; nobody else has anything to send here.", "internal"
    judged = """
# What SPF, DKIM and DMARC say of a message stands in its Authentication-Results. "reject" in place of "tag" refuses
# what the domain of its From field wants to have refused.
[listener.authentication]
spf = true
dkim = true
dmarc = "tag"
"""
    lines = f'role = "{role}"\ntls = "starttls"\n{judged if layout.is_host and role == "mx" else ""}'
    for host in layout.hosts:
        yield f'{_about(about, host)}[[listener]]\naddress = "{host}:{layout.port}"\n{lines}'
    if answers.submitters.accounts:
        about = "Mail of users, with a name and a password: `empath-admin account add` makes an account."
        for port, tls in layout.submission:
            for host in layout.hosts:
                address = f'address = "{host}:{port}"'
                yield f'{_about(about, host)}[[listener]]\n{address}\nrole = "submission"\ntls = "{tls}"'
                about = ""


def _about(about: str, host: str) -> str:
    """The comment before the listener at *host*; *about* is empty where the one before it says it all."""
    if host == ANY_IPV6:
        return "# The same by IPv6.\n"
    return f"# {about}\n" if about else ""


def _tls(layout: Layout) -> str:
    about = "# A certificate that nobody vouches for, made by `empathd init`: enough for tests."
    if layout.is_host:
        about = """\
# No authority vouches for the certificate that `empathd init` makes. Hosts encrypt with it all the same; programs of
# users and MTA-STS want another, such as that of Let's Encrypt. A new file needs no reload."""
    return f'{about}\n[tls]\ncertificate = "{layout.certificate}"\nkey = "{layout.key}"'


def _relay(answers: Answers) -> str:
    given = answers.submitters
    networks = [*(["127.0.0.0/8", "::1/128"] if given.local else []), *map(str, given.networks)]
    return f"""[relay]
# Clients that may send to every domain without a login.
networks = {dumps(networks)}
# Domains that everybody may send to.
domains = {dumps([*map(str, answers.domains)])}"""


def _recipients(answers: Answers) -> Iterator[str]:
    if answers.is_lmtp and answers.domains:
        rules = "\n".join(f'"{domain}" = "verify"' for domain in answers.domains)
        yield f"""# The LMTP server is asked whether an address exists, so that mail to others is refused at once.
[recipients]
{rules}"""


def _routes(answers: Answers, layout: Layout) -> str:
    own = route_text(MaildirRoute(layout.maildir) if answers.target is None else answers.target)
    is_for_own = answers.target is None or answers.is_lmtp
    lines = ["[routes]"]
    if is_for_own and layout.is_host:
        lines += [f'"{name}" = {dumps(own)}' for name in dict.fromkeys((*answers.domains, answers.hostname))]
        lines += ["# All other mail goes to the hosts that the DNS names.", '"*" = "mx"']
    elif is_for_own:
        lines += ['# All mail: nothing leaves this machine. "mx" would send it to the hosts that the DNS names.']
        lines += [f'"*" = {dumps(own)}']
    else:
        lines += [f'"*" = {dumps(own)}']
    return "\n".join(lines)


def _next_hop(answers: Answers) -> Iterator[str]:
    if isinstance(answers.target, SmtpRoute) and not answers.is_lmtp:
        yield f"""\
# If the smarthost wants a login, remove the marks, and write the password into the file, which only root need be
# able to read. tls = "verify" protects it: Empath logs in only after the host has proved its name.
# [credentials."{answers.target.host}"]
# username = "…"
# password_file = "/etc/empath/smarthost.secret"
# [destinations."{answers.target.destination("")}"]
# tls = "verify\""""


def _pickup(layout: Layout) -> str:
    return f"""\
# Programs of this host send by `empath-sendmail`, also while the server is stopped. Who may write here may send.
[pickup]
directory = "{layout.pickup}\""""


def _signing(answers: Answers, selectors: tuple[str, ...]) -> Iterator[str]:
    if selectors:
        lines = "\n".join(f'"{domain}" = {dumps([*selectors])}' for domain in answers.domains)
        yield f"""# Mail of those who may submit is signed, if the domain of its From field is here.
# Publish the records of the keys first: `empath-admin dkim record` prints them.
[dkim]
keys = "/etc/empath/dkim"
[dkim.sign]
{lines}"""


def _published(answers: Answers, layout: Layout) -> Iterator[str]:
    if not (layout.is_host and answers.domains):
        return
    for domain in answers.domains:
        yield f"""# Hosts that send to {domain} should find TLS here. "enforce" in place of "testing" makes them insist,
# once `empath-admin doctor` has no warning. A web server of this host hands on
# https://mta-sts.{domain}/.well-known/mta-sts.txt to the address of [http].
[mta_sts."{domain}"]
mode = "testing"
mx = ["{answers.hostname}"]"""
    first = answers.domains[0]
    yield f"""# Reports of others about your mail, and about TLS with this host: the views dmarc_report and tls_report.
[dmarc_reports]
receive = ["dmarc-reports@{first}"]
[tls_reports]
receive = ["tls-reports@{first}"]"""


def _end(layout: Layout) -> str:
    if layout.is_host:
        return """# The console, metrics and the policies above; other hosts do not reach it.
[http]
address = "127.0.0.1:8025"

[log]
file = "/var/log/empath/empath.log\""""
    return """# The console, and metrics for Prometheus: http://127.0.0.1:8025/
[http]
address = "127.0.0.1:8025"
open_console = true

[log]
format = "text\""""
