"""Products shown with answers: opened by customers, and what came of it."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from app.api.analytics import Period, times_of
from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.api.shopify_install import NEVER_STORED
from app.auth.roles import Permission
from app.services.product_links import LINK_PATH, is_program
from app.services.recommendation_stats import RecommendationStats


async def click_recommendation(call: Call) -> Response:
    """Note that a customer opened a product; the id (`recommendation` of a message's product) is known to them alone.

    A second click on the same one changes nothing.
    """
    if not await call.context.recommendations.click(call.request.path_params["id"]):
        raise Problem(404, "not_found", "no such recommendation")
    return Response(status_code=204)


async def open_product(call: Call) -> Response:
    """Lead to a product that was shown on a channel, and note that the customer opened it.

    Neither a look at the address alone nor a program that makes a preview of the link is an opening.
    """
    request = call.request
    recommendation = call.context.product_links.read(request.path_params["link"])
    page = await call.context.recommendations.page_of(recommendation) if recommendation is not None else None
    target = call.context.product_links.target(page) if page else None
    if recommendation is None or target is None:
        return PlainTextResponse("This product is not shown any more.", 404, NEVER_STORED)
    if request.method == "GET" and not is_program(request.headers.get("user-agent", "")):
        await call.context.recommendations.click(recommendation)
    return RedirectResponse(target, 302, NEVER_STORED)


async def recommendation_stats(call: Call) -> RecommendationStats:
    """Count products shown, clicked, and ordered within the attribution window after the click."""
    start, end = times_of(call.query)
    return await call.context.recommendations.stats(call.staff.shop, start, end)


OPERATIONS = (
    Operation("POST", "/api/recommendations/{id:uuid}/click/", click_recommendation, "A product shown was opened",
              "messages", None, status=204, errors=(404,)),
    Operation("GET", f"{LINK_PATH}{{link}}", open_product, "A link to a product shown on a channel", "messages", None,
              status=302, texts={404: ("text/plain",)}),
    Operation("GET", "/api/analytics/recommendation_stats/", recommendation_stats, "Products shown, clicked, ordered",
              "analytics", Permission.READ_ANALYTICS, None, Period, RecommendationStats),
)  # fmt: skip
