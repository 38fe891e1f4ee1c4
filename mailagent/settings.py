"""Settings, all from the environment. Every name is described in docs/administration.md."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

STATE = Path(env.str("MAILAGENT_STATE", default="var"))
STATE = STATE if STATE.is_absolute() else BASE_DIR / STATE

# --- Who we are ---------------------------------------------------------------------------
HOSTNAME: str = env.str("MAILAGENT_HOSTNAME", default="localhost")
BIND: str = env.str("MAILAGENT_BIND", default="127.0.0.1")
WEB_PORT: int = env.int("MAILAGENT_WEB_PORT", default=8000)
SMTP_PORT: int = env.int("MAILAGENT_SMTP_PORT", default=2525)
BASE_URL: str = env.str("MAILAGENT_BASE_URL", default=f"http://127.0.0.1:{WEB_PORT}").rstrip("/")
MAIL_PROCESSES: int = env.int("MAILAGENT_MAIL_PROCESSES", default=min(2, os.cpu_count() or 1))
DEBUG = env.bool("MAILAGENT_DEBUG", default=False)


def _secret_key() -> str:
    """The key from the environment, else the one kept in the state folder by the supervisor."""
    given: str = env.str("MAILAGENT_SECRET_KEY", default="")
    if given:
        return given
    kept = STATE / "secret-key"
    return kept.read_text().strip() if kept.is_file() else ""


SECRET_KEY = _secret_key() or "not-a-secret: mailagent.E001 refuses to serve with this"
SECRET_KEY_FALLBACKS: list[str] = env.list("MAILAGENT_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("MAILAGENT_ALLOWED_HOSTS", default=[])
ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]", HOSTNAME, urlsplit(BASE_URL).hostname or ""]

# --- Mail ---------------------------------------------------------------------------------
# The name of a domain on which every workspace may open inboxes; "" = each on its own domains.
DEFAULT_DOMAIN: str = env.str("MAILAGENT_DEFAULT_DOMAIN", default="")
TRANSPORT: str = env.str("MAILAGENT_TRANSPORT", default="catcher")
# Connections at a time to one receiving domain, when mail goes there directly.
DOMAIN_CONNECTIONS: int = env.int("MAILAGENT_DOMAIN_CONNECTIONS", default=10)
DNS: str = env.str("MAILAGENT_DNS", default="")  # "host:port" of a resolver; "" = the system's
# Networks (CIDR) that webhooks may reach although they are not public.
WEBHOOK_ALLOW: list[str] = env.list("MAILAGENT_WEBHOOK_ALLOW", default=[])
# The same for pictures in mail that reviewers ask for.
PICTURES_ALLOW: list[str] = env.list("MAILAGENT_PICTURES_ALLOW", default=[])
# What a domain's SPF record must permit: a smarthost's "include:spf.provider.com", for one.
SPF: str = env.str("MAILAGENT_SPF", default=f"a:{HOSTNAME}")
# Scanners of incoming mail; "" = none. "http://127.0.0.1:11333"; "host:port" or a socket's path.
RSPAMD: str = env.str("MAILAGENT_RSPAMD", default="")
CLAMAV: str = env.str("MAILAGENT_CLAMAV", default="")
# How many automatic messages of a worker may be in doubt at once, should it die; 0: any number.
AUTOMATIC_AT_ONCE: int = env.int("MAILAGENT_AUTOMATIC_AT_ONCE", default=1)
# Whether young domains get a cap on a day's messages: "direct" (where we bring the mail to its MX
# ourselves), "always" or "never"; and the domains that sent mail before they came here.
WARM_UP: str = env.str("MAILAGENT_WARM_UP", default="direct")
WARM_DOMAINS: list[str] = env.list("MAILAGENT_WARM_DOMAINS", default=[])
MESSAGE_SIZE_LIMIT: int = env.int("MAILAGENT_MESSAGE_SIZE_LIMIT", default=25 * 1024 * 1024)
TLS_CERTIFICATE: str = env.str("MAILAGENT_TLS_CERTIFICATE", default="")
TLS_KEY: str = env.str("MAILAGENT_TLS_KEY", default="")
METRICS_TOKEN: str = env.str("MAILAGENT_METRICS_TOKEN", default="")  # "" = this machine alone
MIN_FREE_DISK: int = env.int("MAILAGENT_MIN_FREE_DISK", default=200 * 1024 * 1024)

# --- Parts --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # mailagent.urls loads what is shown there
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "channels",
    "drf_spectacular",
    "axes",
    "events",
    "accounts",
    "inboxes",
    "outbound",
    "tracking",
    "drafts",
    "learning",
    "servers",
    "mailagent",
]

MIDDLEWARE = [
    "mailagent.measuring.MeasuringMiddleware",
    "mailagent.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mailagent.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "mailagent.urls"
ASGI_APPLICATION = "mailagent.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "drafts.pages.context.site",
            ],
        },
    },
]

# --- Services -----------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///mailagent")}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})
if env.bool("MAILAGENT_DB_POOL", default=True):
    # Each ASGI request runs in a thread of its own: without a pool each would connect anew.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 32, "timeout": 10}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("MAILAGENT_PGBOUNCER", default=False)
if not DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"]:
    # For what asks to be planned once (`events.statements`); Django's own queries never do.
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5

REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "mailagent"},
    },
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
}

CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A hint that cannot be given is dropped at once: the sweeper finds the work.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5}
CELERY_BEAT_SCHEDULE = {
    "sweep-deliveries": {"task": "outbound.tasks.sweep", "schedule": 5.0},
    "check-domains": {"task": "outbound.tasks.check_domains", "schedule": 60.0},
    "prune-events": {"task": "events.tasks.prune", "schedule": 600.0},
    "prune-idempotent-calls": {
        "task": "accounts.tasks.prune_idempotent_calls",
        "schedule": 3600.0,
    },
    "settle-hits": {"task": "tracking.tasks.settle_hits", "schedule": 5.0},
    "forget-sources-of-hits": {"task": "tracking.tasks.forget_sources", "schedule": 3600.0},
    "authenticate-later": {"task": "inboxes.tasks.authenticate_later", "schedule": 60.0},
    "prune-arrivals": {"task": "inboxes.tasks.prune_arrivals", "schedule": 3600.0},
}

# --- Sign-in ------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "queue"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
# By name *and* address: a stranger's failures never lock the owner out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False

_tls = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = _tls
CSRF_COOKIE_SECURE = _tls
CSRF_COOKIE_HTTPONLY = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_HSTS_SECONDS = 31536000 if _tls else 0
BEHIND_PROXY = env.bool("MAILAGENT_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024

# --- The agents' API ----------------------------------------------------------------------
# Requests a minute, for each key and for each workspace; 0: any number.
RATE_LIMIT: int = env.int("MAILAGENT_RATE_LIMIT", default=6_000)
WORKSPACE_RATE_LIMIT: int = env.int("MAILAGENT_WORKSPACE_RATE_LIMIT", default=30_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "mailagent.errors.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "mailagent",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "DomainStatus": "inboxes.models.Domain.Status",
        "InboxStatus": "inboxes.models.Inbox.Status",
        "MessageStatus": "inboxes.models.Message.Status",
        "ThreadStatus": "inboxes.models.Thread.Status",
        "DraftStatus": "drafts.models.Draft.Status",
        "EventType": "events.models.EventType",
        "WebhookDeliveryStatus": "events.webhooks.models.WebhookDelivery.Status",
    },
}

# --- Pages --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE / "static"
WHITENOISE_USE_FINDERS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "mailagent.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("MAILAGENT_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "mail.log": {"level": "ERROR"},  # aiosmtpd tells every command, with addresses
        "axes": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
