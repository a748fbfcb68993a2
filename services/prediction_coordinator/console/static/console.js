// What the pages need beyond htmx: a notice while the console does not answer, and the charts.
"use strict";

document.addEventListener("htmx:afterRequest", (event) => {
  const well = event.detail.successful;
  document.getElementById("connection").hidden = well;
  if (!well) givenUp(event.detail.elt);
});

// A part that is loaded once does not wait for ever: its own link stays, for whoever tries again.
function givenUp(part) {
  if (part.getAttribute("aria-busy") !== "true") return;
  part.removeAttribute("aria-busy");
  const said = part.querySelector(".loading");
  said.classList.replace("loading", "empty");
  said.firstChild.textContent = "This could not be loaded: ";
}

// A chart is <figure class="chart" data-chart="NAME"> with its data in a <script type="application/json">;
// NAME is one of CHARTS, which makes Observable Plot's options of the data and the width there is.
const CHARTS = {};
const STYLE = { background: "none", fontSize: "12px" };

function draw(figure) {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const options = CHARTS[figure.dataset.chart](data, figure.clientWidth);
  figure.querySelector("svg, figure")?.remove();
  const words = { ariaLabel: figure.dataset.said };
  const plot = Plot.plot({ ...options, ...words, width: figure.clientWidth, style: STYLE });
  (plot.matches("svg") ? plot : plot.querySelector("svg[aria-label]"))?.setAttribute("role", "img");
  // A drawing is one image with one name; what Plot calls its parts would be read out one by one.
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
