"""What went wrong between us and a registry, in a sentence that helps; it quotes no answer and no secret."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

from pyevents.errors import RegistryError, RegistryUnreachable, SchemaRefused, SchemaUnknown

__all__ = ["of_answer", "of_transport"]

# Answers that a later try may change: time-outs, throttling, and servers or proxies in trouble (RFC 9110, 15.5-15.6).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_A_REGISTRY = -1
_READ_ONLY = 42205
_NO_REGISTRY = "something answers there that is no schema registry"
_URL = "Is the URL right, path included? Apicurio's ends with /apis/ccompat/v7."


def of_answer(url: str, what: str, error: Any) -> RegistryError:
    """Return the error for an answer other than 2xx.

    Args:
        url: Of the registry, without a password.
        what: What was asked for.
        error: The client library's error, with `http_status_code`, `error_code` and `error_message`.
    """
    status = error.http_status_code
    if status == 401:
        return RegistryUnreachable(url, "it does not know us (401)", "Are user and password, or the token, right?")
    if status == 403:
        return RegistryUnreachable(url, "it knows us and forbids this (403)", "Ask for the right to do it.")
    if 300 <= status < 400:
        return RegistryUnreachable(url, f"it sends us elsewhere ({status})", "Give the URL that it sends to.")
    if status in (502, 503, 504) and error.error_code == _NOT_A_REGISTRY:
        return RegistryUnreachable(url, f"a proxy before it answers {status}", "Is the registry behind it running?")
    if status in _PASSING:
        return RegistryUnreachable(url, f"it answers {status}", "See its own log; trying again may help.")
    if error.error_code in (_NOT_A_REGISTRY, None):
        return RegistryUnreachable(url, f"{_NO_REGISTRY} ({status})", _URL)
    if error.error_code == _READ_ONLY:
        return SchemaRefused(what, url, "it is read-only (its mode). Set the mode to READWRITE, or ask who set it")
    if status == 404:
        return SchemaUnknown(what, url)
    return SchemaRefused(what, url, f"{error.error_message} (status {status})")


def of_transport(url: str, error: BaseException, timeout: float) -> RegistryUnreachable:
    """Return the error for a question that got no answer, or one that was not JSON."""
    chain = list(_chain(error))
    if any(isinstance(one, json.JSONDecodeError) for one in chain):
        return RegistryUnreachable(url, f"{_NO_REGISTRY}: its answer is not JSON", _URL)
    if isinstance(error, TypeError | AttributeError | KeyError):
        return RegistryUnreachable(url, f"{_NO_REGISTRY}: its answer has another form", _URL)
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    if "OAuthTokenError" in names:
        return RegistryUnreachable(
            url, "the OAuth server gave no token", "Are the endpoint, the client's id and its secret right?"
        )
    if any(isinstance(one, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(one) for one in chain):
        return RegistryUnreachable(
            url, "no CA that is trusted here has signed its certificate", "Give the CA's file as ssl.ca.location."
        )
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return RegistryUnreachable(
            url, "there is no TLS connection", "Does it want a client's certificate (ssl.certificate.location)?"
        )
    if any(isinstance(one, socket.gaierror) for one in chain):
        return RegistryUnreachable(url, "its host name is not known here", "Is SCHEMA_REGISTRY_URL right?")
    if "ConnectError" in names:
        return RegistryUnreachable(url, "nobody listens there")
    if "TimeoutException" in names:
        return RegistryUnreachable(url, f"it does not answer within {timeout:g} s")
    return RegistryUnreachable(url, f"it does not answer ({type(error).__name__})")


def _chain(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
