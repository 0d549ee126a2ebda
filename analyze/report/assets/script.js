"use strict";
document.addEventListener("DOMContentLoaded", function () {
  // Flame graphs: a click on a frame makes it as wide as the graph.
  document.querySelectorAll(".flamebox").forEach(function (box) {
    var frames = Array.from(box.querySelectorAll("svg.f")).map(function (el) {
      return { el: el, x: parseFloat(el.getAttribute("x")), w: parseFloat(el.getAttribute("width")), y: parseFloat(el.getAttribute("y")),
        name: el.firstElementChild.textContent.split("\n")[0] };
    });
    var reset = box.querySelector(".reset"), find = box.querySelector("input");
    function label(f, width) {
      if (f.el.querySelector("text") || 1.2 > width) { return; }
      var t = document.createElementNS("http://www.w3.org/2000/svg", "text");
      t.setAttribute("x", "4");
      t.setAttribute("y", "13");
      t.textContent = f.name.split("/").pop().split(".").slice(-2).join(".");
      f.el.appendChild(t);
    }
    function zoom(to) {
      var slack = 0.002;
      frames.forEach(function (f) {
        var x = (f.x - to.x) / to.w * 100, w = f.w / to.w * 100;
        var above = to.y > f.y, out = slack > x + w || x > 100 - slack;
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
      reset.hidden = to === frames[0];
    }
    frames.forEach(function (f) { f.el.addEventListener("click", function () { zoom(f); }); });
    reset.addEventListener("click", function () { zoom(frames[0]); });
    find.addEventListener("input", function () {
      var word = find.value.trim().toLowerCase();
      box.classList.toggle("searching", word !== "");
      frames.forEach(function (f) { f.el.classList.toggle("match", word !== "" ? f.name.toLowerCase().includes(word) : false); });
    });
  });
  // Paper shows what a click would.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });
});
