"""expiry - the lines of the log about certificates that expire soon or have expired"""

from collections.abc import Iterable

from empath.mail.identity import Timestamp
from empath.net.certificate import Certificate
from empath.policy.expiry import expiry_level, expiry_words
from empath.policy.health import Level
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import CertificateExpires


def report_expiry(certificates: Iterable[Certificate], emit: Emitter, now: Timestamp) -> None:
    """Emit a line for each of *certificates* that needs to be renewed."""
    for certificate in certificates:
        if expiry_level(certificate.expires_at, now) is not Level.OK:
            emit(
                CertificateExpires(
                    file=str(certificate.path),
                    names=", ".join(certificate.names),
                    expires_at=Timestamp(certificate.expires_at).iso8601(),
                    state=expiry_words(certificate.expires_at, now),
                )
            )
