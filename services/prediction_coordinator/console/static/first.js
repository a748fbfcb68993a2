// Inlined in every page. After the first paint it loads the icon and the other scripts, in order, since fetching and
// compiling them would delay that paint. Until then, content below the window is left out of the layout. Hidden
// pages and browsers that do not report the first paint do not wait for it.
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
  // The observer fires when the paint is on the screen; an animation frame would fire before it.
  const reportsPaint = window.PerformanceObserver?.supportedEntryTypes.includes("paint");
  window.addEventListener("load", () => {
    if (document.hidden || !reportsPaint) setTimeout(painted);
    else {
      new PerformanceObserver(painted).observe({ type: "paint", buffered: true });
      setTimeout(painted, 1000);
    }
  });
}
