"""Made-up shops, customers, orders and products: the values behind the facts of a generated dialogue.

The answers never spell these values (they are pointers), but questions and earlier turns do. Some shops and product
words are held out for the evaluation.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping

from nlp.grounding import MAX_ORDERS, MAX_PRODUCTS, order_key, product_key
from nlp.training.responder.grammar import Scene

_SHOPS = (
    "Nordlicht", "Blue Harbour", "Casa Verde", "Fern & Field", "Kiteworks", "Lumen Home", "Oak & Ember", "Tidewater",
    "Peakline", "Little Fox", "Velo Depot", "Sunday Kitchen", "Bramble", "Copper Kettle", "Wildroot", "Paper Moon",
)  # fmt: skip
_HELD_OUT_SHOPS = ("Granite Supply", "Mara Studio", "Old Mill Goods", "Zephyr")
_ADJECTIVES = (
    "Alpine", "Classic", "Urban", "Cosy", "Trail", "Harbour", "Summit", "Daily", "Breeze", "Nova", "Aspen", "Merino",
    "Everyday", "Coastal", "Pocket", "Nordic", "Velvet", "Iron", "Cloud", "Solar", "River", "Maple", "Orbit",
)  # fmt: skip
_NOUNS = (
    "jacket", "rain jacket", "hoodie", "sweater", "shirt", "t-shirt", "dress", "skirt", "jeans", "trousers", "coat",
    "scarf", "beanie", "cap", "gloves", "socks", "boots", "sneakers", "sandals", "backpack", "tote bag", "wallet",
    "watch", "sunglasses", "mug", "lamp", "blanket", "pillow", "candle", "pan", "knife", "kettle", "bottle", "notebook",
    "headphones", "speaker", "keyboard", "phone case", "charger", "tent", "sleeping bag", "bike light", "yoga mat",
    "puzzle", "teddy", "necklace", "ring", "perfume", "shampoo", "chair", "rug", "vase", "fleece", "vest", "umbrella",
)  # fmt: skip
_SOFT_NOUNS = frozenset(
    {
        "jacket", "rain jacket", "hoodie", "sweater", "shirt", "t-shirt", "dress", "skirt", "jeans", "trousers", "coat",
        "scarf", "beanie", "cap", "gloves", "socks", "boots", "sneakers", "sandals", "backpack", "tote bag", "blanket",
        "pillow", "tent", "sleeping bag", "rug", "fleece", "vest", "poncho", "duffel", "cardigan", "slippers", "apron",
    }
)  # fmt: skip
_SOFT, _HARD = ("100% cotton", "recycled polyester", "merino wool"), ("stainless steel", "recycled plastic", "bamboo")
_HELD_OUT_NOUNS = ("poncho", "thermos", "duffel", "cardigan", "lantern", "slippers", "apron", "toolbox")
_COLOURS = ("black", "white", "navy", "olive", "red", "blue", "grey", "sand", "green", "pink", "brown", "burgundy")
_SIZES = (("S", "M", "L"), ("M", "L", "XL"), ("38", "40", "42"))
_OTHER_SIZES = ("XS", "XXL", "36", "44")
_NAMES = (
    "Ana", "Ben", "Chloe", "David", "Emma", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Mei", "Noah",
    "Olga", "Priya", "Quentin", "Rosa", "Sam", "Tara", "Umar", "Vera", "Will", "Yusuf", "Zoe",
)  # fmt: skip
_CARRIERS = ("UPS", "DHL", "FedEx", "DPD", "GLS", "Royal Mail", "PostNord", "USPS", "Hermes")
_MAIL_ENDS = ("@mail.com", ".k@mail.com", "88@demo.test", "_m@post.net", "@demo.test")
_PLACES = (
    "Germany",
    "France",
    "Spain",
    "Italy",
    "Norway",
    "Canada",
    "Switzerland",
    "Japan",
    "Poland",
    "the US",
    "Ireland",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_A_YEAR = dt.date(2025, 1, 1)  # its days, without the year, are the dates of the dialogues
DETAILS = {
    "": ("It is light and easy to pack", "It is made for long days outdoors", "It has been our favourite for years"),
    "wash": ("It is machine washable at 30 degrees", "It can be washed at 40 degrees"),
    "rain": ("Fully taped seams keep heavy rain out", "It is waterproof"),
    "parts": ("It has two zipped pockets and a hood", "It comes with four pockets, a hood and a zip"),
    "weight": ("It weighs 480 grams", "It weighs 1.2 kilograms and is 40 centimetres long"),
    "warm": ("It keeps you warm down to minus 10 degrees", "The lining keeps the warmth in, even in winter"),
}
_OF_SOFT = ("wash", "rain", "parts", "warm")  # what is said of them alone
ARTICLES = {
    "gifts": ("We wrap gifts for €3.50", "Gift wrapping is free, just choose it in the basket"),
    "collect": ("You can collect your order in our store", "Pick-up at the store is free and takes 2 hours"),
    "cards": ("Gift cards are valid for 3 years",),
    "sale": ("Sale items can be returned like any other item",),
    "hygiene": ("Hygiene items and underwear can only be returned unopened",),
    "neighbour": ("The carrier leaves the parcel with a neighbour if you are not at home",),
    "secure": ("All payments are encrypted",),
}


class World:
    """One shop with one customer, up to three orders and three products, drawn by `rng`."""

    def __init__(self, rng: random.Random, scene: Scene, *, held_out: bool, one_kind: bool = False) -> None:
        """Draw what `scene` leaves open; with `one_kind` all products are of one."""
        self._rng = rng
        self.extras: dict[str, str] = {}
        self.article = scene.article or rng.choice(list(ARTICLES))
        nouns: tuple[str, ...] = _HELD_OUT_NOUNS if held_out else _NOUNS
        if scene.detail in _OF_SOFT:
            nouns = tuple(noun for noun in nouns if noun in _SOFT_NOUNS)
        self.things = rng.choices(nouns, k=1) * MAX_PRODUCTS if one_kind else rng.choices(nouns, k=MAX_PRODUCTS)
        details = [topic for topic in DETAILS if self.things[0] in _SOFT_NOUNS or topic not in _OF_SOFT]
        self.detail = rng.choice(details) if scene.detail is None else scene.detail
        adjectives = rng.sample(_ADJECTIVES, MAX_PRODUCTS)
        self._titles = [f"{first} {thing.title()}" for first, thing in zip(adjectives, self.things, strict=True)]
        self._shop = rng.choice(_HELD_OUT_SHOPS if held_out else _SHOPS)
        self._domain = self._shop.lower().replace(" ", "").replace("&", "and") + rng.choice((".com", ".shop", ".test"))
        self._currency = rng.choice(("€{}", "${}", "£{}", "{} €"))
        self.values = self._general() | self._delivery_times(scene) | self._orders() | self._products(scene)
        self.values["refund.amount"] = self.values["order.total"]
        if scene.situation == "product_question/compared":  # the cheaper one is named first
            prices = sorted(
                (self.values[f"product.{n}.price"] for n in (1, 2)), key=lambda text: float(text.strip("€$£ "))
            )
            self.values.update(zip(("product.1.price", "product.2.price"), prices, strict=True))
        self.extras |= {
            "thing": self.things[0],
            "place": rng.choice(_PLACES),
            "email": rng.choice(_NAMES).lower() + rng.choice(_MAIL_ENDS),
        }
        if scene.reached is not None:
            listed = self.values["delivery.countries"]
            self.extras["place"] = rng.choice([place for place in _PLACES if (place in listed) == scene.reached])

    def words(self) -> Mapping[str, str]:
        """Return what a customer's text may name: facts and loose words."""
        return self.values | self.extras

    def _money(self, low: int, high: int) -> str:
        return self._currency.format(
            f"{self._rng.randint(low, high)}.{self._rng.choice(('00', '50', '90', '95', '99'))}"
        )

    def _date(self, day: int | None = None) -> str:
        """Write a day of the year, drawn unless it is given."""
        date = _A_YEAR + dt.timedelta(days=self._rng.randrange(365) if day is None else day)
        return date.strftime(self._rng.choice(("%B ", "%A, %B "))) + str(date.day)

    def _span(self, unit: str) -> str:
        low = self._rng.randint(1, 8)
        return self._rng.choice((f"{low} to {low + 2} {unit}s", f"{low + 1} {unit}s"))

    def _delivery_times(self, scene: Scene) -> dict[str, str]:
        """Draw them so that express is faster, unless the scene says that it is not, and one day when that is asked."""
        asks, confirms = scene.given.get("asks"), scene.given.get("confirms")
        low = self._rng.randint(3, 8)
        standard = self._rng.choice((f"{low} business days", f"{low} to {low + 2} business days"))
        least = 2 if asks == "soon" and confirms == "no" else 1
        days = 1 if asks == "soon" and confirms == "yes" else self._rng.randint(least, low - 1)
        express = "1 business day" if days == 1 else f"{days} business days"
        if asks == "express" and confirms == "no":
            express = f"{low + 1} to {low + 3} business days"
        return {"delivery.standard_time": standard, "delivery.express_time": express}

    def _general(self) -> dict[str, str]:
        rng, site = self._rng, f"https://{self._domain}"
        pages = ("account", "password", "signup", "orders", "returns", "newsletter", "reviews", "contact", "products")
        return {
            "customer.name": rng.choice(_NAMES),
            "shop.name": self._shop,
            "shop.phone": f"+{rng.randint(1, 49)} {rng.randint(100, 999)} {rng.randint(1000000, 9999999)}",
            "shop.email": f"{rng.choice(('hello', 'help', 'support'))}@{self._domain}",
            "shop.hours": f"{rng.choice(_DAYS[:2])} to {rng.choice(_DAYS[4:])}, 9:00 to {rng.randint(16, 20)}:00",
            "shop.address": f"{rng.randint(1, 99)} Mill Lane, {rng.choice(_PLACES)}",
            "handoff.wait": f"about {rng.randint(2, 30)} minutes",
            "policy.return_window": f"{rng.choice((14, 21, 30, 60, 100))} days",
            "policy.refund_time": self._span("business day"),
            "policy.return_cost": self._money(2, 9),
            "policy.cancel_window": _counted(rng.randint(1, 24), "hour"),
            "policy.cancel_fee": self._money(2, 9),
            "policy.warranty": _counted(rng.randint(1, 5), "year"),
            "policy.damage_window": f"{rng.randint(3, 21)} days",
            "delivery.standard_cost": self._money(2, 9),
            "delivery.express_cost": self._money(9, 20),
            "delivery.free_from": self._money(30, 100),
            "delivery.countries": "{}, {} and {}".format(*rng.sample(_PLACES, 3)),
            "delivery.cutoff": f"{rng.randint(10, 18)}:00",
            "payment.methods": "Visa, Mastercard and PayPal",
            "discount.code": f"{rng.choice(('HELLO', 'SAVE', 'SPRING'))}{rng.choice((5, 10, 15, 20))}",
            "discount.amount": f"{rng.choice((5, 10, 15, 20))}%",
            "discount.ends": self._date(),
            "discount.minimum": self._money(20, 80),
            "refund.expected": self._date(),
            "article.title": "Good to know",
            "article.text": rng.choice(ARTICLES[self.article]),
            "article.link": f"{site}/help",
            **{f"link.{page}": f"{site}/{page}" for page in pages},
        }

    def _orders(self) -> dict[str, str]:
        rng = self._rng
        values = {}
        style = rng.choice(("#{}", "{}", "ORD-{}", "#{}", "NO{}"))
        for index in range(1, MAX_ORDERS + 1):
            number = style.format(rng.randint(1001, 99999))
            placed = rng.randrange(330)
            shipped = placed + rng.randint(1, 3)
            arrives = shipped + rng.randint(2, 9)
            row = {
                "number": number,
                "tracking": rng.choice(("1Z{}", "JD{}", "00340{}", "{}")).format(rng.randint(10**9, 10**12)),
                "carrier": rng.choice(_CARRIERS),
                "arrives": self._date(arrives),
                "total": self._money(10, 400),
                "item": f"{rng.choice(_ADJECTIVES)} {self.things[index - 1].title()}",  # the first is the one asked for
                "placed": self._date(placed),
                "delivered": self._date(arrives),
                "shipped": self._date(shipped),
                "link": f"https://{self._domain}/track/{rng.randint(1000, 99999)}",
            }
            values.update({order_key(index, field): value for field, value in row.items()})
        return values

    def _products(self, scene: Scene) -> dict[str, str]:
        rng = self._rng
        values = {}
        for index in range(1, MAX_PRODUCTS + 1):
            made_in = rng.sample(_COLOURS, 2)
            sizes = rng.choice(_SIZES)
            size, shade = rng.choice(sizes), rng.choice(made_in)
            if index == 1:
                self.extras |= {"size": size, "colour": shade}
            variant = rng.choice((f"size {size}", shade, f"{shade}, size {size}"))
            if scene.given.get("confirms") == "no":  # one that it is not made in
                shade = rng.choice([colour for colour in _COLOURS if colour not in made_in])
                variant = shade if "product.1.sizes" in scene.never else f"size {rng.choice(_OTHER_SIZES)}"
            row = {
                "title": self._titles[index - 1],
                "price": self._money(5, 200),
                "sizes": "{}, {} and {}".format(*sizes),
                "colours": " and ".join(made_in),
                "variant": variant,
                "material": rng.choice(_SOFT if self.things[index - 1] in _SOFT_NOUNS else _HARD),
                "detail": rng.choice(DETAILS[self.detail]),
                "restock": self._date(),
                "old_price": self._money(210, 400),
                "link": f"https://{self._domain}/p/{rng.randint(1, 999)}",
            }
            values.update({product_key(index, field): value for field, value in row.items()})
        return values


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
