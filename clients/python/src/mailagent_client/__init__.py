"""The client of mailagent. `MailAgent` is the sync one, `AsyncMailAgent` the one for asyncio."""

from mailagent_client.client import AsyncMailAgent, MailAgent
from mailagent_client.errors import (
    ApiError,
    Conflict,
    CursorExpired,
    Forbidden,
    InvalidRequest,
    InvalidSignature,
    MailAgentError,
    NotFound,
    RateLimited,
    ServerFault,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    Unreachable,
)
from mailagent_client.webhooks import verify

__all__ = [
    "ApiError",
    "AsyncMailAgent",
    "Conflict",
    "CursorExpired",
    "Forbidden",
    "InvalidRequest",
    "InvalidSignature",
    "MailAgent",
    "MailAgentError",
    "NotFound",
    "RateLimited",
    "ServerFault",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "Unreachable",
    "verify",
]
