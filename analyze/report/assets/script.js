"use strict";
document.addEventListener("DOMContentLoaded", function () {
  /** @typedef {{el: SVGElement, x: number, w: number, y: number, name: string}} Frame */

  // Flame graphs: a click on a frame makes it as wide as the graph.
  document.querySelectorAll(".flamebox").forEach(function (box) {
    /** @param {Element} el @param {string} name */
    function number(el, name) { return parseFloat(el.getAttribute(name) || "0"); }
    /** @type {Frame[]} */
    const frames = Array.from(/** @type {NodeListOf<SVGElement>} */ (box.querySelectorAll("svg.f"))).map(function (el) {
      const title = el.firstElementChild ? el.firstElementChild.textContent || "" : "";
      return { el: el, x: number(el, "x"), w: number(el, "width"), y: number(el, "y"), name: title.split("\n")[0] };
    });
    const reset = /** @type {HTMLButtonElement | null} */ (box.querySelector(".reset")), find = box.querySelector("input");
    if (!reset || !find || frames.length === 0) { return; }
    /** @param {Frame} f @param {number} width in per cent */
    function label(f, width) {
      if (f.el.querySelector("text") || 1.2 > width) { return; }
      const t = document.createElementNS("http://www.w3.org/2000/svg", "text");
      t.setAttribute("x", "4");
      t.setAttribute("y", "13");
      t.textContent = (f.name.split("/").pop() || "").split(".").slice(-2).join(".");
      f.el.appendChild(t);
    }
    /** @param {Frame} to */
    function zoom(to) {
      const slack = 0.002;
      frames.forEach(function (f) {
        let x = (f.x - to.x) / to.w * 100, w = f.w / to.w * 100;
        const above = to.y > f.y;
        let out = slack > x + w || x > 100 - slack;
        if (above) {
          out = f.x > to.x + slack || to.x + to.w > f.x + f.w + slack;
          x = 0;
          w = 100;
        }
        f.el.classList.toggle("out", out);
        f.el.classList.toggle("above", above);
        if (!out) {
          f.el.setAttribute("x", x + "%");
          f.el.setAttribute("width", w + "%");
          label(f, w);
        }
      });
      if (reset) { reset.hidden = to === frames[0]; }
    }
    frames.forEach(function (f) { f.el.addEventListener("click", function () { zoom(f); }); });
    reset.addEventListener("click", function () { zoom(frames[0]); });
    find.addEventListener("input", function () {
      const word = find.value.trim().toLowerCase();
      box.classList.toggle("searching", word !== "");
      frames.forEach(function (f) { f.el.classList.toggle("match", word !== "" ? f.name.toLowerCase().includes(word) : false); });
    });
  });

  // Paper shows what a click would; the screen is as it was afterwards.
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details")).filter(function (d) { return !d.open; });
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });
});
