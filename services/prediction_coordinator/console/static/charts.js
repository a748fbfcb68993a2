// The charts: each function returns Observable Plot options for its data and the available width. The numbers are
// those of the next table. Colours come from the page, so they follow light and dark mode; wherever colours differ,
// a shape, a dash or a word differs too.
"use strict";

const SYSTEM_INK = "var(--accent)", LINE_INK = "var(--under)", INK = "var(--ink)", SOFT = "var(--soft)";
const percent = (share) => `${Math.round(100 * share)}%`;
const day = (text) => new Date(`${text}T00:00:00Z`);

CHARTS.hits = ({ breakeven, rows }, width) => ({
  height: 84 + 40 * rows.length,
  marginTop: 34,
  marginBottom: 50,
  marginLeft: Math.min(120, width / 3),
  marginRight: 24,
  x: { domain: [0, 1], tickFormat: percent, ticks: width < 500 ? 4 : 8, label: "hit rate →", labelOffset: 42, grid: true },
  y: { domain: rows.map((r) => r.group), label: null },
  marks: [
    Plot.ruleX([breakeven], { stroke: LINE_INK, strokeWidth: 2, strokeDasharray: "6 4" }),
    Plot.text([breakeven], { x: (d) => d, text: () => "break-even", frameAnchor: "top", dy: -16, fill: LINE_INK }),
    Plot.link(rows, { x1: "low", x2: "high", y1: "group", y2: "group", stroke: SYSTEM_INK, strokeWidth: 3 }),
    Plot.dot(rows, { x: "hit", y: "group", r: 5, fill: SYSTEM_INK }),
    Plot.text(rows, { x: "hit", y: "group", text: "label", dy: -13, fill: INK }),
  ],
});

CHARTS.errors = (rows, width) => {
  const last = rows.at(-1);
  return {
    height: 220,
    marginRight: 70,
    x: { type: "utc", ticks: width < 500 ? 3 : 6, label: null },
    y: { label: "↑ mean absolute error, points", grid: true, nice: true },
    marks: [
      Plot.lineY(rows, { x: (d) => day(d.date), y: "line", stroke: LINE_INK, strokeWidth: 2, strokeDasharray: "6 4" }),
      Plot.lineY(rows, { x: (d) => day(d.date), y: "mae", stroke: SYSTEM_INK, strokeWidth: 2 }),
      Plot.dot(rows, { x: (d) => day(d.date), y: "mae", fill: SYSTEM_INK, r: 3.5 }),
      Plot.dot(rows, { x: (d) => day(d.date), y: "line", stroke: LINE_INK, symbol: "square", r: 3.5 }),
      ...lineEndLabels(last.mae, last.line, day(last.date)),
    ],
  };
};

// Labels at the right ends of the two lines; the label of the higher line is above it.
function lineEndLabels(system, line, x) {
  const shift = system >= line ? -7 : 7;
  return [
    Plot.text([system], { x: () => x, y: (d) => d, text: () => "system", dx: 8, dy: shift, textAnchor: "start", fill: SYSTEM_INK }),
    Plot.text([line], { x: () => x, y: (d) => d, text: () => "line", dx: 8, dy: -shift, textAnchor: "start", fill: LINE_INK }),
  ];
}

CHARTS.chances = (rows, width) => {
  const ends = rows.flatMap((r) => [r.low, r.high, r.predicted]);
  const domain = [Math.max(0, Math.min(...ends) - 0.03), Math.min(1, Math.max(...ends) + 0.03)];
  return {
    height: Math.min(width, 320),
    marginRight: 24,
    marginLeft: 48,
    x: { domain, tickFormat: percent, ticks: 5, label: "predicted →" },
    y: { domain, tickFormat: percent, ticks: 5, label: "↑ observed", grid: true },
    marks: [
      Plot.link([domain], { x1: (d) => d[0], y1: (d) => d[0], x2: (d) => d[1], y2: (d) => d[1], stroke: SOFT, strokeDasharray: "4 4" }),
      Plot.ruleX(rows, { x: "predicted", y1: "low", y2: "high", stroke: SYSTEM_INK, strokeWidth: 3 }),
      Plot.dot(rows, { x: "predicted", y: "observed", r: 5, fill: SYSTEM_INK }),
    ],
  };
};

const FILLS = { OK: "var(--ok-back)", WARNING: "var(--warning-back)", CRITICAL: "var(--critical-back)", NOT_DUE: "var(--faint)" };
const INKS = { OK: "var(--ok)", WARNING: "var(--warning)", CRITICAL: "var(--critical)", NOT_DUE: "var(--soft)" };
const MARKS = { OK: "", WARNING: "! ", CRITICAL: "✕ ", NOT_DUE: "" };

CHARTS.coverage = ({ dates, systems, cells }, width) => {
  const left = Math.min(160, width / 2.6), wide = (width - left) / dates.length;
  const short = (text) => day(text).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });
  const every = Math.ceil(52 / wide);
  return {
    height: 46 + 30 * systems.length,
    marginLeft: left,
    x: { type: "band", domain: dates, label: null, axis: "top", tickFormat: short, ticks: dates.filter((_, i) => i % every === 0), tickSize: 0, padding: 0.06 },
    y: { type: "band", domain: systems, label: null, tickSize: 0, padding: 0.1 },
    marks: [
      Plot.cell(cells, { x: "date", y: "system", fill: (c) => FILLS[c.level], stroke: (c) => INKS[c.level], strokeWidth: (c) => (c.level === "OK" ? 0.5 : 1.5), rx: 3 }),
      Plot.text(cells, { x: "date", y: "system", fill: (c) => INKS[c.level], fontSize: wide < 34 ? 8 : 11,
        text: (c) => (c.coverage === null ? "–" : wide < 24 ? MARKS[c.level] : `${MARKS[c.level]}${Math.floor(100 * c.coverage)}`) }),
    ],
  };
};

CHARTS.games = (rows, width) => {
  const domain = rows.map((r) => r.date), every = Math.ceil((domain.length * 56) / Math.max(width - 60, 1));
  const at = (name) => rows.filter((r) => r[name] !== null);
  return {
    height: 260,
    x: { type: "band", domain, label: null, ticks: domain.filter((_, i) => i % every === 0), tickFormat: (d) => d.slice(5), padding: 0.25 },
    y: { label: "↑ points", grid: true, zero: true },
    marks: [
      Plot.tickY(at("line"), { x: "date", y: "line", stroke: LINE_INK, strokeWidth: 3 }),
      Plot.dot(at("points"), { x: "date", y: "points", fill: INK, r: 5 }),
      Plot.dot(at("predicted"), { x: "date", y: "predicted", symbol: "times", stroke: SYSTEM_INK, strokeWidth: 2.5, r: 5 }),
    ],
  };
};

CHARTS.terms = (rows, width) => ({
  height: 56 + 24 * rows.length,
  marginBottom: 42,
  marginLeft: Math.min(220, Math.max(156, width / 2.4)),
  marginRight: 50,
  x: { label: "points →", ticks: width < 500 ? 3 : 10, labelOffset: 34, grid: true, nice: true },
  y: { domain: rows.map((r) => r.term.replaceAll("_", " ")), label: null, tickSize: 0 },
  marks: [
    Plot.barX(rows, { x: "points", y: (r) => r.term.replaceAll("_", " "), fill: (r) => (r.points < 0 ? LINE_INK : SYSTEM_INK), insetTop: 3, insetBottom: 3 }),
    Plot.text(rows, { x: (r) => Math.max(r.points, 0), y: (r) => r.term.replaceAll("_", " "), text: (r) => (r.points < 0 ? "" : "+") + r.points.toFixed(2), textAnchor: "start", dx: 6, fill: INK }),
    Plot.ruleX([0], { stroke: SOFT }),
  ],
});

drawAll();
