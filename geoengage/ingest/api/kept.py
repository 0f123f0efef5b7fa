"""The rule of all `/ingest` routes: nothing that is our fault may make a client drop what it has.

Whatever cannot be used is answered 2xx and counted. A credential that is certainly wrong is 401 or 403. Everything else
that goes wrong, a bug too, is 503 with Retry-After: OwnTracks on iOS deletes a message that gets any 4xx.
"""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from geoengage.kit import errors, log
from geoengage.kit.db import is_passing

RETRY_S = 5
Handler = Callable[[Request], Awaitable[Response]]
# Raised on purpose, and right as they are: a wrong credential, a scanner that does not exist, "later" itself. An
# HTTPException here is the 413 of a body that no client of these sends.
_MEANT = (errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.Unavailable, HTTPException)
logger = log.get("ingest")


def kept(handler: Handler) -> Handler:
    """The handler, with everything unforeseen turned into "send it again later"."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except _MEANT:
            raise
        except ClientDisconnect as error:
            raise errors.Unavailable("the connection ended before the body did; send it again") from error
        except Exception as error:
            if not is_passing(error):
                logger.error("bug", path=request.url.path, exc_info=error)
            raise errors.Unavailable("this could not be stored now; send it again", retry_after_s=RETRY_S) from error

    return answer
