"""Errors of the REST API: RFC 9457 problem details."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from realtime.ports import CommandError

MEDIA_TYPE = "application/problem+json"

STATUS_OF_CODE = {
    "bad_frame": 422,
    "too_large": 413,
    "unknown_type": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "rate_limited": 429,
    "unavailable": 503,
    "closed": 409,
}


class Problem(Exception):
    """An error answer: `code` is the machine-readable kind, `detail` says what was wrong and what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after_ms: int | None = None, **fields: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_ms = retry_after_ms
        self.fields = fields

    def response(self) -> Response:
        """Build the answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.fields,
        }
        headers = {}
        if self.retry_after_ms is not None:
            headers["Retry-After"] = str(math.ceil(self.retry_after_ms / 1000))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(msgspec.json.encode(body), self.status, headers, MEDIA_TYPE)


async def problem_response(request: Request, error: Exception) -> Response:
    """Answer a Problem, a refused use case or Starlette's own HTTP errors."""
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, CommandError):
        status = STATUS_OF_CODE.get(error.code, 409)
        return Problem(
            status, error.code, error.message, retry_after_ms=error.retry_after_ms, **dict(error.fields)
        ).response()
    if isinstance(error, HTTPException):
        code, detail = _explain(request, error)
        answer = Problem(error.status_code, code, detail).response()
        answer.headers.update(error.headers or {})
        return answer
    return Problem(500, "internal", "something went wrong on the server; it was logged").response()


def _explain(request: Request, error: HTTPException) -> tuple[str, str]:
    """Return code and detail of an error that the router raised."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return "not_found", "there is nothing at this address: see /api/docs"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        return "method_not_allowed", f"this address takes {allowed}, not {request.method}"
    return "bad_request", error.detail
