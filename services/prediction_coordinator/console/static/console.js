// Scripts in addition to htmx: a notice while the console does not respond, and the charts.
"use strict";

document.addEventListener("htmx:afterRequest", (event) => {
  const successful = event.detail.successful;
  document.getElementById("connection").hidden = successful;
  if (!successful) showLoadError(event.detail.elt);
});

// If a part cannot be loaded, replace its loading text; its link stays, so the reader can try again.
function showLoadError(part) {
  if (part.getAttribute("aria-busy") !== "true") return;
  part.removeAttribute("aria-busy");
  const message = part.querySelector(".loading");
  message.classList.replace("loading", "empty");
  message.firstChild.textContent = "This could not be loaded: ";
}

// A chart is <figure class="chart" data-chart="NAME"> with its data in a <script type="application/json">;
// NAME is a key of CHARTS, whose function returns Observable Plot options for the data and the available width.
const CHARTS = {};
const STYLE = { background: "none", fontSize: "12px" };

function draw(figure) {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const options = CHARTS[figure.dataset.chart](data, figure.clientWidth);
  figure.querySelector("svg, figure")?.remove();
  const label = { ariaLabel: figure.dataset.label };
  const plot = Plot.plot({ ...options, ...label, width: figure.clientWidth, style: STYLE });
  (plot.matches("svg") ? plot : plot.querySelector("svg[aria-label]"))?.setAttribute("role", "img");
  // The chart is one image with one label; without this, screen readers would read out Plot's labels of its parts.
  plot.querySelectorAll("g[aria-label]").forEach((part) => part.removeAttribute("aria-label"));
  figure.prepend(plot);
}

function drawAll() {
  if (typeof Plot !== "undefined") document.querySelectorAll("figure.chart").forEach(draw);
}

let drawn = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== drawn) drawAll();
  drawn = window.innerWidth;
});
