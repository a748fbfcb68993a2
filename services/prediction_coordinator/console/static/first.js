// Stands in the page. Whatever else that needs, and its icon, are fetched once it is painted, the scripts one after
// the other in this order, since to fetch and compile them would keep it from that; until then what nobody sees
// without scrolling is left out of the layout. A page that nobody sees need not wait, nor one whose browser does
// not say when it has painted.
"use strict";
{
  const early = document.documentElement.classList;
  const { icon, later } = document.currentScript.dataset;
  let waiting = true;
  const painted = () => {
    if (!waiting) return;
    waiting = false;
    early.remove("early");
    document.querySelector("link[rel=icon]").href = icon;
    for (const src of later.trim().split(/\s+/)) {
      document.head.append(Object.assign(document.createElement("script"), { src, async: false }));
    }
  };
  early.add("early");
  // Told when the picture is on the screen; a frame that is asked for comes before it is drawn.
  const tells = window.PerformanceObserver?.supportedEntryTypes.includes("paint");
  window.addEventListener("load", () => {
    if (document.hidden || !tells) setTimeout(painted);
    else {
      new PerformanceObserver(painted).observe({ type: "paint", buffered: true });
      setTimeout(painted, 1000);
    }
  });
}
