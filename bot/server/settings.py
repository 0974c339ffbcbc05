"""What the operator tells the server, read once from the environment. docs/operations.md has names and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.fetching.credentials import Credentials, CredentialsUnreadable, read_credentials
from bot.fetching.hosts import NoHosts, named_hosts

ARGO_HELM = "https://argoproj.github.io/argo-helm"


class SettingsError(Exception):
    """A setting is missing or wrong. The message is one sentence that names it."""


CREDENTIALS = ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_PRIVATE_KEY_PATH", "GITHUB_WEBHOOK_SECRET")

_SETUP = "ARGOFIX_SETUP_URL"
_NO_APP = (
    "No GitHub App is configured: set GITHUB_APP_ID, GITHUB_PRIVATE_KEY or GITHUB_PRIVATE_KEY_PATH, and "
    "GITHUB_WEBHOOK_SECRET; to register one, start with ARGOFIX_SETUP_URL set to the address under which browsers "
    "and GitHub reach this server (https://argofix.example.com), and open the address that its log then shows."
)

# Of these the server keeps what they say, and nothing else; see `bot.process.own_process`.
SECRET_VARIABLES = ("GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "ARGOFIX_DATABASE_URL")


@dataclass(frozen=True, slots=True)
class Settings:
    """The server's settings. Intervals (0: never) and limits are in seconds; secrets stay out of `repr`."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_url: str = "https://api.github.com"
    quay_url: str = "https://quay.io"
    charts_url: str = ARGO_HELM
    releases_url: str | None = None  # None: where `api_url` is
    state_dir: Path = Path("state")
    database_url: str = field(default="", repr=False)  # may carry a password
    host: str = "0.0.0.0"  # noqa: S104 - a server in a container listens on every address
    port: int = 8080
    public_url: str = ""  # where browsers reach the server; '' for nowhere
    renderer: str | None = None
    engine: str | None = None
    cluster: bool = True
    kubeconfig: str = ""  # paths, as KUBECONFIG lists them
    poll_interval: float = 3600.0
    bumps_per_hour: int = 5
    reconcile_interval: float = 600.0
    content_per_minute: int = 70  # comments, reactions and pull requests of one installation; 0: no pace
    content_per_hour: int = 450
    workers: int = 4
    run_limit: float = 1800.0
    render_seconds: float = 900.0  # of the renderer, for one evaluation
    manifest_mb: int = 256  # of manifests that one evaluation keeps
    fetch_hosts: frozenset[str] = frozenset()  # that may be private: `host` or `host:port`
    fetch_credentials: Credentials = field(default_factory=Credentials, repr=False)
    log_level: str = "info"
    log_format: str = "text"
    key_file: str = ""  # where the private key was read from; empty when it came in the environment

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `SettingsError` for the first thing that is wrong. Empty variables count as unset."""
        env = {name: value for name, value in environ.items() if value.strip()}
        state_dir = Path(env.get("ARGOFIX_STATE_DIR", "./state"))
        if not any(name in env for name in CREDENTIALS):
            raise SettingsError(_NO_APP)
        if _SETUP in env and (missing := _missing(env)):
            lacking = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
            raise SettingsError(f"{lacking} not set; {_SETUP} registers an App only where nothing of one is set.")
        secret = env.get("GITHUB_WEBHOOK_SECRET")
        if secret is None:
            raise SettingsError(
                "GITHUB_WEBHOOK_SECRET is not set; anyone could send webhooks, so the server does not start."
            )
        return cls(
            app_id=_number(env, "GITHUB_APP_ID", None),
            private_key=_private_key(env),
            webhook_secret=secret.strip(),
            api_url=_url(env, "GITHUB_API_URL", "https://api.github.com"),
            quay_url=_url(env, "QUAY_URL", "https://quay.io"),
            releases_url=_url(env, "ARGOFIX_RELEASES_URL", "") if "ARGOFIX_RELEASES_URL" in env else None,
            state_dir=state_dir,
            database_url=database_url(env),
            host=env.get("HOST", "0.0.0.0"),  # noqa: S104
            port=_number(env, "PORT", 8080, low=0, high=65535),
            public_url=_url(env, "ARGOFIX_PUBLIC_URL", "") if "ARGOFIX_PUBLIC_URL" in env else "",
            renderer=env.get("ARGOFIX_RENDERER"),
            engine=env.get("ARGOFIX_ENGINE"),
            cluster=cluster_wanted(env),
            kubeconfig=env.get("KUBECONFIG", ""),
            charts_url=_url(env, "ARGOFIX_CHARTS_URL", ARGO_HELM),
            bumps_per_hour=_number(env, "ARGOFIX_BUMPS_PER_HOUR", 5),
            poll_interval=_number(env, "ARGOFIX_POLL_INTERVAL", 3600, low=0),
            reconcile_interval=_number(env, "ARGOFIX_RECONCILE_INTERVAL", 600, low=0),
            content_per_minute=_number(env, "ARGOFIX_CONTENT_PER_MINUTE", 70, low=0),
            content_per_hour=_number(env, "ARGOFIX_CONTENT_PER_HOUR", 450, low=0),
            workers=_number(env, "ARGOFIX_WORKERS", 4, high=64),
            run_limit=_number(env, "ARGOFIX_RUN_LIMIT", 1800),
            render_seconds=_number(env, "ARGOFIX_RENDER_SECONDS", 900),
            manifest_mb=_number(env, "ARGOFIX_MANIFEST_MB", 256, low=16, high=2**16),
            fetch_hosts=_hosts(env),
            fetch_credentials=_credentials(env),
            log_level=_choice(env, "ARGOFIX_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            log_format=_choice(env, "ARGOFIX_LOG_FORMAT", "text", ("text", "json")),
            key_file="" if "GITHUB_PRIVATE_KEY" in env else env.get("GITHUB_PRIVATE_KEY_PATH", ""),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged."""
        password = urlsplit(self.database_url).password
        own = (self.webhook_secret, self.private_key, password)
        return tuple(secret for secret in (*own, *self.fetch_credentials.secrets) if secret)


@dataclass(frozen=True, slots=True)
class SetupSettings:
    """How the App is registered where none is configured: `public_url` is where browsers and GitHub reach the server,
    `store` what becomes of the credentials (`file` in the state directory, or `secret`: shown as a command)."""

    public_url: str
    api_url: str
    state_dir: Path
    store: str
    host: str
    port: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> SetupSettings | None:
        """None when an App is configured, or nobody asked for the setup. Raises `SettingsError`."""
        env = {name: value for name, value in environ.items() if value.strip()}
        if "ARGOFIX_SETUP_URL" not in env or any(name in env for name in CREDENTIALS):
            return None
        return cls(
            public_url=_url(env, "ARGOFIX_SETUP_URL", ""),
            api_url=_url(env, "GITHUB_API_URL", "https://api.github.com"),
            state_dir=Path(env.get("ARGOFIX_STATE_DIR", "./state")),
            store=_choice(env, "ARGOFIX_SETUP_STORE", "file", ("file", "secret")),
            host=env.get("HOST", "0.0.0.0"),  # noqa: S104
            port=_number(env, "PORT", 8080, low=0, high=65535),
        )


@dataclass(frozen=True, slots=True)
class SourceUrls:
    """Where versions are asked for: the registry, and the API that has the releases."""

    quay: str
    releases: str
    charts: str


def source_urls(environ: Mapping[str, str]) -> SourceUrls:
    """QUAY_URL, ARGOFIX_RELEASES_URL or else GITHUB_API_URL, ARGOFIX_CHARTS_URL. Raises `SettingsError`."""
    env = {name: value for name, value in environ.items() if value.strip()}
    api = _url(env, "GITHUB_API_URL", "https://api.github.com")
    return SourceUrls(
        _url(env, "QUAY_URL", "https://quay.io"),
        _url(env, "ARGOFIX_RELEASES_URL", api),
        _url(env, "ARGOFIX_CHARTS_URL", ARGO_HELM),
    )


def cluster_wanted(environ: Mapping[str, str]) -> bool:
    """Whether clusters may be asked: ARGOFIX_CLUSTER. Raises `SettingsError`."""
    return _choice(environ, "ARGOFIX_CLUSTER", "on", ("on", "off")) == "on"


def _missing(env: Mapping[str, str]) -> list[str]:
    missing = [name for name in ("GITHUB_APP_ID", "GITHUB_WEBHOOK_SECRET") if name not in env]
    if "GITHUB_PRIVATE_KEY" not in env and "GITHUB_PRIVATE_KEY_PATH" not in env:
        missing.append("GITHUB_PRIVATE_KEY (or GITHUB_PRIVATE_KEY_PATH)")
    return missing


def _number(env: Mapping[str, str], name: str, default: int | None, *, low: int = 1, high: int = 2**53) -> int:
    text = env.get(name)
    if text is None:
        if default is None:
            raise SettingsError(f"{name} is not set.")
        return default
    try:
        value = int(text)
    except ValueError:
        raise SettingsError(f"{name} must be a whole number, not {text!r}.") from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _choice(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = (env.get(name) or default).strip().lower()
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def _hosts(env: Mapping[str, str]) -> frozenset[str]:
    try:
        return named_hosts(env.get("ARGOFIX_FETCH_HOSTS", ""))
    except NoHosts as error:
        raise SettingsError(f"ARGOFIX_FETCH_HOSTS: {error}.") from None


def _credentials(env: Mapping[str, str]) -> Credentials:
    where = env.get("ARGOFIX_FETCH_CREDENTIALS")
    try:
        return Credentials() if where is None else read_credentials(Path(where))
    except CredentialsUnreadable as error:
        raise SettingsError(f"ARGOFIX_FETCH_CREDENTIALS: {error}.") from None


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name, default).strip().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise SettingsError(f"{name} must be an http or https address without a user name.")
    return text


def database_url(environ: Mapping[str, str]) -> str:
    """ARGOFIX_DATABASE_URL, else the file in ARGOFIX_STATE_DIR. Raises `SettingsError`."""
    env = {name: value for name, value in environ.items() if value.strip()}
    text = env.get(
        "ARGOFIX_DATABASE_URL", f"sqlite:///{Path(env.get('ARGOFIX_STATE_DIR', './state')) / 'argofix.db'}"
    )
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise SettingsError("ARGOFIX_DATABASE_URL must start with sqlite:/// or postgresql://.")
    return text


def _private_key(env: Mapping[str, str]) -> str:
    text, name = env.get("GITHUB_PRIVATE_KEY"), "GITHUB_PRIVATE_KEY"
    if text is None:
        name = "GITHUB_PRIVATE_KEY_PATH"
        where = env.get(name)
        if where is None:
            raise SettingsError("Neither GITHUB_PRIVATE_KEY nor GITHUB_PRIVATE_KEY_PATH is set.")
        try:
            text = Path(where).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(f"{name}: {where} cannot be read: {reason}.") from None
    if "\n" not in text.strip():
        # Compose files and CI variables often hold a PEM on one line, with its line ends written as \n.
        text = text.replace("\\n", "\n")
    try:
        key = load_pem_private_key(text.encode("utf-8", "surrogateescape"), None)
    except Exception:  # whatever the parser says may quote the key
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(f"{name} does not hold an RSA private key in PEM form without a passphrase.")
    return text
