"""Logging: structlog over the standard library, one line an event. Never coordinates, tokens or addresses."""

import logging
import re
import sys

import structlog

# PostgreSQL's DETAIL and CONTEXT quote rows, SQLAlchemy quotes parameters: both can hold coordinates and addresses.
_ROW_CONTENTS = re.compile(r"(DETAIL|CONTEXT|\[parameters):.*?(?=\\n|\n|$)")
# A login or preference link, a write key, a coupon's code, the address that Viber's provider was told.
_SECRET_PART = re.compile(r"^(/go/|/p/|/u/|/v1/projects/|/v1/coupons/|/v1/hooks/viber/).*?(?=/settings$|/redeem$|$)")

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")  # often a person's or a device's


def withhold_rows(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Cut what a database error says about the contents of rows, in messages, values and tracebacks alike."""
    return {k: _ROW_CONTENTS.sub(r"\1: withheld", v) if isinstance(v, str) else v for k, v in event.items()}


def configure(*, as_json: bool) -> None:
    """Send all logging of the process to standard output, as JSON or as lines for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        withhold_rows,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # The access log would hold query strings (?lon=&lat=); our own middleware logs the path alone.
    logging.getLogger("uvicorn.access").disabled = True


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    return structlog.stdlib.get_logger(name)


def shown_path(path: str) -> str:
    """The path of a request as it may be logged: without secrets, keys and ids. Never log a query string.

    Some ids are a person's, and an erasure does not reach logs.
    """
    return _ID.sub("…", _SECRET_PART.sub(r"\1…", path))
