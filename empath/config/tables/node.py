"""
node - the table [node]: which host of ours this is
"""

from empath.config.fields import NodeName, setting
from empath.config.tables.table import Table


class Node(Table):
    """Which host of ours this is."""

    name: NodeName = setting("localhost", example="mx1")
    """The name of this host in the queue: in the views `process` and `message`, and in the names of its spool files.
    It must differ from host to host. Not set: the hostname."""
