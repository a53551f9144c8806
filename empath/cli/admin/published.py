"""published - the records of the DNS that a domain of this host needs for MTA-STS and for reports about TLS"""

from collections.abc import Iterator

from empath.config import Config
from empath.errors import MissingInput
from empath.policy import tlsrpt
from empath.policy.own_zone import txt_line
from empath.policy.sts import policy_host, policy_url, record_name, record_of


def zone_lines(config: Config, domain: str) -> Iterator[str]:
    """
    Lines of the zone of *domain*; what is not a record is a comment.

    Raises:
        MissingInput: the configuration has nothing that other hosts should know.
    """
    table, receive = config.mta_sts.get(domain), config.tls_reports.receive
    if table is None and not receive:
        raise MissingInput(f'there is nothing to publish for {domain}; [mta_sts."{domain}"] gives it a policy')
    if receive:
        yield txt_line(tlsrpt.record_name(domain), tlsrpt.record_of(map(str, receive)))
    if table is None:
        return
    yield txt_line(record_name(domain), record_of(table.policy))
    yield f"; {policy_host(domain)}. needs the address of [http], or of the proxy before it."
    yield f"; {policy_url(domain)} is:"
    yield from (f";   {line}" for line in table.policy.octets.decode().splitlines())
