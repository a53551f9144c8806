"""
pickup - the table [pickup]: where programs of this host leave mail
"""

from empath.config.fields import ConfigPath
from empath.config.reading import setting
from empath.config.tables.table import Table


class Pickup(Table):
    """Mail that `empath-sendmail` leaves in a directory, also while the server is stopped."""

    directory: ConfigPath | None = setting(None, example="/var/spool/empath")
    """The directory. A user that may write in it may send mail: mode 3730 for the members of its group, 3733 for every
    user of this host. Only the server may list it. Not set: there is no such mail."""
