"""How to reach a registry that asks who one is: from arguments, environment and files; it opens no connection.

Names are those of Confluent's client. `SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO` is `basic.auth.user.info`, and with
`_FILE` at its end the file that holds the value, as containers are given secrets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from pyevents.errors import ConfigurationInvalid, did_you_mean

__all__ = ["KNOWN", "client_settings", "read_properties"]

KNOWN = frozenset(
    {
        "basic.auth.user.info",
        "bearer.auth.client.id",
        "bearer.auth.client.secret",
        "bearer.auth.identity.pool.id",
        "bearer.auth.issuer.endpoint.url",
        "bearer.auth.logical.cluster",
        "bearer.auth.scope",
        "bearer.auth.token",
        "proxy",
        "ssl.ca.location",
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
    }
)
"""What can be set."""

_PREFIX = "SCHEMA_REGISTRY_"
_PLAIN = {"basic.auth.user.info", "bearer.auth.token"}
_OAUTH = ("client.id", "client.secret", "issuer.endpoint.url", "scope")


def client_settings(
    url: str, given: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, str | bool]:
    """Return the settings of Confluent's client: `url` without a password, and who we are.

    Args:
        url: One or several, separated by commas; the first's user and password count.
        given: Properties; each wins over the environment's.
        environment: Default is that of the process.

    Raises:
        ConfigurationInvalid: A name is unknown, or a file cannot be read.
    """
    for name in given or {}:
        if name not in KNOWN:
            remedy = did_you_mean(name, KNOWN, f"There are {', '.join(sorted(KNOWN))}.")
            raise ConfigurationInvalid(name, "the registry client has no such property", remedy)
    found = {**_environment(os.environ if environment is None else environment), **(given or {})}
    addresses = [urlsplit(part.strip()) for part in url.split(",")]
    first = addresses[0]
    if first.username is not None:
        found.setdefault("basic.auth.user.info", f"{unquote(first.username)}:{unquote(first.password or '')}")
    if ":" not in found.get("basic.auth.user.info", ":"):
        raise ConfigurationInvalid("basic.auth.user.info", "it has no colon", "Give it as user:password.")
    # A password in an address would be in every line that the HTTP library logs.
    bare = [urlunsplit(one._replace(netloc=one.netloc.rpartition("@")[2])) for one in addresses]
    settings: dict[str, str | bool] = {"url": ",".join(bare), **found, **_source(found)}
    if all(one.scheme == "http" for one in addresses) and found.keys() <= _PLAIN:
        # Nobody is trusted where there is no TLS, and reading all authorities takes the client 20 ms (measured).
        settings["ssl.ca.location"] = False
    return settings


def read_properties(path: Path) -> dict[str, str]:
    """Read a file of `name=value` lines; `#` begins a comment, and `schema.registry.` before a name is left out.

    Raises:
        ConfigurationInvalid: It cannot be read, or a line is none.
    """
    found = {}
    for number, line in enumerate(_text(str(path), path).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise ConfigurationInvalid(str(path), f"line {number} is no name=value", "Correct the line.")
        found[name.strip().removeprefix("schema.registry.")] = value.strip()
    return found


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in KNOWN:
        variable = _PREFIX + name.upper().replace(".", "_")
        if environment.get(variable):
            found[name] = environment[variable]
        elif environment.get(f"{variable}_FILE"):
            found[name] = _text(f"{variable}_FILE", Path(environment[f"{variable}_FILE"])).strip()
    return found


def _text(setting: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigurationInvalid(setting, f"{path} cannot be read: {problem}", "Name a readable file.") from None


def _source(found: Mapping[str, str]) -> dict[str, str]:
    """Say which of the client's ways to a token is meant; it wants a cluster's name that only Confluent Cloud reads."""
    cluster = {"bearer.auth.logical.cluster": found.get("bearer.auth.logical.cluster", "default")}
    if "bearer.auth.token" in found:
        return {"bearer.auth.credentials.source": "STATIC_TOKEN", **cluster}
    if not any(f"bearer.auth.{name}" in found for name in _OAUTH):
        return {}
    for name in _OAUTH[:3]:
        if f"bearer.auth.{name}" not in found:
            raise ConfigurationInvalid(f"bearer.auth.{name}", "OAuth client credentials need it", "Set it.")
    scope = {"bearer.auth.scope": found.get("bearer.auth.scope", "")}
    return {"bearer.auth.credentials.source": "OAUTHBEARER", **cluster, **scope}
