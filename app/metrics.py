"""Prometheus metrics of the product. Names follow the Prometheus conventions: unit last, `_total` on counters."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

replies_total = Counter("assistify_replies_total", "Replies that ended, by how.", ["finish_reason"], registry=REGISTRY)
reply_first_token_seconds = Histogram(
    "assistify_reply_first_token_seconds", "Claim of a reply to its first token.", buckets=_FAST, registry=REGISTRY
)
reply_seconds = Histogram(
    "assistify_reply_seconds", "Claim of a reply to its stored end.", buckets=_FAST, registry=REGISTRY
)
reply_tokens_total = Counter("assistify_reply_tokens_total", "Tokens generated.", registry=REGISTRY)
stage_seconds = Histogram(
    "assistify_pipeline_stage_seconds", "Time of one pipeline stage.", ["stage"], buckets=_FAST, registry=REGISTRY
)
stage_failures_total = Counter(
    "assistify_pipeline_stage_failures_total", "Stages that failed and were degraded.", ["stage"], registry=REGISTRY
)
fallbacks_total = Counter(
    "assistify_fallbacks_total", "Answers replaced by a safe fallback, by reason.", ["reason"], registry=REGISTRY
)
suggestions_total = Counter(
    "assistify_suggestions_total", "Answers suggested to agents, by result.", ["result"], registry=REGISTRY
)
takeovers_total = Counter("assistify_takeovers_total", "Takeovers of a running reply.", registry=REGISTRY)
publish_failures_total = Counter(
    "assistify_publish_failures_total", "Publishes the bus did not take; readers heal from the log.", registry=REGISTRY
)
jobs_total = Counter(
    "assistify_jobs_total", "Jobs that ended, by lane and result.", ["lane", "result"], registry=REGISTRY
)
deliveries_total = Counter(
    "assistify_deliveries_total", "Parts on external channels that moved.", ["channel", "status"], registry=REGISTRY
)
webhook_events_total = Counter(
    "assistify_webhook_events_total", "What vendors sent, by verdict.", ["channel", "verdict"], registry=REGISTRY
)
webhook_seconds = Histogram(
    "assistify_webhook_seconds", "A vendor's request to its answer.", ["channel"], buckets=_FAST, registry=REGISTRY
)
connections = Gauge("assistify_connections", "Open sockets.", registry=REGISTRY)
degraded = Gauge("assistify_degraded", "1 while a part is away.", ["part"], registry=REGISTRY)
