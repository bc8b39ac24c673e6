import { gear } from "./gear.ts";
import { inkOf, mix } from "./ink.ts";
import { wear } from "./wear.ts";

const motifs = { ...wear, ...gear };

/** What each product of the demo shop looks like: its drawing and its colour. */
export const catalogue: Readonly<Record<string, readonly [motif: keyof typeof motifs, colour: string]>> = {
  "jkt-summit": ["shell", "slate"],
  "jkt-drift": ["rain", "navy"],
  "jkt-hearth": ["down", "ember"],
  "jkt-ember": ["down", "olive"],
  "jkt-breeze": ["breeze", "coral"],
  "jkt-field": ["waxed", "bark"],
  "jkt-nordic": ["parka", "charcoal"],
  "flc-ridge": ["fleece", "plum"],
  "flc-cabin": ["fleece", "oat"],
  "flc-spark": ["hoodie", "teal"],
  "bsl-merino": ["baseLayer", "rose"],
  "bsl-tights": ["tights", "navy"],
  "bsl-cool": ["tee", "sky"],
  "trs-trail": ["trousers", "bark"],
  "trs-storm": ["overTrousers", "black"],
  "trs-zip": ["zipOff", "sand"],
  "trs-shorts": ["shorts", "rust"],
  "bot-ridge": ["boot", "bark"],
  "bot-alp": ["boot", "charcoal"],
  "sho-swift": ["shoe", "coral"],
  "sho-camp": ["slipper", "ember"],
  "sho-river": ["sandal", "sand"],
  "gai-mud": ["gaiters", "black"],
  "tnt-two": ["tent", "moss"],
  "tnt-family": ["dome", "forest"],
  "tnt-solo": ["bivy", "slate"],
  "tnt-tarp": ["tarp", "sand"],
  "tnt-pegs": ["pegs", "silver"],
  "slp-down": ["mummy", "navy"],
  "slp-summer": ["mummy", "moss"],
  "slp-quilt": ["quilt", "slate"],
  "slp-mat": ["mat", "teal"],
  "slp-foam": ["foam", "moss"],
  "slp-pillow": ["pillow", "sand"],
  "pck-day": ["pack", "rust"],
  "pck-tour": ["tour", "moss"],
  "pck-haul": ["duffel", "ember"],
  "pck-run": ["vest", "coral"],
  "pck-hip": ["pouch", "teal"],
  "pck-dry": ["dryBag", "orange"],
  "ckg-stove": ["stove", "silver"],
  "ckg-pot": ["pot", "titanium"],
  "ckg-mug": ["mug", "blue"],
  "ckg-bottle": ["bottle", "moss"],
  "ckg-filter": ["filter", "blue"],
  "ckg-cutlery": ["cutlery", "titanium"],
  "ckg-gas": ["gas", "ember"],
  "ckg-meal": ["meal", "amber"],
  "lgt-head": ["headlamp", "orange"],
  "lgt-lantern": ["lantern", "sand"],
  "lgt-string": ["lights", "charcoal"],
  "acc-beanie": ["beanie", "rust"],
  "acc-cap": ["cap", "sand"],
  "acc-gloves": ["gloves", "black"],
  "acc-mitts": ["mitts", "slate"],
  "acc-socks": ["socks", "moss"],
  "acc-poles": ["poles", "black"],
  "acc-buff": ["buff", "navy"],
  "acc-wax": ["wash", "fjord"],
  "acc-repair": ["repair", "brick"],
  "acc-map": ["map", "moss"],
  "acc-giftcard": ["card", "pine"],
};

/** Draw a product as an SVG document; null for one that is not in the catalogue. */
export function drawProduct(id: string): string | null {
  const entry = catalogue[id];
  if (!entry) return null;
  const [motif, colour] = entry;
  const ink = inkOf(colour);
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">',
    `<defs><linearGradient id="b" x1="0" y1="0" x2=".7" y2="1"><stop stop-color="${ink.sky}"/>`,
    `<stop offset="1" stop-color="${mix(ink.ground, "#ffffff", 0.18)}"/></linearGradient></defs>`,
    '<rect width="400" height="400" fill="url(#b)"/>',
    `<ellipse cx="200" cy="348" rx="112" ry="13" fill="${ink.line}" opacity=".13"/>`,
    `<g transform="translate(20 12) scale(1.8)">${motifs[motif](ink)}</g></svg>`,
  ].join("");
}
