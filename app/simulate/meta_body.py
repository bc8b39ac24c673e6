"""What Meta's send API takes, field by field: everything that is not listed is refused."""

from __future__ import annotations

import json
from typing import Any

TEXT_LIMITS = {"page": 2000, "instagram": 1000}
QUICK_REPLIES = 13
ELEMENTS = 10
TITLE_CHARS = 80
BUTTONS = 3
BUTTON_CHARS = 20
ACTIONS = {"typing_on", "typing_off", "mark_seen"}
MEDIA = {"image", "video", "audio", "file"}
TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}
TAGS = {"HUMAN_AGENT"}  # the others answer error 100 since April 2026


class BodyRefusedError(ValueError):
    """What is wrong with a body, as Meta would put it; `code` is Meta's."""

    def __init__(self, message: str, code: int = 100) -> None:
        super().__init__(message)
        self.code = code


def check_body(body: bytes, platform: str) -> dict[str, Any]:
    """Return the body of a call of /messages.

    Raises: BodyRefusedError.
    """
    try:
        posted = json.loads(body)
    except ValueError:
        raise BodyRefusedError("The body is no JSON") from None
    posted = _object(posted, "body")
    _recipient(posted)
    if "sender_action" in posted:
        _only(posted, {"recipient", "sender_action"}, "body")
        _one_of(posted["sender_action"], ACTIONS, "sender_action")
        return posted
    _only(posted, {"recipient", "messaging_type", "tag", "message"}, "body")
    _one_of(posted.get("messaging_type"), TYPES, "messaging_type")
    if ("tag" in posted) != (posted["messaging_type"] == "MESSAGE_TAG"):
        raise BodyRefusedError("tag and MESSAGE_TAG go together")
    if "tag" in posted:
        _one_of(posted["tag"], TAGS, "tag")
    message = _object(posted.get("message"), "message")
    if ("template" in message) != (posted["messaging_type"] == "UTILITY"):
        raise BodyRefusedError("a template and UTILITY go together")
    if "template" in message and platform == "page":
        _only(message, {"template", "metadata"}, "message")
        _template(_object(message["template"], "template"))
    else:
        _message(message, platform)
    return posted


def _recipient(posted: dict[str, Any]) -> None:
    recipient = _object(posted.get("recipient"), "recipient")
    _only(recipient, {"id"}, "recipient")
    _text(recipient.get("id"), 255, "recipient[id]")


def _message(message: dict[str, Any], platform: str) -> None:
    _only(message, {"text", "attachment", "quick_replies", "metadata"}, "message")
    if ("text" in message) == ("attachment" in message):
        raise BodyRefusedError("a message has a text or an attachment")
    if "text" in message:
        limit = TEXT_LIMITS[platform]
        # Whether Instagram counts bytes or characters is not documented: here bytes, the stricter.
        size = len(str(message["text"]).encode()) if platform == "instagram" else 0
        _text(message["text"], limit, "message[text]")
        if size > limit:
            raise BodyRefusedError(f"Length of param message[text] must be less than or equal to {limit}")
    if "metadata" in message:
        _text(message["metadata"], 1000, "message[metadata]")
    replies = message.get("quick_replies", [])
    if not isinstance(replies, list) or len(replies) > QUICK_REPLIES:
        raise BodyRefusedError(f"at most {QUICK_REPLIES} quick replies")
    if "attachment" in message:
        _attachment(_object(message["attachment"], "attachment"))


def _template(template: dict[str, Any]) -> None:
    _only(template, {"name", "language", "components"}, "template")
    _text(template.get("name"), 512, "template[name]")
    language = _object(template.get("language"), "language")
    _only(language, {"code"}, "language")
    _text(language.get("code"), 16, "language[code]")
    components = template.get("components")
    if not isinstance(components, list):
        raise BodyRefusedError("Param components must be an array")
    for component in components:
        found = _object(component, "component")
        _only(found, {"type", "parameters"}, "component")
        _one_of(found.get("type"), {"body"}, "component[type]")
        for parameter in found.get("parameters", []):
            value = _object(parameter, "parameter")
            _only(value, {"type", "text", "parameter_name"}, "parameter")
            _one_of(value.get("type"), {"text"}, "parameter[type]")
            _text(value.get("text"), 1024, "parameter[text]")


def _attachment(attachment: dict[str, Any]) -> None:
    _only(attachment, {"type", "payload"}, "attachment")
    _one_of(attachment.get("type"), {*MEDIA, "template"}, "attachment[type]")
    payload = _object(attachment.get("payload"), "payload")
    if attachment["type"] != "template":
        _only(payload, {"url", "is_reusable"}, "payload")
        _url(payload.get("url"), "payload[url]")
        return
    _only(payload, {"template_type", "elements"}, "payload")
    _one_of(payload.get("template_type"), {"generic"}, "template_type")
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= ELEMENTS:
        raise BodyRefusedError(f"1 to {ELEMENTS} elements")
    for element in elements:
        _element(_object(element, "element"))


def _element(element: dict[str, Any]) -> None:
    _only(element, {"title", "subtitle", "image_url", "default_action", "buttons"}, "element")
    _text(element.get("title"), TITLE_CHARS, "title")
    if len(element) < 2:
        raise BodyRefusedError("an element has something besides its title")
    if "subtitle" in element:
        _text(element["subtitle"], TITLE_CHARS, "subtitle")
    if "image_url" in element:
        _url(element["image_url"], "image_url")
    if "default_action" in element:
        action = _object(element["default_action"], "default_action")
        _only(action, {"type", "url"}, "default_action")
        _one_of(action.get("type"), {"web_url"}, "default_action[type]")
        _url(action.get("url"), "default_action[url]")
    buttons = element.get("buttons", [])
    if not isinstance(buttons, list) or len(buttons) > BUTTONS:
        raise BodyRefusedError(f"at most {BUTTONS} buttons")
    for button in buttons:
        found = _object(button, "button")
        _only(found, {"type", "url", "title"}, "button")
        _one_of(found.get("type"), {"web_url"}, "button[type]")
        _url(found.get("url"), "button[url]")
        _text(found.get("title"), BUTTON_CHARS, "button[title]")


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BodyRefusedError(f"Param {name} must be an object")
    return value


def _only(found: dict[str, Any], known: set[str], name: str) -> None:
    if set(found) - known:
        raise BodyRefusedError(f"Param {name} has unknown keys: {sorted(set(found) - known)}")


def _one_of(value: object, known: set[str], name: str) -> None:
    if value not in known:
        raise BodyRefusedError(f"Param {name} must be one of {sorted(known)}")


def _text(value: object, most: int, name: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise BodyRefusedError(f"Param {name} must be a non-empty string")
    if len(value) > most:
        raise BodyRefusedError(f"Length of param {name} must be less than or equal to {most}")


def _url(value: object, name: str) -> None:
    if not isinstance(value, str) or not value.startswith(("https://", "http://127.0.0.1")):
        raise BodyRefusedError(f"Param {name} must be a public https URL")
