"""doctor_dkim - whether the keys that sign mail have their records in the DNS"""

from collections.abc import Iterator

from empath.cli.admin.dkim import IN_FILE, PUBLISHED, keys_of, keys_of_files, record_name, records_seen
from empath.config import Config
from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level

_SIGN = (IN_FILE, "signing")


def diagnose_dkim(config: Config) -> Iterator[Diagnosis]:
    """Look up the records of the keys that sign, all at once. A name server may be slow, so there is no error."""
    try:
        known = keys_of(config, None)
    except EmpathError:  # the checks of the queue say more
        known = [*keys_of_files(config)]
    keys = [key for key in known if key.state in _SIGN]
    seen = records_seen(config, keys)
    for key in keys:
        found = f"{record_name(key)}: {seen[record_name(key)]}"
        if seen[record_name(key)] == PUBLISHED:
            yield Diagnosis("DKIM key", Level.OK, found)
        else:
            remedy = f"publish what `empath-admin dkim record {key.domain} {key.selector}` prints"
            yield Diagnosis("DKIM key", Level.WARNING, f"{found}; receivers take its signatures for forged", remedy)
