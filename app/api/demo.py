"""What the demo shop's pages read: who the visitor plays, products, orders, help and pictures. In demo mode only."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from msgspec import Struct, field
from starlette.responses import FileResponse, Response

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.identity import identity_hash
from app.demo.people import ANA
from app.demo.pictures import draw
from app.domain.catalogue import Product

TAG = "demo"
_ONE_DAY = {"Cache-Control": "public, max-age=86400"}


class As(Struct, frozen=True):
    """Whom the visitor plays."""

    who: Literal["guest", "ana"] = field(default="guest", name="as")


class DemoIdentity(Struct, frozen=True):
    """A customer as the shop's own server would sign them for the widget."""

    id: str
    hash: str
    name: str
    email: str


class DemoSession(Struct, frozen=True):
    """What a page of the shop gives to the widget."""

    shop: str
    widget_key: str
    identity: DemoIdentity | None


class DemoProduct(Struct, frozen=True):
    """A product of the demo shop; `price` in minor units of `currency`."""

    id: str
    product_id: UUID
    title: str
    price: int
    currency: str
    category: str
    image_url: str | None
    url: str | None
    stock: int
    description: str
    old_price: int | None
    sizes: list[str]
    colours: list[str]
    material: str | None


class DemoOrder(Struct, frozen=True):
    """An order of the customer that the visitor plays."""

    number: str
    state: str
    placed: date
    total: int
    currency: str
    items: list[str]
    carrier: str | None
    tracking: str | None
    arrives: date | None
    delivered: date | None


class DemoArticle(Struct, frozen=True):
    """A page of the demo shop's help."""

    title: str
    url: str
    body: str


async def demo_session(call: Call) -> DemoSession:
    """Sign the played customer, as a shop's server does for its own."""
    query: As = call.query
    shop = await call.context.demo_shop()
    identity = None
    if query.who == "ana":
        identity = DemoIdentity(ANA, identity_hash(shop.widget_secret, ANA), "Ana Demo", "ana@demo.test")
    return DemoSession(shop.name, shop.widget_key, identity)


async def demo_products(call: Call) -> list[DemoProduct]:
    """Return all products of the demo shop."""
    shop = await call.context.demo_shop()
    return [_product(product) for product in (await call.context.records.catalogue(shop.id)).products]


async def demo_orders(call: Call) -> list[DemoOrder]:
    """Return the orders of the played customer; a guest has none."""
    query: As = call.query
    if query.who == "guest":
        return []
    shop = await call.context.demo_shop()
    customer = await call.context.customer_id(shop.id, ANA)
    return [
        DemoOrder(
            number=order.number,
            state=order.state,
            placed=order.placed.date(),
            total=order.total_minor,
            currency=order.currency,
            items=[item.title for item in order.items],
            carrier=order.carrier,
            tracking=order.tracking,
            arrives=order.arrives,
            delivered=order.delivered,
        )
        for order in (await call.context.records.orders(shop.id, customer) if customer is not None else ())
    ]


async def demo_articles(call: Call) -> list[DemoArticle]:
    """Return the help pages of the demo shop."""
    shop = await call.context.demo_shop()
    articles = (await call.context.records.catalogue(shop.id)).articles
    return [DemoArticle(one.title, one.url, one.body) for one in articles if one.url is not None]


async def demo_picture(call: Call) -> Response:
    """Return a product's picture: as the web build drew it, or a plain one of its kind."""
    shop = await call.context.demo_shop()
    wanted = call.request.path_params["name"].removesuffix(".svg")
    for product in (await call.context.records.catalogue(shop.id)).products:
        if product.external_id == wanted:
            file = call.context.settings.web_dist / "demo" / "pictures" / f"{product.external_id}.svg"
            if file.is_file():
                return FileResponse(file, headers=_ONE_DAY)
            picture = draw(product.category, tuple(product.colours))
            return Response(picture, media_type="image/svg+xml", headers=_ONE_DAY)
    raise Problem(404, "not_found", "there is no such product")


def _product(product: Product) -> DemoProduct:
    return DemoProduct(
        id=product.external_id,
        product_id=product.id,
        title=product.title,
        price=product.price_minor,
        currency=product.currency,
        category=product.category,
        image_url=product.image_url,
        url=product.url,
        stock=product.stock,
        description=product.description,
        old_price=product.old_price_minor,
        sizes=list(product.sizes),
        colours=list(product.colours),
        material=product.material,
    )


OPERATIONS = (
    Operation("GET", "/demo/session", demo_session, "Who the visitor plays", TAG, None, None, As, DemoSession),
    Operation("GET", "/demo/products", demo_products, "Products", TAG, None, response=list[DemoProduct]),
    Operation("GET", "/demo/orders", demo_orders, "Orders of the played customer", TAG, None, None, As,
              list[DemoOrder]),
    Operation("GET", "/demo/articles", demo_articles, "Help pages", TAG, None, response=list[DemoArticle]),
    Operation("GET", "/demo/pictures/{name}", demo_picture, "A drawn product", TAG, None),
)  # fmt: skip
