// What the pages need beyond htmx: a notice while the console does not answer, and the charts.
"use strict";

document.addEventListener("htmx:responseError", () => answers(false));
document.addEventListener("htmx:sendError", () => answers(false));
document.addEventListener("htmx:afterOnLoad", (event) => answers(event.detail.successful));

function answers(well) {
  document.getElementById("connection").hidden = well;
}

// A chart is <figure class="chart" data-chart="NAME"> with its data in a <script type="application/json">;
// NAME is one of CHARTS, which makes Observable Plot's options of the data and the width there is.
const CHARTS = {};

function draw(figure) {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const options = CHARTS[figure.dataset.chart](data, figure.clientWidth);
  figure.querySelector("svg, figure")?.remove();
  const words = { ariaLabel: figure.dataset.said };
  const plot = Plot.plot({ ...options, ...words, width: figure.clientWidth, style: { background: "none" } });
  (plot.matches("svg") ? plot : plot.querySelector("svg[aria-label]"))?.setAttribute("role", "img");
  figure.prepend(plot);
}

function drawAll() {
  if (typeof Plot !== "undefined") document.querySelectorAll("figure.chart").forEach(draw);
}

document.addEventListener("DOMContentLoaded", drawAll);
