"""dkim_keys - the keys that sign mail and are kept in the queue, as the processes that sign read them"""

from empath.storage.engine import Reader


def stamp(reader: Reader) -> tuple[object, ...]:
    """
    What differs once a key was added, removed or changed.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    [row] = reader.rows("dkim_keys.stamp")
    return tuple(row)


def signing_keys(reader: Reader) -> list[tuple[str, str, bytes]]:
    """
    The keys that sign: domain, selector and the private key in PEM.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [(domain, selector, key.encode()) for domain, selector, key in reader.rows("dkim_keys.signing")]
