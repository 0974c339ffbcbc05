"""Figures for Prometheus. One `Metrics` per application with its own registry: nothing is global."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """Names follow Prometheus' conventions: base units, `_total` on counters. docs/operations.md lists them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.deliveries = Counter(
            "argofix_deliveries_total",
            "Webhook requests, by event and result (accepted, processed, ignored, refused)",
            ["event", "result"],
            registry=registry,
        )
        self.runs = Counter(
            "argofix_runs_total",
            "Runs of handlers, by event and result (ok, superseded, retried, limited, dead, returned, lost)",
            ["event", "result"],
            registry=registry,
        )
        self.webhook_seconds = Histogram(
            "argofix_webhook_duration_seconds", "Time to answer a webhook", buckets=_SECONDS, registry=registry
        )
        self.run_seconds = Histogram(
            "argofix_run_duration_seconds",
            "Time of a handler's run",
            ["event"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.wait_seconds = Histogram(
            "argofix_delivery_wait_seconds",
            "Time from acceptance to the first run",
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue = Gauge("argofix_queue_deliveries", "Deliveries by state", ["state"], registry=registry)
        self.queue_age = Gauge(
            "argofix_queue_oldest_age_seconds", "Age of the oldest delivery that waits", registry=registry
        )
        self.github_requests = Counter(
            "argofix_github_requests_total", "Answers of GitHub's API", ["method", "status"], registry=registry
        )
        self.github_remaining = Gauge(
            "argofix_github_rate_limit_remaining", "Requests left in this hour", ["scope"], registry=registry
        )
        self.limit_waits = Counter(
            "argofix_github_limit_waits_total",
            "Runs that went back to the queue for a limit, by limit (requests, content, spread)",
            ["limit"],
            registry=registry,
        )
        self.limited = Gauge(
            "argofix_github_limited_installations", "Installations whose work waits for a limit", registry=registry
        )
        self.render_seconds = Histogram(
            "argofix_render_duration_seconds",
            "Time of one rendering by kustomize, by result (rendered, failed)",
            ["result"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.render_cache = Counter(
            "argofix_render_cache_requests_total",
            "Renderings that were asked for, by result (hit, miss)",
            ["result"],
            registry=registry,
        )
        self.state_free = Gauge(
            "argofix_state_free_bytes", "Room left where the state directory lies", registry=registry
        )
        self.build = Info("argofix_build", "What is running", registry=registry)
        self.findings = Counter(
            "argofix_findings_total",
            "Introduced findings, by rule and severity",
            ["rule", "severity"],
            registry=registry,
        )
        self.version_requests = Counter(
            "argofix_version_requests_total", "Answers of registries", ["source", "status"], registry=registry
        )
        self.version_faults = Counter(
            "argofix_version_faults_total",
            "Looks for versions that came to nothing, by source and kind of fault",
            ["source", "kind"],
            registry=registry,
        )

    def observe_versions(self, source: str, status: int) -> None:
        """Fits `bot.registries.host.Host.observe`."""
        self.version_requests.labels(source, str(status)).inc()

    def observe_github(self, method: str, status: int, remaining: int | None, scope: str) -> None:
        """Fits `bot.github.client.Wire.observe`."""
        self.github_requests.labels(method, str(status)).inc()
        if remaining is not None:
            self.github_remaining.labels(scope).set(remaining)

    def observe_limit(self, limit: str) -> None:
        """Fits `bot.github.client.Wire.held`."""
        self.limit_waits.labels(limit).inc()

    def observe_rendering(self, seconds: float, result: str) -> None:
        """Fits `bot.rendering.kustomize.Renderer.observe`."""
        self.render_seconds.labels(result).observe(seconds)

    def observe_cache(self, result: str, count: int) -> None:
        """Fits `bot.rendering.driver.Engine.observe_cache`."""
        self.render_cache.labels(result).inc(count)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
