"""
delivery - which token buckets a delivery draws from

THEORY
    Each message that goes out takes a token from every bucket that it belongs to: that of its destination, that of the
    provider whose hosts take it, that of its sender, and the one of all mail.  A lease takes them, in its transaction,
    and gives back those of messages that it did not send (storage/queue/tokens.py).

    Tokens of a quick rate are gathered before they are used: a lease for each single token would cost more than it
    sends.  So an empty bucket is asked again once it has some of its burst, and a fifth of a second later at most.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from empath.policy.limits.rate import Rate, exchange

ALL: Final = "all"  # name of the bucket of all mail
_GATHER_S: Final = 0.2  # longest wait for more than one token
_MOST_GATHERED: Final = 20  # tokens; as many messages are in a lease
_MOST_FOUND: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket. Shape: name is unique; it begins with the kind: all, destination, provider or sender."""

    name: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class SenderRates:
    """
    The table [senders].

    Shape: by_address has addresses, domain in lower case; by_domain has domains, `*.` and a domain, or `*`. A pattern
    of several domains gives each of them a bucket of its own.
    """

    by_address: Mapping[str, Rate]
    by_domain: Mapping[str, Rate]

    @classmethod
    def of(cls, by_pattern: Mapping[str, Rate]) -> "SenderRates":
        """Sort the patterns: an address has an at sign."""
        by_address = {}
        for pattern, rate in by_pattern.items():
            local_part, at, domain = pattern.rpartition("@")
            if at:
                by_address[f"{local_part}@{domain.lower()}"] = rate
        return cls(by_address, {pattern: rate for pattern, rate in by_pattern.items() if "@" not in pattern})

    def find(self, reverse_path: str) -> Bucket | None:
        """The bucket of a reverse-path in its text form; reports have none."""
        local_part, at, domain = reverse_path.rpartition("@")
        if not at:
            return None
        domain = domain.lower()
        rate = self.by_address.get(f"{local_part}@{domain}")
        if rate is not None:
            return Bucket(f"sender {local_part}@{domain}", rate)
        rest = domain
        rate = self.by_domain.get(domain)
        while rate is None and rest:
            rest = rest.partition(".")[2]
            rate = self.by_domain.get(f"*.{rest}" if rest else "*")
        return None if rate is None else Bucket(f"sender {domain}", rate)


class DeliveryRates:
    """
    All rates of one instant.

    `all` is the bucket of all mail, `senders` the rates of senders; None where there is no such rate.
    """

    def __init__(
        self,
        *,
        all_mail: Rate | None = None,
        senders: SenderRates | None = None,
        of_destination: Callable[[str, tuple[str, ...]], tuple[Bucket, ...]] | None = None,
    ) -> None:
        """*of_destination* gives the buckets of a destination and of its provider, by name and MX hosts."""
        self.all = None if all_mail is None else Bucket(ALL, all_mail)
        self.senders = senders
        self._of_destination = of_destination
        self._found: dict[tuple[str, str | None], tuple[Bucket, ...]] = {}

    def __bool__(self) -> bool:
        return self.all is not None or self.senders is not None or self._of_destination is not None

    def find(self, destination: str, exchangers: str | None) -> tuple[Bucket, ...]:
        """The buckets of a destination but that of all mail; *exchangers* as in _destination."""
        if self._of_destination is None:
            return ()
        key = (destination, exchangers)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            found = self._found[key] = self._of_destination(destination, tuple((exchangers or "").split()))
        return found


def gather_s(rate: Rate) -> float:
    """How long to wait beyond the first token of an empty bucket, in seconds."""
    tokens = min(rate.capacity // 2, _MOST_GATHERED, int(_GATHER_S / rate.interval_s))
    return max(0, tokens - 1) * rate.interval_s


def next_token_s(rate: Rate, full_at: float, now: float) -> float:
    """After how many seconds an empty bucket is worth a look; *full_at* is its state, as in `exchange`."""
    return exchange(rate, full_at, now, returned=0, wanted=rate.capacity + 1).next_s + gather_s(rate)
