"""config_revision - the configuration of a child, as the queue keeps it"""

import hashlib
import os

from empath.config import Config
from empath.config.revision import effective_settings
from empath.daemon.process.child import Child
from empath.daemon.process.own_config import own_file, own_text
from empath.storage.queue.config_revisions import Revision


def revision_of(child: Child, config: Config) -> Revision:
    """That of *child*, which runs by *config*."""
    text = own_text(config)
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    reading = str(os.fstat(child.config_fd).st_ino)  # a file in memory, one for each time that the supervisor read it
    return Revision(text, digest, reading, lambda: effective_settings(config, *own_file(child)))
