"""What callers can get wrong, as exceptions that `kit/http.py` turns into RFC 9457 problems. Pure.

Each concrete error subclasses one of the kinds here, in the domain that raises it. A code is public and never renamed.
"""

from typing import Any, ClassVar


class AppError(Exception):
    """Base of all expected errors. `detail` says what to do; `extra` becomes members of the problem."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Invalid(AppError):
    """The request is understood and wrong."""

    code = "invalid-request"
    title = "The request is not valid"


class Unauthenticated(AppError):
    """No credential, or one that is not (or no longer) valid."""

    code = "unauthenticated"
    title = "Not authenticated"


class Forbidden(AppError):
    """The credential is valid and may not do this."""

    code = "forbidden"
    title = "Not allowed"


class NotFound(AppError):
    """No such thing, or it belongs to somebody else."""

    code = "not-found"
    title = "Not found"


class Gone(AppError):
    """It was here, and is not any more."""

    code = "gone"
    title = "Gone"


class Conflict(AppError):
    """The state of the thing does not allow this."""

    code = "conflict"
    title = "Conflict"


class PreconditionFailed(AppError):
    """If-Match names another version than the current one."""

    code = "precondition-failed"
    title = "Somebody else changed it"


class PreconditionRequired(AppError):
    """An edit without If-Match."""

    code = "precondition-required"
    title = "If-Match is required"


class TooLarge(AppError):
    """The body is larger than we read."""

    code = "too-large"
    title = "The request is too large"


class TooMany(AppError):
    """Rate or quota exceeded."""

    code = "too-many-requests"
    title = "Too many requests"


class Unavailable(AppError):
    """Not now; try again later."""

    code = "unavailable"
    title = "Temporarily unavailable"


class Busy(Unavailable):
    """Somebody else is changing the same things at this moment. Nothing was done; send the request again."""

    code = "busy"


class ItemErrors(Invalid):
    """Several fields are wrong; `errors` lists `{pointer, detail}` for each."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{e['pointer']}: {e['detail']}" for e in errors[:5]), errors=errors)

    def below(self, path: str) -> "ItemErrors":
        """The same of a member of a larger body: `#/name` is `#/path/name` there."""
        return ItemErrors([each | {"pointer": f"#/{path}{each['pointer'][1:]}"} for each in self.extra["errors"]])


def field(name: str, detail: str) -> ItemErrors:
    """The error for one member of the body; `name` may be a path, `user_token_keys/0`."""
    return ItemErrors([{"pointer": f"#/{name}", "in": "body", "detail": detail}])
