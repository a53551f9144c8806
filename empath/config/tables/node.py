"""
node - the table [node]: the name of this host
"""

from empath.config.fields import NodeName
from empath.config.reading import setting
from empath.config.tables.table import Table


class Node(Table):
    """This host among all hosts that run Empath."""

    name: NodeName = setting("localhost", example="mx1")
    """The name of this host in the queue: in the views `process` and `message`, and in the names of its spool files.
    It must differ from host to host. Not set: the hostname. A reload cannot change it."""
