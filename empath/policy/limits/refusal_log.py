"""refusal_log - which refusals go into the log"""

from collections import Counter


class RefusalMeter:
    """
    Limits the refusals of one second that go into the log. The rest is counted: a flood must not fill the disk.

    Shape: both limits are at least 1; the second keeps one noisy client from hiding the others.
    """

    __slots__ = ("_by_client", "_left_out", "_per_client", "_per_second", "_second")

    def __init__(self, per_second: int, per_client: int) -> None:
        self._per_second = per_second
        self._per_client = per_client
        self._by_client: Counter[str] = Counter()  # of the running second
        self._second = 0
        self._left_out = 0

    def admit(self, client: str, at_s: float) -> bool:
        """Whether a refusal of *client* at this instant goes into the log; one that does not is counted."""
        if int(at_s) != self._second:
            self._second = int(at_s)
            self._by_client.clear()
        if self._by_client.total() >= self._per_second or self._by_client[client] >= self._per_client:
            self._left_out += 1
            return False
        self._by_client[client] += 1
        return True

    def take_left_out(self) -> int:
        """The number of refusals that were left out since the last call."""
        count, self._left_out = self._left_out, 0
        return count
