"""Approved utility templates of a Messenger page: what may be said of an order or an account after the window.

Contract: https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages
and https://developers.facebook.com/docs/graph-api/reference/page/message_templates. Instagram has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from app.channels.meta_send import MetaNode
from app.channels.port import Http, HttpLostError
from app.channels.text import clean
from app.domain.channel import Account, Template

LISTED = 200
FIELDS = "id,name,language,status,category,components"
_HOLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class MetaTemplates:
    """See app.channels.port.TemplateSource. A template's id is its name and language: what a send names it by."""

    def __init__(self, node: MetaNode) -> None:
        self._node = node

    async def approved(self, account: Account, http: Http) -> Sequence[Template]:
        """Read the newest LISTED templates; those with variables outside their body are left out.

        Raises: HttpLostError, HttpUnreachableError.
        """
        url = f"{self._node.url(account, 'message_templates')}?{urlencode({'fields': FIELDS, 'limit': LISTED})}"
        answer = await http.request("GET", url, headers=self._node.authorization(account))
        listed = self._node.json(answer).get("data")
        if answer.status != 200 or not isinstance(listed, list):
            raise HttpLostError(f"status {answer.status}")
        found = [_template(one) for one in listed if isinstance(one, dict)]
        return [one for one in found if one is not None]


def _template(listed: Mapping[str, Any]) -> Template | None:
    parts = [part for part in listed.get("components") or () if isinstance(part, dict)]
    body = next((part["text"] for part in parts if part.get("type") == "BODY" and part.get("text")), None)
    others = [part for part in parts if part.get("type") != "BODY"]
    name, language = listed.get("name"), listed.get("language")
    if listed.get("status") != "APPROVED" or listed.get("category") != "UTILITY" or not isinstance(body, str):
        return None
    if not isinstance(name, str) or not isinstance(language, str) or "{{" in str(others):
        return None
    return Template(
        id=f"{name}/{language}",
        name=clean(name).replace("_", " "),
        language=language,
        body=clean(body),
        variables=tuple(dict.fromkeys(_HOLE.findall(body))),
        category="utility",
    )
