"""Requests signed by `openssl` on the command line, and not by code of ours: each channel's receiver takes them, and
refuses them with one byte changed. Above each signature stands the command that printed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import pytest

from app.channels import signatures
from app.channels.meta import INSTAGRAM, MESSENGER
from app.channels.port import Channel, RawRequest
from app.channels.shopify import SHOPIFY
from app.channels.signed_webhook import SIGNED_WEBHOOK
from app.channels.telegram import TELEGRAM
from app.channels.twilio_whatsapp import WHATSAPP
from app.domain.channel import Account

NOW = datetime.fromtimestamp(1790000000, UTC)
SHOP = "https://shop.example.com"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
MESSAGE = {
    "MessageSid": "SM00000000000000000000000000000001",
    "AccountSid": "AC0123456789abcdef0123456789abcdef",
    "From": "whatsapp:+14155550101",
    "To": "whatsapp:+14155550199",
    "Body": "",
    "NumMedia": "1",
    "ProfileName": " Ana Ünï ",
}
TWILIO_JSON = b'{"AccountSid":"AC1","note":"\\u00fcber"}'
# printf '%s' '{"AccountSid":"AC1","note":"\u00fcber"}' | openssl dgst -sha256 -r
TWILIO_JSON_HASH = "1620ed1c72d416f271c5b03fe9781ccdf1589ef6357f7395cf29512cec6b1267"
META = b'{"object":"page","entry":[{"messaging":[{"message":{"text":"\\u00bfS\\u00ed? \\ud83d\\udc5f"}}]}]}'
# printf '%s' '{"object":"page","entry":[{"messaging":[{"message":{"text":"\u00bfS\u00ed? \ud83d\udc5f"}}]}]}' \
#   | openssl dgst -sha256 -hmac meta-app-secret -r
META_SIGNATURE = "sha256=13a1ea443d35a0ec1b75de9dab2b0f79631f31784dac2dc1c49b9228b1984956"
SECRETS: Mapping[str, Mapping[str, str]] = {
    "whatsapp": {"auth_token": "twilio-auth-token"},
    "messenger": {"app_secret": "meta-app-secret"},
    "instagram": {"app_secret": "new", "previous_app_secret": "meta-app-secret"},
    "shopify": {"client_secret": "shopify-client-secret"},
    "webhook": {"secret": "webhook-secret"},
    "telegram": {"secret_token": "telegram_Secret-1"},
}


@dataclass(frozen=True)
class Vector:
    """A request as it comes, `headers` with its signature."""

    channel: Channel
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    method: str = "POST"
    name: str = field(default="")

    def is_taken(self) -> bool:
        account = Account(UUID(int=1), UUID(int=2), self.channel.kind, "", {}, SECRETS[self.channel.kind])
        query = parse_qsl(self.url.partition("?")[2], keep_blank_values=True)
        raw = RawRequest(self.method, self.url, self.headers, query, self.body)
        assert self.channel.receiver is not None
        return self.channel.receiver.verify(raw, account, NOW)


def twilio(name: str, url: str, signature: str, body: bytes = b"", *, kind: str = FORM, method: str = "POST") -> Vector:
    return Vector(WHATSAPP, url, {"content-type": kind, "x-twilio-signature": signature}, body, method, name)


MESSAGE_FORM = urlencode(MESSAGE).encode()
HOOK = f"{SHOP}/api/webhooks/whatsapp/?store=7"
ARRAY_FORM = b"zB=&MediaUrl=https%3A%2F%2Fb.example%2F2&Za=Z&MediaUrl=https%3A%2F%2Fa.example%2F1&aZ=z&Body=hi"
ARRAY_FORM += b"&MediaUrl=https%3A%2F%2Fa.example%2F1"
VECTORS = (
    # printf '%s' "${URL}AccountSidAC0123456789abcdef0123456789abcdefBodyFromwhatsapp:+14155550101MessageSid" \
    #   "SM00000000000000000000000000000001NumMedia1ProfileName Ana Ünï Towhatsapp:+14155550199" \
    #   | openssl dgst -sha1 -hmac twilio-auth-token -binary | openssl base64
    # with URL='https://shop.example.com/api/webhooks/whatsapp/?store=7'
    twilio("form", HOOK, "VoX7ujG2oi4/X5TlIqUI5CCTVyA=", MESSAGE_FORM),
    # the same with URL='https://shop.example.com:443/api/webhooks/whatsapp/?store=7'
    twilio("signed with the port", HOOK, "O1uCPxaByed9a4gNzYEsXcYMpwI=", MESSAGE_FORM),
    # printf '%s' 'https://shop.example.com:8443/hookBodyhi' | openssl dgst -sha1 -hmac twilio-auth-token -binary \
    #   | openssl base64
    twilio("another port", f"{SHOP}:8443/hook", "NRMCjCVhcLiWjPzlb71tIoB/JIs=", b"Body=hi"),
    # the same of 'https://shop.example.com/hookBodyhi'
    twilio("signed without the port", f"{SHOP}:8443/hook", "xbNDr3xMinzyJgKIV9c5tqy9pls=", b"Body=hi"),
    # the same of 'https://shop.example.com/hookBodyhiMediaUrlhttps://a.example/1MediaUrlhttps://b.example/2ZaZaZzzB'
    twilio("a name three times", f"{SHOP}/hook", "ZLAVBWcuLGq7XXp+puqkR2ciCMg=", ARRAY_FORM),
    # the same of 'https://shop.example.com/hook?bodySHA256=1620ed1c72d416f271c5b03fe9781ccdf1589ef6357f7395cf29512cec6b1267'
    twilio(
        "json",
        f"{SHOP}/hook?bodySHA256={TWILIO_JSON_HASH}",
        "uKi1TKqJxiFmOJJUIawMiaShYz0=",
        TWILIO_JSON,
        kind="application/json",
    ),
    # the same of 'https://shop.example.com/hook?Body=Hi%20there&MessageSid=SM1'
    twilio("get", f"{SHOP}/hook?Body=Hi%20there&MessageSid=SM1", "s23h3YPK5EkX6vF7kUMrOoD90kQ=", method="GET"),
    Vector(MESSENGER, SHOP, {"x-hub-signature-256": META_SIGNATURE}, META, name="messenger"),
    Vector(INSTAGRAM, SHOP, {"x-hub-signature-256": META_SIGNATURE}, META, name="instagram, previous secret"),
    # printf '%s' '{"id":820982911946154508,"email":"jon@example.com","note":"Größe"}' \
    #   | openssl dgst -sha256 -hmac shopify-client-secret -binary | openssl base64
    Vector(
        SHOPIFY,
        SHOP,
        {"x-shopify-hmac-sha256": "Lk+BZB86jXnEXd9CuDngS/QhE96K3CC1la1uvACDDTc="},
        '{"id":820982911946154508,"email":"jon@example.com","note":"Größe"}'.encode(),
        name="shopify",
    ),
    # printf '%s' '{"id":"m1","from":"ana@example.com","text":"Hola, ¿qué tal?"}' \
    #   | openssl dgst -sha256 -hmac webhook-secret -r
    Vector(
        SIGNED_WEBHOOK,
        SHOP,
        {"x-assistify-signature": "sha256=4f7b01e3e52861e982d0db7e010eaa3738d0f71049cbeb4df8f1fac740049789"},
        '{"id":"m1","from":"ana@example.com","text":"Hola, ¿qué tal?"}'.encode(),
        name="webhook",
    ),
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_what_openssl_signed_is_taken_and_with_one_byte_changed_it_is_not(vector: Vector) -> None:
    assert vector.is_taken()
    (name, signature) = next(one for one in vector.headers.items() if one[0] != "content-type")
    flipped = signature[:-4] + ("A" if signature[-4] != "A" else "B") + signature[-3:]
    for wrong in (flipped, signature[:-1], signature.swapcase(), ""):
        assert not replace(vector, headers={**vector.headers, name: wrong}).is_taken()
    assert not replace(vector, headers={one: said for one, said in vector.headers.items() if one != name}).is_taken()
    if vector.method == "GET":
        assert not replace(vector, url=vector.url + "0").is_taken()
    else:
        assert not replace(vector, body=vector.body[:-1] + b"0").is_taken()


def test_telegram_gives_its_secret_back() -> None:
    """Nothing is signed there: the secret itself comes in a header (https://core.telegram.org/bots/api#setwebhook)."""
    vector = Vector(TELEGRAM, f"{SHOP}?bot=7", {"x-telegram-bot-api-secret-token": "telegram_Secret-1"}, b"{}")
    assert vector.is_taken()
    for wrong in ("", "telegram_secret-1", "telegram_Secret-", "telegram_Secret-1 "):
        assert not replace(vector, headers={"x-telegram-bot-api-secret-token": wrong}).is_taken()
    assert not replace(vector, headers={}).is_taken()


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        # printf '%s' 'ids=1,2logged_in_customer_id=path_prefix=/apps/assistify' \
        #   'shop=outfit.myshopify.comtimestamp=1790000000' \
        #   | openssl dgst -sha256 -hmac shopify-client-secret -r
        (
            "shop=outfit.myshopify.com&logged_in_customer_id=&path_prefix=%2Fapps%2Fassistify&timestamp=1790000000"
            "&ids=1&ids=2",
            "2fcbb9e39701820e706c78bfa2fde7ad5ae904479cf29588519accc0b38e21b7",
        ),
        # the same of 'logged_in_customer_id=7012345678901path_prefix=/a/assistify' 'shop=outfit...', as above
        (
            "timestamp=1790000000&shop=outfit.myshopify.com&logged_in_customer_id=7012345678901"
            "&path_prefix=%2Fa%2Fassistify",
            "6ee785cb0afb02800e79391c1eb9ecbca0e853ad09324ff808f0e67f06751813",
        ),
    ],
    ids=["guest, a parameter twice", "signed in"],
)
def test_shopifys_app_proxy(query: str, signature: str) -> None:
    secret = ["shopify-client-secret"]
    pairs = parse_qsl(query, keep_blank_values=True)
    assert signatures.shopify_proxy(secret, [*pairs, ("signature", signature)], NOW)
    assert not signatures.shopify_proxy(secret, [*pairs, ("signature", signature)], NOW + timedelta(seconds=91))
    assert not signatures.shopify_proxy(secret, [*pairs, ("signature", signature.upper())], NOW)
    other = [(name, "8" if name == "logged_in_customer_id" else value) for name, value in pairs]
    assert not signatures.shopify_proxy(secret, [*other, ("signature", signature)], NOW)


def test_shopifys_authorisation() -> None:
    # printf '%s' 'code=abc&host=YWRtaW4&shop=outfit.myshopify.com&state=s1&timestamp=1790000000' \
    #   | openssl dgst -sha256 -hmac shopify-client-secret -r
    signature = "129a97867caecd1bd6b9ef295bae1246b8c6df819cb58c6fabb337d2eab4db59"
    pairs = parse_qsl("timestamp=1790000000&state=s1&shop=outfit.myshopify.com&host=YWRtaW4&code=abc")
    assert signatures.shopify_oauth(["shopify-client-secret"], [("hmac", signature), *pairs], NOW)
    assert not signatures.shopify_oauth(["shopify-client-secret"], [("hmac", signature), *pairs[1:]], NOW)
