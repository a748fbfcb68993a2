// Stands in the page. Whatever else that needs is fetched once it is painted, one after the other in this order,
// since to fetch and compile scripts would keep it from that; and until then the rows of a table that nobody
// sees without scrolling are left out of the layout. A page that nobody sees need not wait.
"use strict";
{
  const early = document.documentElement.classList;
  const later = document.currentScript.dataset.later.trim().split(/\s+/);
  const painted = () => {
    early.remove("early");
    for (const address of later) {
      const script = document.createElement("script");
      script.src = address;
      script.async = false;
      document.head.append(script);
    }
  };
  early.add("early");
  window.addEventListener("load", () => {
    if (document.hidden) painted();
    else requestAnimationFrame(() => setTimeout(painted));
  });
}
