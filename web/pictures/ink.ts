/** The colours of one drawing, made from one colour. */
export type Ink = {
  main: string;
  light: string;
  dark: string;
  line: string;
  trim: string;
  /** Snow, labels, metal: the same in every drawing. */
  pale: string;
  sky: string;
  ground: string;
};

const NAMED: Readonly<Record<string, string>> = {
  slate: "#5b7083",
  moss: "#6b7f4f",
  rust: "#b05a35",
  navy: "#2f4668",
  sand: "#c8ab82",
  black: "#3a3f47",
  ember: "#c65a3a",
  olive: "#7c7a45",
  coral: "#df7a67",
  white: "#d9dee2",
  bark: "#7a5b45",
  charcoal: "#4a4f58",
  fjord: "#3f7186",
  pine: "#3f6b57",
  plum: "#77506f",
  amber: "#d89a3d",
  teal: "#3d8480",
  brick: "#a44e40",
  silver: "#98a5b0",
  titanium: "#8d9196",
  forest: "#3d6b4a",
  oat: "#cdbb9a",
  rose: "#c2747f",
  sky: "#6fa8c9",
  orange: "#dd8340",
  blue: "#4a78b5",
};

function channels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** `share` of `other` in `hex`, from 0 to 1. */
export function mix(hex: string, other: string, share: number): string {
  const to = channels(other);
  const mixed = channels(hex).map((channel, index) =>
    Math.round(channel + ((to[index] ?? 0) - channel) * share),
  );
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

export function inkOf(colour: string): Ink {
  const main = NAMED[colour] ?? NAMED.slate ?? "#5b7083";
  return {
    main,
    light: mix(main, "#ffffff", 0.28),
    dark: mix(main, "#10151d", 0.24),
    line: mix(main, "#10151d", 0.45),
    trim: mix(main, "#f4b860", 0.75),
    pale: "#f6f4ef",
    sky: mix(main, "#f3f5f7", 0.84),
    ground: mix(main, "#dfe5ea", 0.6),
  };
}
