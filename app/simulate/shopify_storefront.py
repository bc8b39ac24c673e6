"""A storefront of Shopify with an app embed block in its theme, the app proxy, and a content security policy.

Sources: https://shopify.dev/docs/apps/build/online-store/theme-app-extensions/configuration (what a block is),
https://shopify.dev/docs/apps/build/online-store/app-proxies (what the proxy passes on, and what not).
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.simulate.shopify_sign import sign_proxy

PREFIX = "/apps/assistify"
ASSETS = "/cdn/extensions/"
PROXY_S = 10.0
_CONDITION = re.compile(r"{%-?\s*if (\w+)\s*-?%}(.*?){%-?\s*endif\s*-?%}", re.DOTALL)
_EXPRESSION = re.compile(r"{{\s*(.*?)\s*}}")
_SCHEMA = re.compile(r"{%-?\s*schema\s*-?%}.*{%-?\s*endschema\s*-?%}", re.DOTALL)


@dataclass
class Storefront:
    """One shop's pages. `customer` is who is signed in; `block` the Liquid of the app embed block with its `settings`,
    `assets` its files by name; `proxied` is where the app proxy points."""

    domain: str
    client_secret: str
    proxied: str
    block: str
    assets: Mapping[str, bytes]
    settings: Mapping[str, str]
    name: str = "Demo Coats"
    customer: int | None = None
    product: int | None = None
    asked: list[int] = field(default_factory=list)  # what the app answered through the proxy

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route(PREFIX, self._proxy),
                Route(ASSETS + "{name}", self._asset),
            ]
        )

    def render(self) -> str:
        """Return the block as the theme has it.

        Raises: KeyError for an expression that a storefront does not know.
        """
        values = {
            "request.locale.iso_code": "en",
            "shop.name": self.name,
            "product.id": str(self.product or ""),
            **{f"block.settings.{name}": value for name, value in self.settings.items()},
        }

        def condition(found: re.Match[str]) -> str:
            return found[2] if found[1] == "product" and self.product is not None else ""

        def expression(found: re.Match[str]) -> str:
            value, *filters = [part.strip() for part in found[1].split("|")]
            if filters == ["asset_url"]:
                return ASSETS + value.strip("'")
            return html.escape(values[value]) if "escape" in filters else values[value]

        return _EXPRESSION.sub(expression, _CONDITION.sub(condition, _SCHEMA.sub("", self.block)))

    async def _page(self, request: Request) -> Response:
        server = "/".join(self.proxied.split("/")[:3])
        policy = (
            f"default-src 'none'; script-src 'self' {server}; frame-src {server}; connect-src 'self'; "
            "style-src 'self'; img-src 'self' data:"
        )
        name = html.escape(self.name)
        head = f'<head><title>{name}</title><link rel="icon" href="data:,"></head>'
        body = f'<!doctype html><html lang="en">{head}<body><h1>{name}</h1>{self.render()}</body></html>'
        return HTMLResponse(body, headers={"Content-Security-Policy": policy})

    async def _asset(self, request: Request) -> Response:
        found = self.assets.get(request.path_params["name"])
        if found is None:
            return Response(status_code=404)
        return Response(found, media_type="text/javascript")

    async def _proxy(self, request: Request) -> Response:
        """Pass a request on, signed; the browser's cookies stay behind."""
        query = {
            **request.query_params,
            "shop": self.domain,
            "logged_in_customer_id": "" if self.customer is None else str(self.customer),
            "path_prefix": PREFIX,
            "timestamp": str(int(time.time())),
        }
        query["signature"] = sign_proxy(self.client_secret, query)
        async with httpx2.AsyncClient(timeout=PROXY_S, trust_env=False) as http:
            answer = await http.get(f"{self.proxied}?{urlencode(query)}")
        self.asked.append(answer.status_code)
        kept = {name: answer.headers[name] for name in ("content-type", "cache-control") if name in answer.headers}
        return Response(answer.content, answer.status_code, kept)
