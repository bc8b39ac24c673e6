import type { Ink } from "./ink.ts";

/** Clothes and shoes, each in a square of 200 by 200; SVG without the outer element. */
type Motif = (ink: Ink) => string;

const path = (d: string, fill: string, more = "") => `<path d="${d}" fill="${fill}" ${more}/>`;
const stroke = (d: string, colour: string, width = 2) =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;

const SLEEVES =
  "M71 54Q53 58 46 82L33 140Q40 147 53 144L68 100ZM129 54Q147 58 154 82L167 140Q160 147 147 144L132 100Z";
const TORSO = "M71 54L86 46Q100 58 114 46L129 54L136 100L135 158Q100 165 65 158L64 100Z";
const CUFFS = "M33 140Q40 147 53 144L55 136Q43 139 35 132ZM167 140Q160 147 147 144L145 136Q157 139 165 132Z";

function top(ink: Ink, collar: string, details: string): string {
  return path(SLEEVES, ink.dark) + path(TORSO, ink.main) + path(CUFFS, ink.line) + collar + details;
}

const hood = (ink: Ink) =>
  path("M79 50Q78 22 100 22Q122 22 121 50Q112 62 100 62Q88 62 79 50Z", ink.dark) +
  path("M87 48Q88 34 100 34Q112 34 113 48Q107 56 100 56Q93 56 87 48Z", ink.line);
const collar = (ink: Ink) => path("M83 48Q84 36 100 36Q116 36 117 48Q110 58 100 58Q90 58 83 48Z", ink.dark);
const zip = (ink: Ink, to = 160) => stroke(`M100 58V${to}`, ink.line);
const pockets = (ink: Ink) => stroke("M75 128L90 116M125 128L110 116", ink.line, 2.5);

const quilting = (ink: Ink) =>
  stroke(
    "M65 78Q100 86 135 78M64 98Q100 106 136 98M64 118Q100 126 136 118M65 138Q100 146 135 138",
    ink.line,
    1.5,
  ) + stroke("M41 104L66 110M37 124L60 130M159 104L134 110M163 124L140 130", ink.line, 1.5);

const shell: Motif = (ink) =>
  top(
    ink,
    hood(ink),
    zip(ink) +
      pockets(ink) +
      path("M112 76h14v5h-14z", ink.trim) +
      stroke("M71 54Q84 74 100 74Q116 74 129 54", ink.dark),
  );
const rain: Motif = (ink) =>
  top(
    ink,
    hood(ink),
    zip(ink) +
      path("M72 122h20v14h-20zM108 122h20v14h-20z", ink.dark) +
      stroke("M92 66v20M108 66v20", ink.pale, 1.5),
  );
const down: Motif = (ink) =>
  top(ink, collar(ink), quilting(ink) + zip(ink) + path("M70 84h10v6H70z", ink.trim));
const breeze: Motif = (ink) =>
  top(ink, collar(ink), path("M66 82L134 66L135 92L65 108Z", ink.light) + zip(ink));
const waxed: Motif = (ink) =>
  top(
    ink,
    path("M80 50L92 38H108L120 50L100 66Z", ink.line),
    zip(ink) +
      path("M71 116h22v20H71zM107 116h22v20h-22zM73 82h18v12H73z", ink.dark) +
      stroke("M71 122h22M107 122h22", ink.line),
  );
const parka: Motif = (ink) =>
  path(SLEEVES, ink.dark) +
  path("M71 54L86 46Q100 58 114 46L129 54L137 100L140 178Q100 185 60 178L63 100Z", ink.main) +
  path(CUFFS, ink.line) +
  path("M74 52Q72 20 100 20Q128 20 126 52Q114 66 100 66Q86 66 74 52Z", ink.pale) +
  path("M85 48Q86 33 100 33Q114 33 115 48Q108 57 100 57Q92 57 85 48Z", ink.line) +
  zip(ink, 180) +
  stroke("M62 122Q100 129 138 122", ink.line) +
  path("M69 136h22v20H69zM109 136h22v20h-22z", ink.dark);
const fleece: Motif = (ink) =>
  top(
    ink,
    collar(ink),
    path("M71 54L86 46Q100 58 114 46L129 54L131 76Q100 84 69 76Z", ink.light) +
      zip(ink, 98) +
      path("M108 92h18v14h-18z", ink.dark),
  );
const hoodie: Motif = (ink) =>
  top(
    ink,
    hood(ink),
    zip(ink) +
      path("M70 122Q100 112 130 122L126 150H74Z", ink.dark) +
      stroke("M93 62v18M107 62v18", ink.pale, 2),
  );
const tee: Motif = (ink) =>
  path("M70 54Q52 60 44 88L64 98L72 82ZM130 54Q148 60 156 88L136 98L128 82Z", ink.dark) +
  path("M70 54L86 47Q100 62 114 47L130 54L134 100L133 158Q100 164 67 158L66 100Z", ink.main) +
  stroke("M86 48Q100 63 114 48", ink.line, 3) +
  path("M74 140h18v6H74z", ink.trim);
const baseLayer: Motif = (ink) =>
  top(
    ink,
    stroke("M86 48Q100 62 114 48", ink.line, 3),
    stroke("M72 66Q100 90 128 66M68 96Q84 104 82 158M132 96Q116 104 118 158", ink.dark, 2),
  );

const LEGS = "M70 40H130L140 168H113L100 92L87 168H60Z";
const waist = (ink: Ink) => path("M70 40H130L131 52H69Z", ink.dark) + stroke("M100 52V70", ink.line);
const trousers: Motif = (ink) =>
  path(LEGS, ink.main) +
  path("M100 92L87 168H74L92 70ZM100 92L113 168H126L108 70Z", ink.dark) +
  waist(ink) +
  stroke("M72 60L82 74M128 60L118 74", ink.line) +
  path("M63 104h18v20H62zM119 104h18l1 20h-18z", ink.light);
const overTrousers: Motif = (ink) =>
  path(LEGS, ink.main) +
  waist(ink) +
  stroke("M66 56L58 166M134 56L142 166", ink.trim, 3) +
  path("M60 156h28l-1 12H59zM112 156h28l1 12h-28z", ink.dark);
const zipOff: Motif = (ink) =>
  path(LEGS, ink.main) +
  waist(ink) +
  stroke("M65 104H95M105 104H135", ink.line, 3) +
  path("M62 128h17v18H61zM121 128h17l1 18h-18z", ink.dark);
const shorts: Motif = (ink) =>
  path("M66 58H134L146 132H108L100 98L92 132H54Z", ink.main) +
  path("M66 58H134L136 70H64Z", ink.dark) +
  stroke("M100 70V98M94 70v12M106 70v12", ink.line) +
  path("M59 124h34l-1 8H54zM107 124h38l1 8h-38z", ink.dark);
const tights: Motif = (ink) =>
  path("M76 38H124L130 168H112L100 88L88 168H70Z", ink.main) +
  path("M76 38H124L125 48H75Z", ink.dark) +
  stroke("M80 52Q92 100 80 166M120 52Q108 100 120 166", ink.light, 2);

const LACES = "M96 62L110 60M97 73L113 71M99 84L118 82M104 95L124 93";
const boot: Motif = (ink) =>
  path("M66 44Q88 36 106 44L108 88Q122 100 148 108Q160 114 160 136H62Q58 100 66 44Z", ink.main) +
  path("M62 108Q84 120 112 136H62ZM142 106Q160 112 160 136H134Q132 118 142 106Z", ink.dark) +
  path("M66 44Q88 36 106 44L107 56Q86 50 65 56Z", ink.dark) +
  stroke(LACES, ink.trim, 3) +
  path(
    "M58 136H164V146Q164 152 158 152H152L148 146H138L134 152H122L118 146H106L102 152H64Q58 152 58 146Z",
    ink.line,
  );
const shoe: Motif = (ink) =>
  path("M44 92Q54 96 62 82Q70 74 82 80Q98 104 136 108Q158 112 160 130H44Q40 108 44 92Z", ink.main) +
  path("M44 112Q70 118 84 130H44ZM138 108Q158 112 160 130H128Q126 116 138 108Z", ink.dark) +
  stroke("M82 90L94 84M90 99L103 92M99 107L113 99", ink.trim, 3) +
  path("M40 130H164Q166 146 152 146H56Q40 146 40 130Z", ink.pale) +
  stroke("M42 138H163", ink.line, 3);
const slipper: Motif = (ink) =>
  path("M46 108Q60 104 70 104Q84 84 116 88Q156 94 160 130H44Q42 116 46 108Z", ink.main) +
  path("M70 104Q84 84 116 88Q104 112 78 116Z", ink.line) +
  stroke("M112 92Q104 116 118 130M136 98Q126 116 138 130", ink.light, 2) +
  path("M40 130H164Q164 144 152 144H54Q40 144 40 130Z", ink.dark);
const sandal: Motif = (ink) =>
  path("M38 126Q70 118 100 126Q140 132 164 124Q168 142 152 146H56Q38 144 38 126Z", ink.line) +
  stroke("M56 124Q66 84 92 82Q104 100 108 126M92 82Q124 96 142 126M58 106Q84 112 106 104", ink.main, 9) +
  path("M84 76h18v11H84z", ink.trim);
const gaiters: Motif = (ink) => {
  const one = (x: number) =>
    path(
      `M${x} 44Q${x + 24} 38 ${x + 48} 44L${x + 44} 134Q${x + 52} 150 ${x + 48} 158H${x + 2}Q${x - 2} 148 ${x + 5} 134Z`,
      ink.main,
    ) +
    path(`M${x} 44Q${x + 24} 38 ${x + 48} 44V56Q${x + 24} 50 ${x} 56Z`, ink.dark) +
    stroke(`M${x + 25} 56V156`, ink.trim, 3) +
    path(`M${x + 3} 130H${x + 45}L${x + 48} 158H${x + 2}Z`, ink.dark);
  return one(44) + one(108);
};

const beanie: Motif = (ink) =>
  path("M52 118Q52 56 100 56Q148 56 148 118Z", ink.main) +
  stroke("M76 64Q68 88 70 116M100 58V116M124 64Q132 88 130 116", ink.dark, 2) +
  path("M46 112Q100 104 154 112V138Q100 146 46 138Z", ink.dark) +
  path("M112 120h20v10h-20z", ink.trim);
const cap: Motif = (ink) =>
  path("M52 118Q52 66 100 64Q146 66 148 112Z", ink.main) +
  path("M60 116Q110 96 172 122Q176 132 164 132Q110 116 56 126Q50 120 60 116Z", ink.dark) +
  stroke("M100 64Q84 88 84 112M100 64Q124 84 128 108", ink.dark) +
  path("M94 84h22v14H94z", ink.trim);
const gloves: Motif = (ink) => {
  const one = (turn: string) =>
    `<g transform="${turn}">${path("M70 158V112L52 92Q46 82 56 80L72 94V58Q72 50 78 50T84 58V50Q84 42 91 42T98 50V52Q98 46 104 46T110 54V62Q112 58 117 59T122 68V122L114 158Z", ink.main)}${path("M70 138H119L114 162H70Z", ink.dark)}${stroke("M84 58V88M98 54V88M110 62V90", ink.dark)}</g>`;
  return (
    one("translate(-8 12) rotate(-10 90 110) scale(.86)") +
    one("translate(232 24) scale(-.86 .86) rotate(-12 90 110)")
  );
};
const mitts: Motif = (ink) => {
  const one = (turn: string) =>
    `<g transform="${turn}">${path("M66 150V108L50 94Q44 82 56 80Q66 84 70 92V72Q70 44 96 44T122 72V116L116 150Z", ink.main)}${path("M64 134H120L116 160H66Z", ink.dark)}${stroke("M66 146H118", ink.trim, 3)}</g>`;
  return (
    one("translate(-6 14) rotate(-8 90 110) scale(.86)") +
    one("translate(226 26) scale(-.86 .86) rotate(-10 90 110)")
  );
};
const socks: Motif = (ink) => {
  const one = (x: number, y: number, main: string) =>
    path(
      `M${x} ${y}H${x + 36}V${y + 66}Q${x + 40} ${y + 80} ${x + 66} ${y + 90}Q${x + 78} ${y + 98} ${x + 70} ${y + 108}H${x + 26}Q${x} ${y + 104} ${x} ${y + 76}Z`,
      main,
    ) +
    path(`M${x} ${y}H${x + 36}V${y + 14}H${x}Z`, ink.dark) +
    path(
      `M${x + 60} ${y + 88}Q${x + 80} ${y + 96} ${x + 70} ${y + 108}H${x + 52}Q${x + 50} ${y + 94} ${x + 60} ${y + 88}Z`,
      ink.dark,
    ) +
    path(`M${x} ${y + 24}H${x + 36}V${y + 30}H${x}Z`, ink.trim);
  return one(82, 36, ink.light) + one(44, 54, ink.main);
};
const buff: Motif = (ink) =>
  path("M58 52Q100 36 142 52Q134 96 144 148Q100 166 56 148Q66 96 58 52Z", ink.main) +
  path("M58 52Q100 68 142 52Q100 36 58 52Z", ink.line) +
  stroke("M62 80Q100 96 138 80M62 104Q100 120 138 104M60 128Q100 144 140 128", ink.light, 4);

export const wear = {
  shell,
  rain,
  down,
  breeze,
  waxed,
  parka,
  fleece,
  hoodie,
  tee,
  baseLayer,
  trousers,
  overTrousers,
  zipOff,
  shorts,
  tights,
  boot,
  shoe,
  slipper,
  sandal,
  gaiters,
  beanie,
  cap,
  gloves,
  mitts,
  socks,
  buff,
} satisfies Record<string, Motif>;
