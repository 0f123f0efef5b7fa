"""Firebase service accounts: is this one, and what does the answer to a check say about it? Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from geoengage.messaging.rules.outcomes import Answer, Failed, Misconfigured, Outcome

# The id becomes part of a URL. Google: 6 to 30 of these; a few longer ones are kept from older days.
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,61}[a-z0-9]")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}@[a-z0-9.-]{1,150}\.gserviceaccount\.com")
_KEPT = ("type", "project_id", "private_key_id", "private_key", "client_email")
_WHERE = "Firebase console: Project settings, Service accounts, Generate new private key"
_MEMBERS = (("project_id", _PROJECT, "a Firebase project id"), ("client_email", _EMAIL, "a service account's address"))


class SenderStatus(StrEnum):
    """What is known of an app's credentials."""

    UNCHECKED = "unchecked"
    WORKS = "works"
    FAILS = "fails"


class CheckResult(StrEnum):
    """What a check found. `unreachable` and `busy` say nothing about the credentials."""

    WORKS = "works"
    WRONG_KEY = "wrong_key"
    API_DISABLED = "api_disabled"
    NOT_ALLOWED = "not_allowed"
    UNREACHABLE = "unreachable"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check, in words for people, with what the provider said."""

    result: CheckResult
    words: str
    answer: str

    @property
    def status(self) -> SenderStatus | None:
        """What the check proves; None when it proves nothing."""
        if self.result is CheckResult.WORKS:
            return SenderStatus.WORKS
        if self.result in (CheckResult.UNREACHABLE, CheckResult.BUSY):
            return None
        return SenderStatus.FAILS


_WORDS = {
    CheckResult.WORKS: "Google takes messages with this service account.",
    CheckResult.WRONG_KEY: "Google does not know this key: it was deleted, or belongs to another account."
    " Generate a new private key and put it here.",
    CheckResult.API_DISABLED: "The Firebase Cloud Messaging API (V1) is switched off in this project."
    " Switch it on in the Firebase console under Project settings, Cloud Messaging, and check again.",
    CheckResult.NOT_ALLOWED: "The service account may not send in this project. Give it the role"
    " Firebase Cloud Messaging API Admin, and check again.",
    CheckResult.UNREACHABLE: "Google could not be reached from this server. The credentials may be right; check again.",
    CheckResult.BUSY: "Google asks us to wait. The credentials may be right; check again in a minute.",
}


def check(result: CheckResult, answer: str) -> Check:
    """A result with its words."""
    return Check(result, _WORDS[result], answer)


def read_check(answer: Answer) -> Check:
    """What the answer to a validate_only message says about the credentials that sent it."""
    if answer.status == 200:
        return check(CheckResult.WORKS, answer.text)
    if answer.reason == "SERVICE_DISABLED":
        return check(CheckResult.API_DISABLED, answer.text)
    if answer.status == 401:
        return check(CheckResult.WRONG_KEY, answer.text)
    if answer.status == 429 or answer.status >= 500:
        return check(CheckResult.BUSY, answer.text)
    return check(CheckResult.NOT_ALLOWED, answer.text)


def read_smtp_check(trouble: Outcome | None) -> Check:
    """What a try to log in to an SMTP server says of the account; None: it went well."""
    match trouble:
        case None:
            return Check(CheckResult.WORKS, "The mail server takes e-mails of this account.", "logged in")
        case Misconfigured(what="smtp_auth"):
            words = "The mail server refuses user name or password. Mend them, and check again."
            return Check(CheckResult.WRONG_KEY, words, trouble.answer)
        case Misconfigured(what="smtp_tls"):
            words = "No encrypted connection: the certificate is not of this host, or it wants the other TLS mode."
            return Check(CheckResult.NOT_ALLOWED, words, trouble.answer)
        case Misconfigured():
            return Check(CheckResult.NOT_ALLOWED, "The mail server does not talk to us.", trouble.answer)
        case Failed(reason="smtp_busy"):
            return Check(CheckResult.BUSY, "The mail server asks us to wait. Check again in a minute.", trouble.answer)
        case Failed():
            words = "The mail server cannot be reached from here. Is host and port right? Check again."
            return Check(CheckResult.UNREACHABLE, words, trouble.answer)
        case _:
            return Check(CheckResult.UNREACHABLE, "The mail server did not answer.", "")


def service_account_flaws(account: Mapping[str, Any], token_uri: str) -> dict[str, str]:
    """What keeps this from being a Firebase service account, by member; `type` first when it is something else."""
    if (other := _something_else(account)) is not None:
        return {"type": f"{other}; get the service account's JSON in the {_WHERE}"}
    flaws = {}
    for name, pattern, what in _MEMBERS:
        value = account.get(name)
        if not isinstance(value, str):
            flaws[name] = "is missing; put the whole JSON file, unchanged"
        elif not pattern.fullmatch(value):
            flaws[name] = f"is not {what}"
    if (flaw := _key_flaw(account.get("private_key"))) is not None:
        flaws["private_key"] = flaw
    if account.get("token_uri", token_uri) != token_uri:
        flaws["token_uri"] = f"must be {token_uri}: keys are shown to nobody else"
    return flaws


def _something_else(account: Mapping[str, Any]) -> str | None:
    """What another file from Google's consoles is; None for a service account."""
    if "project_info" in account:
        return "this is google-services.json, the configuration of the Android app"
    if "GOOGLE_APP_ID" in account or "apiKey" in account:
        return "this is the configuration of the app itself"
    if "web" in account or "installed" in account:
        return "this is an OAuth client"
    kind = account.get("type")
    if kind == "service_account":
        return None
    return "type is missing" if kind is None else "type is not service_account"


def _key_flaw(pem: object) -> str | None:
    if not isinstance(pem, str):
        return "is missing; put the whole JSON file, unchanged"
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "cannot be read as a PEM private key; line ends are written \\n inside JSON"
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        return "is not an RSA key of at least 2048 bits"
    return None


def kept_members(account: Mapping[str, Any], token_uri: str) -> dict[str, Any]:
    """What sending needs of a service account; nothing else of what came is stored. `token_uri` is ours."""
    return {name: account[name] for name in _KEPT if name in account} | {"token_uri": token_uri}
