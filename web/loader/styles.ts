/** Styles inside the loader's shadow root; the page's own never reach it. */
export const styles = `
:host { all: initial; color-scheme: light dark; --brand: light-dark(#4f46e5, #8b86f8);
  --brand-hover: light-dark(#4338ca, #a09cfa); --ink: light-dark(#fff, #0f1020); --bad: #c0262d;
  --line: light-dark(#e4e7ec, #252c3a); --bg: light-dark(#fff, #12161f);
  --shadow: 0 1px 2px light-dark(rgb(16 24 40 / 6%), rgb(0 0 0 / 40%)),
    0 12px 32px -8px light-dark(rgb(16 24 40 / 28%), rgb(0 0 0 / 60%)); }
:host([data-theme="light"]) { color-scheme: light; }
:host([data-theme="dark"]) { color-scheme: dark; }
.bubble { all: unset; box-sizing: border-box; position: fixed; right: 24px; bottom: 24px; width: 56px;
  height: 56px; border-radius: 50%; background: var(--brand); color: var(--ink); display: grid;
  place-items: center; box-shadow: var(--shadow); cursor: pointer; z-index: 2147483001;
  transition: background-color 120ms ease-out, transform 120ms ease-out; }
.bubble:hover { background: var(--brand-hover); }
.bubble:active { transform: scale(0.96); }
.bubble:focus-visible { outline: 2px solid var(--brand); outline-offset: 3px; }
.bubble svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.75;
  stroke-linecap: round; stroke-linejoin: round; }
.badge { position: absolute; top: -2px; right: -2px; min-width: 20px; height: 20px; box-sizing: border-box;
  padding: 0 5px; border-radius: 10px; background: var(--bad); color: #fff; border: 2px solid var(--bg);
  font: 600 11px/16px system-ui, sans-serif; text-align: center; font-variant-numeric: tabular-nums; }
.badge[hidden] { display: none; }
.panel { position: fixed; right: 24px; bottom: 96px; width: 400px; height: min(640px, 100vh - 120px);
  border: 1px solid var(--line); border-radius: 18px; background: var(--bg); box-shadow: var(--shadow);
  overflow: hidden; z-index: 2147483000; visibility: hidden; opacity: 0; transform: translateY(8px);
  transform-origin: bottom right;
  transition: opacity 200ms ease-out, transform 200ms ease-out, visibility 0s linear 200ms; }
.panel.open { visibility: visible; opacity: 1; transform: none; transition-delay: 0s; }
.panel iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
:host([data-position="left"]) .bubble, :host([data-position="left"]) .panel { right: auto; left: 24px; }
:host([data-position="left"]) .panel { transform-origin: bottom left; }
@media (max-width: 667px) {
  :host([data-position="left"]) .panel { left: 0; }
  .panel { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; }
  .panel.open ~ .bubble { display: none; }
}
@media (prefers-reduced-motion: reduce) { .panel, .bubble { transition: none; } }
@media print { .panel, .bubble { display: none; } }
`;
