"""The utility templates of a page at Meta's stand-in: listed, checked against what a send gives, and filled in.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.simulate.meta_desk import error

KNOWN_FIELDS = {"id", "name", "language", "status", "category", "components", "parameter_format"}
_HOLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass
class MetaTemplateBook:
    """`texts` by (name, language): the status and the body, with {{1}} or {{name}}."""

    texts: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def listed(self, request: Request) -> Response:
        """Answer GET /{page-id}/message_templates."""
        query = request.query_params
        if set(query) - {"fields", "limit", "access_token"} or set(query.get("fields", "id").split(",")) - KNOWN_FIELDS:
            return error(400, 100, "Tried accessing nonexisting field")
        templates = [
            {
                "id": str(1000 + number),
                "name": name,
                "language": language,
                "status": status,
                "category": "UTILITY",
                "components": [{"type": "BODY", "text": text}],
            }
            for number, ((name, language), (status, text)) in enumerate(self.texts.items())
        ]
        return JSONResponse({"data": templates, "paging": {}})

    def refusal(self, template: Mapping[str, Any]) -> Response | None:
        """Return why a template cannot be sent so; None when it can."""
        status, text = self.texts.get((template["name"], template["language"]["code"]), ("", ""))
        if status != "APPROVED":
            return error(400, 100, "The template cannot be found")
        holes = list(dict.fromkeys(_HOLE.findall(text)))
        given = _parameters(template)
        names = [one["parameter_name"] for one in given if "parameter_name" in one]
        is_named = any(not hole.isdecimal() for hole in holes)
        if len(given) != len(holes) or (sorted(names) != sorted(holes) if is_named else names):
            return error(400, 100, "The number or the names of the parameters do not match the template")
        return None

    def filled(self, template: Mapping[str, Any]) -> str:
        """Return what the person reads."""
        _, text = self.texts[template["name"], template["language"]["code"]]
        values = {
            one.get("parameter_name", str(number)): one["text"] for number, one in enumerate(_parameters(template), 1)
        }
        return _HOLE.sub(lambda hole: values[hole[1]], text)


def _parameters(template: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return [one for component in template["components"] for one in component.get("parameters", [])]
