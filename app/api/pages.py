"""The built web applications: demo shop, console, widget and their assets."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DOCS = Path(__file__).parent / "docs"
YEAR_S = 31_536_000
LOADER_S = 300  # shops write the loader's address into their pages: it must be able to change


class Assets(StaticFiles):
    """Files whose names hold a hash of their content. Before the first build there are none."""

    async def check_config(self) -> None:
        """Accept a folder that is not there: its files are not found."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code == 200:
            answer.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return answer


def page_routes(dist: Path, *, demo: bool) -> list[BaseRoute]:
    """Route the pages; without a build they say how to make one."""

    def page(name: str, cache: str = "no-cache") -> Route:
        async def serve(_: Request) -> Response:
            file = dist / name
            if not file.is_file():
                return PlainTextResponse("The web applications are not built yet: run `make setup`.", 503)
            return FileResponse(file, headers={"Cache-Control": cache})

        return Route("/", serve)

    shop, console, widget = page("index.html"), page("console/index.html"), page("widget/index.html")
    loader = page("widget.js", f"public, max-age={LOADER_S}")

    async def to_console(_: Request) -> Response:
        return RedirectResponse("/console")

    routes: list[BaseRoute] = [
        Route("/widget.js", loader.endpoint),
        Route("/widget", widget.endpoint),
        Route("/widget/", widget.endpoint),
        Route("/console", console.endpoint),
        Route("/console/{path:path}", console.endpoint),
        Mount("/api/docs", StaticFiles(directory=DOCS, html=True)),
        Mount("/assets", Assets(directory=dist / "assets", check_dir=False)),
    ]
    if not demo:
        return [*routes, Route("/", to_console)]
    # The shop is a single page with its own paths.
    single = ("/", "/cart", "/orders", "/account", "/help", "/contact")
    trees = tuple(f"/{name}/{{path:path}}" for name in ("products", "categories", "account", "help"))
    return [*routes, *(Route(path, shop.endpoint) for path in single + trees)]
