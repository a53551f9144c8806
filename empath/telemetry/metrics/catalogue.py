"""
catalogue - every metric, by the kind of process that has it, as a table

docs/metrics.md is generated from it. A name says the unit (`_seconds`, `_octets`); one of a counter ends in `_total`.
Each series also has the label `process`, the slot of its process. `most` is the budget of a metric: the most series of
one process. What comes beyond it is counted with the label value `other`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

QUICK_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELIVERY_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
AGE_S: Final = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0, 432000.0)
BATCH: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
OTHER: Final = "other"  # stands for all label values beyond the budget
TOP_DESTINATIONS: Final = 100


class MetricKind(StrEnum):
    """The types of Prometheus that are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """
    One metric. It is known by its identity, so that it costs nothing to find its values.

    Shape: labels are the names beside `process`; buckets, of a histogram, are its upper bounds without infinity.
    """

    name: str
    kind: MetricKind
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    most: int = 1


def _counter(name: str, text: str, *labels: str, most: int = 50) -> Metric:
    return Metric(f"empath_{name}_total", MetricKind.COUNTER, text, labels, most=most if labels else 1)


def _gauge(name: str, text: str, *labels: str, most: int = 50) -> Metric:
    return Metric(f"empath_{name}", MetricKind.GAUGE, text, labels, most=most if labels else 1)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str, most: int = 20) -> Metric:
    return Metric(f"empath_{name}", MetricKind.HISTOGRAM, text, labels, buckets, most=most if labels else 1)


# Every process
EVENTS: Final = _counter("events", "Occurrences, each as an event of the log", "event", "level", most=400)
COMMIT_SECONDS: Final = _histogram(
    "database_commit_seconds", "Time of a commit, with the wait for the write lock", QUICK_S
)
COMMIT_WRITES: Final = _histogram("database_commit_writes", "Writes that shared a commit", BATCH)
FAILED_WRITES: Final = _counter("database_failed_writes", "Writes that were not committed", "reason", most=5)
LOCK_WAITS: Final = _counter("database_lock_waits", "Times that the write lock was not free at once")
MODULE_FAILURES: Final = _counter("module_failures", "Calls of hooks that failed or took too long", "module", "hook")
LOG_LINES_LOST: Final = _counter("log_lines_lost", "Lines of the log that could not be written")
TRACE_SPANS: Final = _counter(
    "trace_spans", "Spans of traces: `exported`, or `dropped` because the collector did not take them", "result", most=2
)
CPU_SECONDS: Final = _counter("process_cpu_seconds", "CPU time of the process, user and system")
MEMORY: Final = _gauge("process_resident_octets", "Memory of the process, with what it shares")
DESCRIPTORS: Final = _gauge("process_open_descriptors", "File descriptors that are open")
STARTED_AT: Final = _gauge("process_start_time_seconds", "Instant at which the process began, Unix seconds")
METRIC_SERIES: Final = _gauge("metric_series", "Series of each metric that has labels: its use of its budget", "metric")

# Acceptor
CONNECTIONS: Final = _counter("smtp_connections", "Connections that were admitted; refused ones are refusals")
OPEN_SESSIONS: Final = _gauge("smtp_open_sessions", "Sessions that are open")
SESSION_ENDS: Final = _counter("smtp_sessions", "Sessions that are over, by their end", "end", most=30)
SESSION_SECONDS: Final = _histogram("smtp_session_seconds", "Length of sessions", DELIVERY_S)
MESSAGES: Final = _counter("smtp_messages", "Messages that were accepted", "tls", most=5)
RECIPIENTS: Final = _counter("smtp_recipients", "Recipients of accepted messages")
OCTETS: Final = _counter("smtp_octets", "Octets of accepted messages")
ACCEPT_SECONDS: Final = _histogram("smtp_accept_seconds", "Time from the final dot to the commit", QUICK_S)
DUPLICATES: Final = _counter("smtp_duplicates", "Messages that came again and were queued once")
REFUSALS: Final = _counter("smtp_refusals", "Refusals, by stage and codes of the reply", "stage", "code", most=200)
LIMITS_REACHED: Final = _counter("smtp_limits_reached", "Times that clients reached a limit", "limit")
MILTER_VERDICTS: Final = _counter(
    "milter_verdicts",
    "Messages and sessions that a filter refused, put off, held, discarded or changed",
    "milter",
    "verdict",
)
MILTER_FAILURES: Final = _counter("milter_failures", "Times that a filter did not answer rightly", "milter", "stage")
AUTHENTICATION: Final = _counter(
    "authentication_results", "Messages that were judged, by method and result", "method", "result", most=40
)
SEALS: Final = _counter("arc_seals", "Messages that were to be sealed by ARC", "result", most=5)
LOGINS: Final = _counter("smtp_logins", "Logins; failed ones are refusals at `AUTH`", "mechanism", most=10)

CERTIFICATE_END: Final = _gauge(
    "tls_certificate_end_time_seconds", "Instant from which on a certificate is not valid, Unix seconds", "file"
)

# Worker
ATTEMPTS: Final = _counter(
    "delivery_attempts", "Attempts to deliver to a recipient, by outcome and stage", "outcome", "stage", most=60
)
ATTEMPT_SECONDS: Final = _histogram("delivery_attempt_seconds", "Time of an attempt", DELIVERY_S, "outcome")
STAGE_SECONDS: Final = _histogram(
    "delivery_stage_seconds",
    "Time of a stage: `connect`, `tls` (the handshake), `opening` (from the connection to mail, `tls` included), "
    "`envelope` (from MAIL to the reply to DATA), `content` (until the reply to it)",
    DELIVERY_S,
    "stage",
)
DELIVERY_TLS: Final = _counter(
    "delivery_tls", "Recipients that were delivered to, by version of TLS", "version", most=6
)
TLS_FAILURES: Final = _counter(
    "delivery_tls_failures", "Attempts at which TLS failed, also where mail went on without it"
)
QUEUE_SECONDS: Final = _histogram("delivery_queue_seconds", "Age of a message when a recipient has got it", AGE_S)
BY_DESTINATION: Final = _counter(
    "destination_attempts",
    f"Attempts, by destination: the {TOP_DESTINATIONS} with the most traffic, and all others",
    *("destination", "outcome"),
    most=4 * (TOP_DESTINATIONS + 1),
)
FAILURE_CLASSES: Final = _counter("delivery_failures", "Attempts that failed, by class of failure", "class")
FEEDBACK: Final = _counter("feedback", "Reports about mail that went out, by kind", "kind", most=10)
HOSTS_FAILED: Final = _counter("delivery_hosts_failed", "Hosts that passed a recipient on to the next host", "stage")
POOL_MESSAGES: Final = _counter(
    "delivery_connections", "Messages that went over a connection that waited, or a new one", "use", most=2
)
POOL_ENDED: Final = _counter("delivery_connections_ended", "Connections that waited, and ended without use")
OPEN_LEASES: Final = _gauge("delivery_leases", "Leases of this worker that are under way")
DNS_QUESTIONS: Final = _counter("dns_questions", "Questions, by where their answer came from", "from", most=4)
DNS_ANSWERS: Final = _counter(
    "dns_answers", "Answers of name servers: found, NODATA, NXDOMAIN, failed", "answer", most=5
)
DNS_SECONDS: Final = _histogram("dns_answer_seconds", "Time until name servers answered or failed", QUICK_S)
BREAKERS: Final = _counter("delivery_breaker_openings", "Times that a circuit breaker opened")
SHAPED: Final = _counter("delivery_shaped", "Actions of shaping rules", "action", most=8)
SUPPRESSIONS: Final = _counter("delivery_suppressions", "Addresses that hosts refused for good, and get no more mail")
REPORTS_RECEIVED: Final = _counter("domain_reports_received", "Reports of other hosts that were read", "kind")
CRASHES: Final = _counter("delivery_crashes", "Deliveries and leases that a fault of Empath ended")

# Housekeeper
REPORTS: Final = _counter("reports", "Reports to senders that were queued", "kind", most=8)
DOMAIN_REPORTS: Final = _counter(
    "domain_reports", "Reports to other domains, and what became of them", "kind", "result"
)
LEASES_RELEASED: Final = _counter("leases_released", "Leases of dead processes that were released")
HOUSEKEEPING_FAILURES: Final = _counter("housekeeping_failures", "Rounds of a duty that failed", "duty")
CLOCK_STEPS: Final = _counter("clock_steps", "Steps of the wall clock")

# httpd
QUEUE_RECIPIENTS: Final = _gauge("queue_recipients", "Recipients in the queue, by status", "status", most=12)
QUEUE_MESSAGES: Final = _gauge("queue_messages", "Messages with a live recipient")
QUEUE_OCTETS: Final = _gauge("queue_octets", "Octets of these messages")
QUEUE_OLDEST: Final = _gauge("queue_oldest_seconds", "Age of the oldest of these messages")
QUEUE_DESTINATIONS: Final = _gauge("queue_destinations", "Destinations that have live recipients")
QUEUE_FROZEN: Final = _gauge("queue_frozen", "1 while delivery is frozen")
QUEUE_AGES: Final = _gauge(
    "queue_age_messages", "Messages with a live recipient that are younger than `below` seconds", "below", most=10
)
WAL_OCTETS: Final = _gauge("database_wal_octets", "Size of the write-ahead log")
DISK_FREE: Final = _gauge("disk_free_octets", "Free space of the disk of the queue")
QUEUE_READ: Final = _gauge("queue_read_time_seconds", "Instant at which the values of the queue were read")
DELIVERY_SUCCESS: Final = _gauge(
    "delivery_success_ratio", "Share of attempts that delivered, over the last time; no value without attempts", "over"
)
DELIVERY_ERRORS: Final = _gauge(
    "delivery_error_ratio", "Share of attempts that failed for good or expired, over the last time", "over"
)
REFUSAL_RATIO: Final = _gauge(
    "smtp_refusal_ratio", "Share of refusals among refusals and accepted messages, over the last time", "over"
)
HEALTH: Final = _gauge("health_ready", "1 while a component of the service is ready", "component", most=8)
SCRAPES: Final = _counter("scrapes", "Times that the metrics of all processes were collected")
EVENTS_KEPT: Final = _gauge("events_kept", "Events for consumers that are kept, sent or not")
EVENTS_LAG: Final = _gauge("events_lag", "Events after the cursor of a consumer", "consumer")
EVENTS_LAG_SECONDS: Final = _gauge("events_lag_seconds", "Age of the first of these", "consumer")
EVENTS_ASIDE: Final = _gauge("events_aside", "Events that a consumer refused and is sent again", "consumer")
EVENTS_DEAD: Final = _gauge("events_dead", "Dead letters of a consumer", "consumer")
CONSUMER_FAILURES: Final = _gauge("events_consumer_failures", "Requests to a consumer that failed in a row", "consumer")
EVENTS_LOST_TO: Final = _gauge("events_lost", "Events that ended before a consumer took them", "consumer")
POLICY_READS: Final = _counter("mta_sts_policy_reads", "Times that a host read a policy of MTA-STS here", "domain")
LEFT_OUT: Final = _counter("scrape_left_out", "Processes that gave no metrics in time, and were left out", "slot")

# Publisher
EVENTS_SENT: Final = _counter("events_sent", "Events that a consumer took", "consumer")
CONSUMER_OUTAGES: Final = _counter("events_outages", "Times that a consumer began to fail", "consumer")

# In the order of docs/metrics.md.
CATALOGUE: Final[dict[str, tuple[Metric, ...]]] = {
    "Every process": (
        *(
            EVENTS,
            COMMIT_SECONDS,
            COMMIT_WRITES,
            FAILED_WRITES,
            LOCK_WAITS,
            MODULE_FAILURES,
            LOG_LINES_LOST,
            TRACE_SPANS,
        ),
        *(CPU_SECONDS, MEMORY, DESCRIPTORS, STARTED_AT, METRIC_SERIES),
    ),
    "Acceptor": (
        *(CONNECTIONS, OPEN_SESSIONS, SESSION_ENDS, SESSION_SECONDS, MESSAGES, RECIPIENTS, OCTETS, ACCEPT_SECONDS),
        *(DUPLICATES, REFUSALS, LIMITS_REACHED, LOGINS, AUTHENTICATION, SEALS, CERTIFICATE_END),
        *(MILTER_VERDICTS, MILTER_FAILURES),
    ),
    "Worker": (
        *(
            ATTEMPTS,
            ATTEMPT_SECONDS,
            STAGE_SECONDS,
            QUEUE_SECONDS,
            BY_DESTINATION,
            FAILURE_CLASSES,
            HOSTS_FAILED,
            FEEDBACK,
        ),
        *(DELIVERY_TLS, TLS_FAILURES, POOL_MESSAGES, POOL_ENDED, OPEN_LEASES),
        *(DNS_QUESTIONS, DNS_ANSWERS, DNS_SECONDS, BREAKERS, SHAPED, SUPPRESSIONS, CRASHES, REPORTS_RECEIVED),
    ),
    "Housekeeper": (REPORTS, DOMAIN_REPORTS, LEASES_RELEASED, HOUSEKEEPING_FAILURES, CLOCK_STEPS),
    "httpd": (
        *(QUEUE_RECIPIENTS, QUEUE_MESSAGES, QUEUE_OCTETS, QUEUE_OLDEST, QUEUE_DESTINATIONS, QUEUE_FROZEN, QUEUE_READ),
        *(QUEUE_AGES, WAL_OCTETS, DISK_FREE),
        *(EVENTS_KEPT, EVENTS_LAG, EVENTS_LAG_SECONDS, EVENTS_ASIDE, EVENTS_DEAD, CONSUMER_FAILURES, EVENTS_LOST_TO),
        *(DELIVERY_SUCCESS, DELIVERY_ERRORS, REFUSAL_RATIO, HEALTH, SCRAPES, LEFT_OUT, POLICY_READS),
    ),
    "Publisher": (EVENTS_SENT, CONSUMER_OUTAGES),
}
BY_NAME: Final[dict[str, Metric]] = {metric.name: metric for group in CATALOGUE.values() for metric in group}
