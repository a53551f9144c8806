"""log_server - the syslog server of a process. This module imports no gevent, because the supervisor imports it too."""

from empath.config.model import Config
from empath.telemetry.syslog import Syslog


def syslog_of(config: Config) -> Syslog | None:
    """The connection to the syslog server of *config*, if it names one."""
    table = config.log
    return None if table.syslog is None else Syslog(table.syslog, table.syslog_facility, str(config.hostname))
