"""Drawn pictures of the demo products: a soft gradient in the product's colour and a line drawing of its kind."""

from __future__ import annotations

_COLOURS = {
    "slate": "#8fa3b8", "moss": "#8aa67e", "rust": "#c98562", "navy": "#6d83b3", "sand": "#d3bd98", "black": "#7d8592",
    "ember": "#d98a5f", "olive": "#a3a672", "coral": "#e39a8c", "white": "#bcc7d4", "bark": "#b39a80",
    "charcoal": "#848b96", "fjord": "#7ea0b5", "plum": "#a487a8", "oat": "#d6c7ac", "teal": "#74aaa8",
    "rose": "#d8a0a8", "sky": "#93b8d8", "forest": "#7d9d80", "silver": "#a9b3bf", "orange": "#e0a06a",
    "blue": "#86a5d6", "green": "#8fb396", "titanium": "#a7abb0", "warm white": "#dcc48a", "regular": "#9fb0b8",
}  # fmt: skip
_DEFAULT_COLOUR = "#9aabbd"

# Line drawings on a 96 x 96 grid.
_DRAWINGS = {
    "jackets": "M36 22 48 30 60 22 76 34 70 52 62 48 62 76 34 76 34 48 26 52 20 34Z M48 30V76",
    "fleece": "M34 24Q48 36 62 24L76 36 69 52 62 48V76H34V48L27 52 20 36Z M48 33V52",
    "base layers": "M34 24Q48 34 62 24L78 36 71 50 62 46V74H34V46L25 50 18 36Z",
    "trousers": "M34 20H62L66 78H53L48 42 43 78H30Z M34 28H62",
    "footwear": "M32 22H48V42Q50 52 62 54 74 56 74 68V74H32Z M32 66H74",
    "tents": "M48 22 80 74H16Z M48 22V74 M48 44 60 74 M48 44 36 74",
    "sleeping": "M18 60Q18 44 34 44H66Q80 44 80 58V66H18Z M18 66H80 M28 44V38H42V44",
    "packs": "M32 36Q32 22 48 22T64 36V74H32Z M40 22V16H56V22 M38 50H58V66H38Z",
    "cooking": "M26 38H66V64Q66 72 58 72H34Q26 72 26 64Z M66 44H74Q80 44 80 50T74 58H66 M38 22V30 M48 20V30 M58 22V30",
    "lighting": "M38 30H58L62 42V66H34V42Z M42 22H54V30H42Z M34 72H62 M48 44V60",
    "accessories": "M24 58Q24 28 48 28T72 58Z M20 58H76V68H20Z M48 22V28",
}


def draw(category: str, colours: tuple[str, ...]) -> str:
    """Return an SVG of a product."""
    colour = next((_COLOURS[name] for name in colours if name in _COLOURS), _DEFAULT_COLOUR)
    drawing = _DRAWINGS.get(category, _DRAWINGS["accessories"])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img">'
        '<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">'
        f'<stop offset="0" stop-color="{colour}" stop-opacity=".42"/><stop offset="1" stop-color="{colour}"/>'
        '</linearGradient></defs><rect width="240" height="240" fill="#f4f1ec"/>'
        '<rect width="240" height="240" fill="url(#g)"/>'
        f'<path d="{drawing}" transform="translate(62 62) scale(1.2)" fill="none" stroke="#fff" stroke-width="3.2" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
