// The console works without scripts. This draws the charts, copies SQL, keeps the focus where it is when a page renews
// itself, and says when the server does not answer.
"use strict";

const CHART_PERIOD_MS = 10_000;
const SHOWN_S = 3600;
const COLOURS = { messages: "--link", delivered: "--good", deferred: "--warn", failed: "--bad", refusals: "--bad" };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function trouble(isThere) {
  document.getElementById("trouble").hidden = !isThere;
}

function options(element, names) {
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 } };
  return {
    width: element.clientWidth,
    height: 180,
    scales: {
      x: { range: () => [Date.now() / 1000 - SHOWN_S, Date.now() / 1000] },
      y: { range: (_, low, high) => [0, Math.max(1, high)] },
    },
    axes: [axis, axis],
    series: [
      {},
      ...names.map((name) => ({
        label: name,
        stroke: colour(COLOURS[name]),
        width: 2,
        value: (_, number) => (number == null ? "–" : number.toFixed(2)),
      })),
    ],
  };
}

async function drawCharts(charts) {
  const answer = await fetch("/console/series", { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  const series = await answer.json();
  document.getElementById("no-series").hidden = series.at.length > 0;
  for (const chart of charts) chart.plot.setData([series.at, ...chart.names.map((name) => series[name])]);
}

function startCharts() {
  const charts = [...document.querySelectorAll(".chart")].map((element) => {
    const names = element.dataset.lines.split(" ");
    const empty = [[], ...names.map(() => [])];
    return { element, names, plot: new uPlot(options(element, names), empty, element) };
  });
  if (charts.length === 0) return;
  const draw = () => drawCharts(charts).then(() => trouble(false), () => trouble(true));
  draw();
  setInterval(draw, CHART_PERIOD_MS);
  addEventListener("resize", () => {
    for (const chart of charts) chart.plot.setSize({ width: chart.element.clientWidth, height: 180 });
  });
}

// What an element is, as far as a page that was renewed has the same one.
function identity(element) {
  const of = element.closest("form")?.elements.namedItem("numbers")?.value;
  return [element.localName, element.getAttribute("href"), element.name, element.value, of].join(" ");
}

// A page that renews itself replaces its elements: the focus goes to the same one, or a keyboard would begin anew.
let focused = null;
document.addEventListener("htmx:beforeSwap", () => {
  const live = document.activeElement.closest("#live");
  focused = live === null ? null : identity(document.activeElement);
});
document.addEventListener("htmx:afterSettle", () => {
  if (focused === null || document.activeElement !== document.body) return;
  const elements = document.querySelectorAll("#live :is(a, button, summary)");
  [...elements].find((each) => identity(each) === focused)?.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-copy]")) return;
  const text = event.target.closest("details").querySelector("code").textContent;
  navigator.clipboard.writeText(text).then(() => { event.target.textContent = "Copied"; });
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => trouble(true));
}
document.addEventListener("htmx:afterOnLoad", () => trouble(false));
document.addEventListener("DOMContentLoaded", startCharts);
