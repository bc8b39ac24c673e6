"""Products shown with answers: opened by customers, and what came of it."""

from __future__ import annotations

from starlette.responses import Response

from app.api.analytics import Period, times_of
from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.services.recommendation_stats import RecommendationStats


async def click_recommendation(call: Call) -> Response:
    """Note that a customer opened a product; the id (`recommendation` of a message's product) is known to them alone.

    A second click on the same one changes nothing.
    """
    if not await call.context.recommendations.click(call.request.path_params["id"]):
        raise Problem(404, "not_found", "no such recommendation")
    return Response(status_code=204)


async def recommendation_stats(call: Call) -> RecommendationStats:
    """Count products shown, clicked, and ordered within the attribution window after the click."""
    start, end = times_of(call.query)
    return await call.context.recommendations.stats(call.staff.shop, start, end)


OPERATIONS = (
    Operation("POST", "/api/recommendations/{id:uuid}/click/", click_recommendation, "A product shown was opened",
              "messages", None, status=204, errors=(404,)),
    Operation("GET", "/api/analytics/recommendation_stats/", recommendation_stats, "Products shown, clicked, ordered",
              "analytics", Permission.READ_ANALYTICS, None, Period, RecommendationStats),
)  # fmt: skip
