"""Signatures: the vendors' own vectors, and everything that must be refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from app.channels import signatures

MYAPP = "https://example.com/myapp.php?foo=1&bar=2"
MYCOMPANY = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = [("CallSid", "CA1234567890ABCDE"), ("Digits", "1234"), ("To", "+18005551212")]
BY_5310 = [*CALL, ("From", "+14158675310"), ("Caller", "+14158675310")]
BY_5309 = [*CALL, ("From", "+14158675309"), ("Caller", "+14158675309")]
REPEATED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_URL = MYCOMPANY + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
HELLO = b"Hello, World!"
HELLO_SECRET = "It's a Secret to Everybody"
HELLO_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
PROXY_QUERY = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1"
    "&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
)
PROXY_SIGNATURE = "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
PROXY_TIME = datetime.fromtimestamp(1317327555, UTC)


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (MYAPP, BY_5310, "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        (MYCOMPANY, BY_5309, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (MYCOMPANY, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (MYCOMPANY.replace(".com", ".com:1234"), BY_5309, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (MYCOMPANY.replace(".com", ".com:1234").replace("https", "http"), BY_5309, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (MYCOMPANY, BY_5309, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (MYCOMPANY.replace("https", "http"), BY_5309, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
    ids=["docs", "sdk", "repeated", "without-port", "with-port", "adds-443", "adds-80"],
)
def test_twilio_vectors(url: str, form: list[tuple[str, str]], signature: str) -> None:
    assert signatures.twilio(["12345"], url, form, signature)
    assert signatures.twilio(["new", "12345"], url, form, signature)
    assert not signatures.twilio(["12346"], url, form, signature)
    assert not signatures.twilio(["12345"], url, [*form, ("Extra", "")], signature)


def test_twilio_signs_json_by_its_hash() -> None:
    signature = "a9nBmqA0ju/hNViExpshrM61xv4="
    assert signatures.twilio(["12345"], JSON_URL, [], signature, body=JSON_BODY)
    assert not signatures.twilio(["12345"], JSON_URL, [], signature, body=JSON_BODY + b" ")
    assert not signatures.twilio(["12345"], MYCOMPANY, [], signature, body=JSON_BODY)


def test_twilio_keeps_empty_values_and_spaces() -> None:
    form = [("Body", ""), ("ProfileName", " Ana ")]
    message = (MYAPP + "Body" + "ProfileName Ana ").encode()
    signature = base64.b64encode(hmac.new(b"12345", message, hashlib.sha1).digest()).decode()
    assert signatures.twilio(["12345"], MYAPP, form, signature)
    assert not signatures.twilio(["12345"], MYAPP, [("Body", ""), ("ProfileName", "Ana")], signature)


def test_twilio_with_a_shared_key_signs_by_sha256() -> None:
    settings = "key=webhooks_sharedkey_1, algorithm=HMAC_SHA256"
    signature = base64.b64encode(hmac.new(b"key", MYAPP.encode(), hashlib.sha256).digest()).decode()
    assert signatures.twilio(["key"], MYAPP, [], signature, settings=settings)
    assert not signatures.twilio(["key"], MYAPP, [], signature)
    assert not signatures.twilio(["key"], MYAPP, [], signature, settings="algorithm=NONE")


@pytest.mark.parametrize("wrong", ["", "L/OH5YylLD5NRKLltdqwSvS0BnU", "l/oh5yylld5nrklltdqwsvs0bnu=", "ünï", "\udcff"])
def test_twilio_refuses_everything_else(wrong: str) -> None:
    assert not signatures.twilio(["12345"], MYAPP, BY_5310, wrong)


def test_meta_vector() -> None:
    assert signatures.meta([HELLO_SECRET], HELLO, HELLO_SIGNATURE)
    assert signatures.meta(["new", HELLO_SECRET], HELLO, HELLO_SIGNATURE)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        HELLO_SIGNATURE[:-1],
        HELLO_SIGNATURE.upper(),
        "sha256=" + HELLO_SIGNATURE[7:].upper(),
        HELLO_SIGNATURE[7:],
        "sha1=" + HELLO_SIGNATURE[7:],
        HELLO_SIGNATURE + " ",
    ],
)
def test_meta_refuses_everything_else(wrong: str) -> None:
    assert not signatures.meta([HELLO_SECRET], HELLO, wrong)


def test_meta_signs_the_bytes_and_not_the_meaning() -> None:
    escaped, plain = b'{"text":"\\u00fcber"}', '{"text":"über"}'.encode()
    signature = "sha256=" + hmac.new(b"secret", escaped, hashlib.sha256).hexdigest()
    assert signatures.meta(["secret"], escaped, signature)
    assert not signatures.meta(["secret"], plain, signature)


def test_shopify_webhook() -> None:
    signature = base64.b64encode(hmac.new(b"hush", HELLO, hashlib.sha256).digest()).decode()
    assert signatures.shopify_webhook(["new", "hush"], HELLO, signature)
    assert not signatures.shopify_webhook(["new"], HELLO, signature)
    assert not signatures.shopify_webhook(["hush"], HELLO + b"!", signature)
    assert not signatures.shopify_webhook(["hush"], HELLO, signature.swapcase())
    assert not signatures.shopify_webhook(["hush"], HELLO, "")


def test_shopify_proxy_vector() -> None:
    query = parse_qsl(f"{PROXY_QUERY}&signature={PROXY_SIGNATURE}", keep_blank_values=True)
    assert signatures.shopify_proxy(["hush"], query, PROXY_TIME)
    assert signatures.shopify_proxy(["new", "hush"], query, PROXY_TIME)
    assert not signatures.shopify_proxy(["hushed"], query, PROXY_TIME)
    assert not signatures.shopify_proxy(["hush"], [*query, ("extra", "3")], PROXY_TIME)
    assert not signatures.shopify_proxy(["hush"], [*query, ("signature", PROXY_SIGNATURE)], PROXY_TIME)
    assert not signatures.shopify_proxy(["hush"], parse_qsl(PROXY_QUERY), PROXY_TIME)


@pytest.mark.parametrize(("skew_s", "is_good"), [(0, True), (90, True), (-90, True), (91, False), (-91, False)])
def test_shopify_proxy_is_short_lived(skew_s: int, is_good: bool) -> None:
    query = parse_qsl(f"{PROXY_QUERY}&signature={PROXY_SIGNATURE}")
    assert signatures.shopify_proxy(["hush"], query, PROXY_TIME + timedelta(seconds=skew_s)) is is_good


def test_shopify_proxy_needs_one_readable_timestamp() -> None:
    for timestamp in ("", "soon", "１３１７３２７５５５", "9" * 400, "-1317327555"):
        query = [("shop", "a"), ("timestamp", timestamp)]
        message = "".join(sorted(f"{name}={value}" for name, value in query))
        signature = hmac.new(b"hush", message.encode(), hashlib.sha256).hexdigest()
        assert not signatures.shopify_proxy(["hush"], [*query, ("signature", signature)], PROXY_TIME)


def test_shopify_oauth_vector() -> None:
    """The example of Shopify's page on authorisation codes."""
    query = parse_qsl(
        "code=0907a61c0c8d55e99db179b68161bc00&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
        "&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
    )
    now = datetime.fromtimestamp(1337178173, UTC)
    assert signatures.shopify_oauth(["hush"], query, now)
    assert not signatures.shopify_oauth(["hush"], query, now + timedelta(seconds=91))
    assert not signatures.shopify_oauth(["hush"], [*query, ("extra", "1")], now)
    assert not signatures.shopify_oauth(["other"], query, now)


def test_an_empty_secret_signs_nothing() -> None:
    empty = "sha256=" + hmac.new(b"", HELLO, hashlib.sha256).hexdigest()
    assert not signatures.meta([""], HELLO, empty)
    assert not signatures.meta([], HELLO, empty)
    assert not signatures.shopify_webhook(
        [""], HELLO, base64.b64encode(hmac.new(b"", HELLO, hashlib.sha256).digest()).decode()
    )
