"""own_queue - the queue of this instance, in a file or in a server"""

from empath.config.model import Config
from empath.storage.engine import Engine
from empath.storage.open import Server, open_engine


def queue_of(config: Config) -> Engine:
    """
    The queue that *config* names; nothing is opened yet.

    Raises:
        ConfigError: it is in a server, and the library for that is not installed.
    """
    queue = config.queue
    server = None if queue.url is None else Server(queue.url, queue.replicas, config.node.name)
    return open_engine(queue.path, max_leases=config.rule_book().find(None).concurrency, server=server)
