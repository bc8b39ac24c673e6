"""Approved WhatsApp templates of a Twilio account.

Contract: https://www.twilio.com/docs/content/content-api-resources, the list of contents with their approvals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from app.channels.port import Http, HttpLostError
from app.channels.text import clean
from app.channels.twilio_send import api_base, authorization, json_of
from app.domain.channel import Account, Template

CONTENT_API = "https://content.twilio.com"
PAGE_SIZE = 200
_HOLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class TwilioTemplates:
    """See app.channels.port.TemplateSource."""

    async def approved(self, account: Account, http: Http) -> Sequence[Template]:
        """Read the newest PAGE_SIZE contents; those without a text of their own are left out.

        Raises: HttpLostError, HttpUnreachableError.
        """
        query = urlencode({"PageSize": PAGE_SIZE})
        url = f"{api_base(account, CONTENT_API)}/v1/ContentAndApprovals?{query}"
        answer = await http.request("GET", url, headers=authorization(account))
        if answer.status != 200:
            raise HttpLostError(f"status {answer.status}")
        found = [_template(one) for one in json_of(answer).get("contents") or []]
        return [one for one in found if one is not None]


def _template(content: Mapping[str, Any]) -> Template | None:
    approval = content.get("approval_requests") or {}
    bodies = [kind.get("body") for kind in (content.get("types") or {}).values() if isinstance(kind, dict)]
    body = next((one for one in bodies if isinstance(one, str) and one), None)
    if approval.get("status") != "approved" or body is None:
        return None
    return Template(
        id=str(content.get("sid")),
        name=clean(str(content.get("friendly_name") or approval.get("name") or content.get("sid"))),
        language=str(content.get("language") or ""),
        body=clean(body),
        variables=tuple(dict.fromkeys(_HOLE.findall(body))),
        category=str(approval.get("category") or "").lower(),
    )
