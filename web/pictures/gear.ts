import type { Ink } from "./ink.ts";

/** Tents, packs, kitchen and small things, each in a square of 200 by 200; SVG without the outer element. */
type Motif = (ink: Ink) => string;

const path = (d: string, fill: string, more = "") => `<path d="${d}" fill="${fill}" ${more}/>`;
const stroke = (d: string, colour: string, width = 2) =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
const circle = (x: number, y: number, r: number, fill: string) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;
const box = (x: number, y: number, w: number, h: number, r: number, fill: string) =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${r}" fill="${fill}"/>`;

const ropes = (ink: Ink) => stroke("M40 148L22 156M160 148L178 156", ink.line);
const tent: Motif = (ink) =>
  ropes(ink) +
  path("M96 48L30 150H120Z", ink.main) +
  path("M96 48L170 150H120Z", ink.dark) +
  path("M96 48L76 150H112Q98 110 96 48Z", ink.line) +
  path("M96 48Q100 112 124 150H112Q98 108 96 48Z", ink.light) +
  stroke("M96 48V38", ink.trim, 3);
const dome: Motif = (ink) =>
  ropes(ink) +
  path("M26 150Q30 62 100 58Q170 62 174 150Z", ink.main) +
  path("M100 58Q170 62 174 150H128Q134 92 100 58Z", ink.dark) +
  path("M76 150Q78 100 100 96Q122 100 124 150Z", ink.line) +
  stroke("M100 58Q58 88 58 150M100 58Q142 88 142 150", ink.trim) +
  box(42, 112, 18, 14, 4, ink.light);
const bivy: Motif = (ink) =>
  ropes(ink) +
  path("M24 150Q40 76 92 74Q150 96 180 150Z", ink.main) +
  path("M92 74Q150 96 180 150H112Q118 104 92 74Z", ink.dark) +
  path("M48 150Q56 106 90 100Q92 128 86 150Z", ink.line) +
  stroke("M92 74Q56 100 40 150", ink.trim);
const tarp: Motif = (ink) =>
  stroke("M58 78V156M152 62V156M58 78L34 152M152 62L178 150", ink.line, 3) +
  path("M30 96L58 74L152 58L174 84L110 104Z", ink.main) +
  path("M30 96L58 74L110 104Z", ink.light) +
  path("M152 58L174 84L110 104Z", ink.dark);
const pegs: Motif = (ink) =>
  [0, 1, 2, 3, 4]
    .map(
      (n) =>
        `<g transform="translate(${n * 22 - 38} ${n % 2 ? 4 : 0}) rotate(14 100 100)">${stroke("M94 50V148L97 156L100 148", n % 2 ? ink.dark : ink.main, 6)}${stroke("M94 54Q84 50 86 62", n % 2 ? ink.dark : ink.main, 5)}</g>`,
    )
    .join("") + stroke("M46 132Q100 150 156 128", ink.trim, 3);

const mummy: Motif = (ink) =>
  path("M76 44Q100 20 124 44Q138 62 136 94L124 162Q100 174 76 162L64 94Q62 62 76 44Z", ink.main) +
  stroke(
    "M66 78Q100 90 134 78M66 100Q100 112 134 100M70 122Q100 134 130 122M74 144Q100 156 126 144",
    ink.dark,
    2.5,
  ) +
  `<ellipse cx="100" cy="54" rx="20" ry="15" fill="${ink.line}"/>` +
  path("M84 58Q100 46 116 58Q108 68 100 68Q92 68 84 58Z", ink.pale) +
  stroke("M124 66L118 128", ink.trim, 3);
const quilt: Motif = (ink) =>
  path("M52 52Q100 40 148 52L154 150Q100 164 46 150Z", ink.main) +
  path("M52 52Q100 40 148 52L149 70Q100 58 51 70Z", ink.light) +
  stroke(
    "M50 90Q100 78 150 90M48 112Q100 100 152 112M47 134Q100 122 153 134M84 64L82 154M116 64L118 154",
    ink.dark,
    2.5,
  );
const mat: Motif = (ink) =>
  path("M70 62H156Q164 62 164 70V132Q164 140 156 140H70Z", ink.main) +
  stroke("M92 64V138M110 64V138M128 64V138M146 64V138", ink.dark, 3) +
  circle(68, 101, 39, ink.dark) +
  circle(68, 101, 31, ink.light) +
  stroke("M68 101m-20 0a20 20 0 1 1 20 20a12 12 0 1 1 -4 -24", ink.dark, 4);
const foam: Motif = (ink) =>
  [0, 1, 2, 3, 4]
    .map((n) =>
      path(
        `M40 ${66 + n * 18}L52 ${58 + n * 18}H160V${72 + n * 18}L148 ${80 + n * 18}H40Z`,
        n % 2 ? ink.main : ink.dark,
      ),
    )
    .join("") + stroke("M64 70v74M92 70v74M120 70v74", ink.line, 1.5);
const pillow: Motif = (ink) =>
  path(
    "M44 76Q36 62 52 64Q100 74 148 64Q164 62 156 76Q150 104 158 130Q164 146 148 142Q100 132 52 142Q36 146 42 130Q50 104 44 76Z",
    ink.main,
  ) +
  stroke("M58 80Q100 90 142 80M56 126Q100 116 144 126", ink.dark, 2) +
  box(88, 94, 26, 16, 3, ink.trim);

const pack: Motif = (ink) =>
  stroke("M84 44Q84 30 100 30T116 44", ink.line, 5) +
  path("M62 70Q52 96 56 142Q50 150 62 156Z", ink.line) +
  path("M138 70Q148 96 144 142Q150 150 138 156Z", ink.line) +
  path("M62 66Q62 44 84 44H116Q138 44 138 66V152Q138 166 124 166H76Q62 166 62 152Z", ink.main) +
  path("M60 66Q60 42 84 42H116Q140 42 140 66V84Q100 94 60 84Z", ink.dark) +
  box(74, 106, 52, 46, 10, ink.dark) +
  stroke("M80 120H120", ink.trim, 3) +
  stroke("M82 88V102M118 88V102", ink.trim, 4);
const tour: Motif = (ink) =>
  path("M56 30H144V48Q144 54 138 54H62Q56 54 56 48Z", ink.light) +
  stroke("M70 30V54M130 30V54", ink.line, 4) +
  path("M60 60Q100 50 140 60L144 160Q144 176 128 176H72Q56 176 56 160Z", ink.main) +
  path("M58 62Q100 48 142 62V88Q100 98 58 88Z", ink.dark) +
  path("M50 104H64V150H54Q48 128 50 104ZM150 104H136V150H146Q152 128 150 104Z", ink.dark) +
  box(76, 112, 48, 48, 8, ink.dark) +
  stroke("M84 92V112M116 92V112M76 134H124", ink.trim, 4);
const duffel: Motif = (ink) =>
  stroke("M70 84Q72 52 100 52T130 84", ink.line, 6) +
  path("M40 84Q100 68 160 84Q174 112 160 144Q100 156 40 144Q26 112 40 84Z", ink.main) +
  path("M40 84Q54 112 40 144Q26 112 40 84ZM160 84Q146 112 160 144Q174 112 160 84Z", ink.line) +
  path("M66 78H80V149H66ZM120 78H134V149H120Z", ink.dark) +
  stroke("M48 96Q100 86 152 96", ink.trim, 3);
const vest: Motif = (ink) =>
  path("M70 44Q78 80 66 100L60 156H92L96 100L88 44Z", ink.main) +
  path("M130 44Q122 80 134 100L140 156H108L104 100L112 44Z", ink.main) +
  path("M70 44H88L91 60Q80 66 72 62ZM130 44H112L109 60Q120 66 128 62Z", ink.dark) +
  box(66, 108, 24, 34, 6, ink.dark) +
  box(110, 108, 24, 34, 6, ink.dark) +
  stroke("M92 84H108M92 128H108", ink.trim, 4) +
  box(72, 70, 15, 26, 5, ink.light) +
  box(113, 70, 15, 26, 5, ink.light);
const pouch: Motif = (ink) =>
  stroke("M26 92Q60 82 60 98M174 92Q140 82 140 98", ink.line, 9) +
  path("M52 86Q100 74 148 86Q156 118 138 138Q100 148 62 138Q44 118 52 86Z", ink.main) +
  path("M52 86Q100 74 148 86L149 100Q100 90 51 100Z", ink.dark) +
  stroke("M62 106Q100 98 138 106", ink.trim, 3) +
  box(156, 86, 14, 12, 3, ink.trim);
const dryBag: Motif = (ink) =>
  path("M62 66H138L142 152Q142 166 126 166H74Q58 166 58 152Z", ink.main) +
  path("M118 66H138L142 152Q142 166 126 166H116Z", ink.dark) +
  box(58, 40, 84, 28, 10, ink.dark) +
  stroke("M62 50H138M62 58H138", ink.line) +
  stroke("M58 54Q40 40 52 34H148Q160 40 142 54", ink.line, 4) +
  box(76, 98, 34, 22, 4, ink.pale);

const flame = "M100 34Q114 50 108 62Q102 70 94 64Q84 56 92 46Q98 44 100 34Z";
const stove: Motif = (ink) =>
  path(flame, "#e8a13c") +
  path("M100 46Q106 56 102 62Q97 64 95 58Q96 52 100 46Z", "#f7d58a") +
  stroke("M64 76H136M72 76L82 96M128 76L118 96M100 76V96", ink.line, 5) +
  box(84, 92, 32, 14, 4, ink.line) +
  stroke("M116 100H140L146 94", ink.trim, 4) +
  path("M64 122Q64 108 84 108H116Q136 108 136 122V160Q136 168 128 168H72Q64 168 64 160Z", ink.main) +
  box(64, 130, 72, 18, 0, ink.pale);
const gas: Motif = (ink) =>
  box(90, 44, 20, 14, 3, ink.line) +
  path("M58 84Q58 58 88 58H112Q142 58 142 84V150Q142 162 130 162H70Q58 162 58 150Z", ink.main) +
  box(58, 92, 84, 40, 0, ink.pale) +
  `<g transform="translate(0 64)">${path(flame, "#e8a13c")}</g>`;
const pot: Motif = (ink) =>
  stroke("M100 56V48", ink.line, 6) +
  path("M54 76Q58 58 100 58T146 76Z", ink.light) +
  box(48, 76, 104, 10, 5, ink.dark) +
  path("M54 86H146V138Q146 154 130 154H70Q54 154 54 138Z", ink.main) +
  path("M120 86H146V138Q146 154 130 154H112Z", ink.dark) +
  stroke("M146 100H168V128H146", ink.line, 6);
const mug: Motif = (ink) =>
  stroke("M128 84H142Q156 84 156 104T140 126H128", ink.dark, 9) +
  path("M56 64H130V138Q130 154 114 154H72Q56 154 56 138Z", ink.main) +
  `<ellipse cx="93" cy="64" rx="37" ry="9" fill="${ink.line}"/>` +
  path("M64 128L84 98L96 116L104 106L120 128Z", ink.pale) +
  stroke("M78 46Q74 38 80 30M96 46Q92 38 98 30", ink.ground, 4);
const bottle: Motif = (ink) =>
  box(84, 26, 32, 20, 5, ink.line) +
  path("M86 46H114V58Q128 66 128 82V160Q128 172 116 172H84Q72 172 72 160V82Q72 66 86 58Z", ink.main) +
  path("M112 58Q128 66 128 82V160Q128 172 116 172H108Z", ink.dark) +
  path("M78 134L94 108L104 122L110 114L122 134Z", ink.pale) +
  stroke("M72 92H128", ink.light, 3);
const filter: Motif = (ink) =>
  box(84, 30, 32, 18, 4, ink.line) +
  box(74, 48, 52, 58, 10, ink.main) +
  stroke("M82 64H118M82 78H118M82 92H118", ink.light, 4) +
  path("M82 106H118L112 120H88Z", ink.dark) +
  path("M66 124H134L128 164Q127 170 121 170H79Q73 170 72 164Z", ink.ground) +
  path("M69 142H131L128 164Q127 170 121 170H79Q73 170 72 164Z", "#8ec3da");
const cutlery: Motif = (ink) =>
  `<g transform="rotate(-16 100 100)">${stroke("M76 44V74M86 44V74M66 44V74", ink.main, 5)}${path("M63 70H89Q90 88 81 94V160Q76 166 71 160V94Q62 88 63 70Z", ink.main)}</g><g transform="rotate(16 100 100)"><ellipse cx="124" cy="62" rx="16" ry="24" fill="${ink.dark}"/>${path("M119 84H129V160Q124 166 119 160Z", ink.dark)}</g>`;
const meal: Motif = (ink) =>
  path("M60 40H140L144 160Q100 168 56 160Z", ink.main) +
  path("M60 40H140L141 56H59Z", ink.dark) +
  path("M58 104H142L144 160Q100 168 56 160Z", ink.light) +
  path("M74 92Q74 72 100 72T126 92Z", ink.pale) +
  stroke("M68 92H132", ink.pale, 5) +
  stroke("M90 64Q86 58 92 52M106 64Q102 58 108 52", ink.pale, 3) +
  box(76, 128, 48, 7, 3, ink.dark) +
  box(84, 141, 32, 6, 3, ink.dark);

const headlamp: Motif = (ink) =>
  stroke("M40 104Q44 62 100 58Q156 62 160 104", ink.dark, 13) +
  stroke("M52 92Q60 74 100 72Q140 74 148 92", ink.trim, 3) +
  path("M84 132L60 176H140L116 132Z", "#f7d58a", 'opacity=".55"') +
  box(68, 86, 64, 50, 14, ink.main) +
  circle(100, 111, 18, ink.line) +
  circle(100, 111, 12, "#fbe9b6") +
  box(92, 82, 16, 8, 3, ink.trim);
const lantern: Motif = (ink) =>
  stroke("M78 60Q78 30 100 30T122 60", ink.line, 4) +
  circle(100, 108, 58, "#f9e3a6") +
  path("M72 60H128L134 72H66Z", ink.main) +
  box(72, 72, 56, 72, 4, "#fbeec8") +
  stroke("M82 74V142M118 74V142", ink.dark, 3) +
  path("M66 142H134L138 164H62Z", ink.main) +
  circle(100, 104, 11, "#f0b93f") +
  circle(100, 153, 4, ink.trim);
const lights: Motif = (ink) =>
  stroke("M24 62Q60 108 100 92T176 60M30 122Q70 160 108 138T174 122", ink.line, 3) +
  [
    [48, 88],
    [78, 100],
    [110, 96],
    [142, 84],
    [58, 146],
    [90, 150],
    [124, 138],
    [154, 132],
  ]
    .map(
      ([x = 0, y = 0], n) =>
        `${circle(x, y + 10, 12, "#f9e3a6")}${box(x - 4, y - 6, 8, 9, 2, ink.dark)}${circle(x, y + 9, 7, n % 2 ? "#f0b93f" : ink.trim)}`,
    )
    .join("");

const poles: Motif = (ink) => {
  const one = (turn: number, main: string) =>
    `<g transform="rotate(${turn} 100 100)">${stroke("M100 58V168", main, 6)}${stroke("M100 168V178", ink.line, 3)}${box(93, 26, 14, 36, 6, ink.line)}${stroke("M93 60Q82 76 95 84", ink.trim, 3)}${box(95, 108, 10, 12, 2, ink.line)}<ellipse cx="100" cy="164" rx="12" ry="4" fill="${ink.line}"/></g>`;
  return one(-13, ink.dark) + one(13, ink.main);
};
const wash: Motif = (ink) =>
  box(86, 28, 28, 18, 4, ink.line) +
  path("M80 46H120Q136 58 136 82V156Q136 168 124 168H76Q64 168 64 156V82Q64 58 80 46Z", ink.main) +
  box(64, 92, 72, 52, 0, ink.pale) +
  path("M100 100Q114 118 108 128Q100 136 92 128Q86 118 100 100Z", ink.main);
const repair: Motif = (ink) =>
  stroke("M84 62Q84 48 100 48T116 62", ink.line, 6) +
  box(40, 62, 120, 90, 14, ink.main) +
  path("M40 76Q40 62 54 62H146Q160 62 160 76V96H40Z", ink.dark) +
  stroke("M40 97H160", ink.trim, 3) +
  path(
    "M92 110H108V122H120V138H108V150H92V138H80V122H92Z",
    ink.pale,
    'transform="rotate(45 100 130) scale(.86) translate(16 21)"',
  );
const map: Motif = (ink) =>
  path("M38 62L78 48V142L38 156ZM122 62L162 48V142L122 156Z", ink.pale) +
  path("M78 48L122 62V156L78 142Z", ink.ground) +
  path("M46 138L62 104L78 126V142ZM78 120L98 88L122 132V156L78 142Z", ink.light) +
  stroke("M50 84Q70 66 84 88T118 92T154 70", "#c65a3a", 3) +
  circle(154, 70, 5, "#c65a3a");
const card: Motif = (ink) =>
  `<g transform="rotate(-7 100 100)">${box(30, 56, 140, 90, 12, ink.main)}${path("M30 124L66 88L90 112L108 96L146 134V146H42Q30 146 30 134Z", ink.dark)}${path("M66 88L75 97L66 102L58 97ZM108 96L116 104L108 108L101 103Z", ink.pale)}${circle(142, 78, 10, "#f0b93f")}${stroke("M46 74H92", ink.pale, 5)}</g>`;

export const gear = {
  tent,
  dome,
  bivy,
  tarp,
  pegs,
  mummy,
  quilt,
  mat,
  foam,
  pillow,
  pack,
  tour,
  duffel,
  vest,
  pouch,
  dryBag,
  stove,
  gas,
  pot,
  mug,
  bottle,
  filter,
  cutlery,
  meal,
  headlamp,
  lantern,
  lights,
  poles,
  wash,
  repair,
  map,
  card,
} satisfies Record<string, Motif>;
