"use strict";
// The report with its script: one time axis for all charts, a filter for nodes, colours, and links into all of it.
// Nothing here makes text of a case into markup: it is set as text only.

/** @typedef {{n: string, c: string, a?: number, f?: number, v?: string, y?: (number | null)[]}} Curve with a unit f, v are multiples of it, each as its distance from the one before */
/** @typedef {{t0?: number, l?: number, unit?: string, stack?: boolean, log?: boolean, dots?: boolean, bars?: boolean, top?: number, limit?: {v: number, n: string}, a?: number, s: Curve[]}} Plot */

document.addEventListener("DOMContentLoaded", function () {
  const root = document.documentElement;

  /** @param {string} id @returns {HTMLElement | null} */
  function byID(id) { return document.getElementById(id); }
  /** @param {string} id @returns {HTMLSelectElement | null} */
  function selectOf(id) { return /** @type {HTMLSelectElement | null} */ (byID(id)); }
  /** @param {string} selector @returns {HTMLElement[]} */
  function all(selector) { return Array.from(document.querySelectorAll(selector)); }

  /** @type {{node: string, from: number, to: number, zone: string}} what is shown; times are seconds of Unix time, 0: all */
  const view = { node: "", from: 0, to: 0, zone: "utc" };

  // Colours.

  /** @param {string} name */
  function colour(name) { return getComputedStyle(root).getPropertyValue(name).trim(); }
  /** @param {string} cls */
  function curveColour(cls) { return colour(cls === "full" ? "--critical" : "--" + cls); }

  /** Steps of an axis of bytes: round in powers of 1024. */
  const byteSteps = [0, 1, 2, 3, 4].flatMap(function (power) {
    return [1, 2, 5, 10, 20, 50, 100, 200, 500].map(function (n) { return n * Math.pow(1024, power); });
  });

  // Charts.

  /** @type {uPlot[]} */
  const walled = []; // charts of wall-clock time, which zoom as one

  /** @param {number} from @param {number} to seconds of Unix time; both 0: each chart its own */
  function zoom(from, to) {
    view.from = from;
    view.to = to;
    walled.forEach(function (u) { show(u); });
    all(".stacks").forEach(function (el) { el.dispatchEvent(new CustomEvent("stackstime", { detail: { from: from, to: to } })); });
    shown();
  }
  /** @param {uPlot} u */
  function show(u) {
    const whole = extents.get(u);
    if (view.to > view.from && walled.includes(u)) { u.setScale("x", { min: view.from, max: view.to }); return; }
    if (whole) { u.setScale("x", { min: whole[0], max: whole[1] }); }
  }
  /** @type {Map<uPlot, [number, number]>} what a chart shows where nothing is zoomed into */
  const extents = new Map();

  /** @type {number[][]} times of charts: the first in ms, then distances; -n stands for n more of the distance before it */
  const steps = JSON.parse((byID("axes") || root).textContent || "[]");
  /** @type {Map<number, number[]>} */
  const axes = new Map();
  /** @param {number} n from 1 @returns {number[]} seconds */
  function axis(n) {
    let known = axes.get(n);
    if (!known) {
      known = [];
      let at = 0, step = 0;
      for (const s of steps[n - 1] || []) {
        for (let again = s >= 0 ? 1 : -s; again > 0; again--) {
          step = s >= 0 ? s : step;
          at += step;
          known.push(at / 1000);
        }
      }
      axes.set(n, known);
    }
    return known;
  }

  /** @param {Curve} c @returns {(number | null)[]} */
  function values(c) {
    if (!c.f) { return c.y || []; }
    const f = c.f, back = Math.round(1 / f);
    let level = 0;
    return vlq(c.v || "").map(function (step) {
      if (step === null) { return null; }
      level += step;
      return 1 > f ? level / back : level * f;
    });
  }

  /** @param {Plot} p @returns {uPlot.AlignedData} */
  function aligned(p) {
    const start = (p.t0 || 0) / 1000;
    /** @param {number} n */
    function onAxis(n) { return axis(n).map(function (s) { return start + s; }); }
    if (p.a) { return /** @type {uPlot.AlignedData} */ (/** @type {unknown} */ ([onAxis(p.a)].concat(/** @type {any} */ (p.s.map(values))))); }
    return uPlot.join(p.s.map(function (c) { return /** @type {uPlot.AlignedData} */ ([onAxis(c.a || 0), values(c)]); }));
  }

  /** @type {Map<HTMLElement, Plot>} */
  const sources = new Map(all("figure.plot").map(function (fig) {
    const source = fig.querySelector('script[type="application/json"]');
    return [fig, JSON.parse(source && source.textContent || "{\"s\":[]}")];
  }));

  /** From the beginning of a chart's source to its end, with half a bar. @param {Plot} p @returns {[number, number]} */
  function reach(p) {
    const start = (p.t0 || 0) / 1000, x = [0, p.l || 0].concat(p.a ? axis(p.a) : []).map(function (s) { return start + s; });
    const room = p.bars && p.a ? (axis(p.a)[axis(p.a).length - 1] - axis(p.a)[0]) / (axis(p.a).length - 1) / 2 : 0;
    return [Math.min.apply(null, x) - room, Math.max.apply(null, x) + room];
  }
  const capture = all("dd[data-from]")[0], begun = capture ? Number(capture.dataset.from) / 1000 : 0, ended = capture ? Number(capture.dataset.to) / 1000 : 0;
  /** Whether a chart is about as long as the capture, and of its time. @param {Plot} p */
  function along(p) {
    const r = reach(p), long = r[1] - r[0], whole = ended - begun;
    return !!p.t0 && whole > 0 && ended >= r[0] && r[1] >= begun && 4 * Math.min(long, whole) >= Math.max(long, whole);
  }
  /** Such charts have one axis. @type {[number, number]} */
  const common = [begun, ended];
  sources.forEach(function (p) {
    if (!along(p)) { return; }
    common[0] = Math.min(common[0], reach(p)[0]);
    common[1] = Math.max(common[1], reach(p)[1]);
  });

  /** @param {HTMLElement} fig */
  function plot(fig) {
    const p = sources.get(fig);
    if (!p || fig.classList.contains("live")) { return; }
    const data = aligned(p);
    if (2 > data[0].length) { return; }
    // The layers of a stack reach down to zero: the lower ones are drawn over them.
    const order = p.s.map(function (_, i) { return i; });
    if (p.stack) { order.reverse(); }
    const rows = /** @type {uPlot.AlignedData} */ (/** @type {unknown} */ ([data[0]].concat(/** @type {any} */ (order.map(function (i) { return data[i + 1]; })))));
    /** @type {uPlot.Series[]} */
    const series = [{ label: "time", value: function (_, v) { return v === null || v === undefined ? "" : moment(p, v); } }];
    order.forEach(function (i, at) {
      const c = p.s[i];
      series.push({
        label: c.n,
        stroke: function () { return curveColour(c.c); },
        fill: p.stack ? function () { return curveColour(c.c); } : undefined,
        width: p.dots ? 0 : 1.5,
        paths: p.dots ? function () { return null; } : p.bars && uPlot.paths.bars ? uPlot.paths.bars({ size: [0.7, 44] }) : undefined,
        points: p.dots ? { show: true, size: 5, width: 0, fill: function () { return curveColour(c.c); } } : { show: false },
        spanGaps: !p.a,
        value: function (u, v, _, idx) {
          if (v !== null && p.stack && i > 0 && idx !== null && idx !== undefined) {
            v -= Number(u.data[at + 2][idx] || 0);
          }
          return label(p.unit, v);
        }
      });
    });
    const axis = {
      stroke: function () { return colour("--soft"); },
      grid: { stroke: function () { return colour("--rule"); }, width: 1 },
      ticks: { stroke: function () { return colour("--rule"); }, width: 1, size: 4 }
    };
    const width = Math.max(260, fig.clientWidth);
    /** @type {uPlot.Options} */
    const options = {
      width: width, height: Math.round(Math.min(230, Math.max(170, width * 0.4))),
      tzDate: function (ts) { return view.zone === "utc" ? uPlot.tzDate(new Date(ts * 1000), "Etc/UTC") : new Date(ts * 1000); },
      scales: {
        x: { time: !!p.t0 },
        y: p.log ? { distr: 3 } : { range: function (_, low, high) { return [Math.min(0, low), Math.max(high, p.top || 0, p.limit ? p.limit.v : 0) * 1.05 || 1]; } }
      },
      axes: [Object.assign({ space: 80 }, p.t0 ? { values: /** @type {any} */ (function (/** @type {uPlot} */ _, /** @type {number[]} */ v) { return v.map(clock); }) } : { values: /** @type {any} */ (function (/** @type {uPlot} */ _, /** @type {number[]} */ v) { return v.map(function (s) { return short(s) + " s"; }); }) }, axis),
        Object.assign({ size: 62, incrs: p.unit === "bytes" ? byteSteps : undefined, values: /** @type {any} */ (function (/** @type {uPlot} */ _, /** @type {number[]} */ v) { return v.map(function (y) { return y === null ? "" : label(p.unit, y); }); }) }, axis)],
      cursor: { sync: p.t0 ? { key: "time", setSeries: false, scales: ["x", null] } : undefined, drag: { x: true, y: false, setScale: false },
        bind: { dblclick: function (u) { return function () { if (p.t0) { zoom(0, 0); } else { show(u); } return null; }; } } },
      series: series,
      hooks: {
        setSelect: [function (u) {
          const from = u.select.left, to = from + u.select.width;
          if (!p.t0) { u.setScale("x", { min: u.posToVal(from, "x"), max: u.posToVal(to, "x") }); } else if (u.select.width > 2) { zoom(u.posToVal(from, "x"), u.posToVal(to, "x")); }
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        draw: [function (u) { limitLine(u, p); }]
      }
    };
    fig.classList.add("live");
    fig.tabIndex = 0;
    const title = fig.querySelector("strong");
    fig.setAttribute("aria-label", (title ? title.textContent : "Chart") + ": + and - zoom, arrows move, 0 shows all");
    const u = new uPlot(options, rows, fig);
    plots.set(fig, u);
    extents.set(u, along(p) ? common : reach(p));
    if (p.t0) {
      walled.push(u);
      fig.addEventListener("keydown", function (e) { keys(e, u); });
    }
    show(u);
  }
  /** @type {Map<HTMLElement, uPlot>} */
  const plots = new Map();

  /** @param {uPlot} u @param {Plot} p */
  function limitLine(u, p) {
    if (!p.limit) { return; }
    const y = u.valToPos(p.limit.v, "y", true), ctx = u.ctx;
    if (u.bbox.top > y || y > u.bbox.top + u.bbox.height) { return; }
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--critical");
    ctx.setLineDash([6, 5]);
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    const low = y > u.bbox.top + u.bbox.height / 2, text = p.limit.n + " " + label(p.unit, p.limit.v);
    ctx.textAlign = "right";
    ctx.textBaseline = low ? "bottom" : "top";
    ctx.setLineDash([]);
    ctx.strokeStyle = colour("--panel");
    ctx.lineWidth = 4;
    ctx.strokeText(text, u.bbox.left + u.bbox.width - 4, low ? y - 3 : y + 4);
    ctx.fillText(text, u.bbox.left + u.bbox.width - 4, low ? y - 3 : y + 4);
    ctx.restore();
  }

  /** @param {KeyboardEvent} e @param {uPlot} u */
  function keys(e, u) {
    const min = Number(u.scales.x.min), max = Number(u.scales.x.max), step = (max - min) / 5;
    /** @type {Record<string, [number, number]>} */
    const moves = { "+": [min + step, max - step], "=": [min + step, max - step], "-": [min - step, max + step], ArrowLeft: [min - step, max - step],
      ArrowRight: [min + step, max + step], "0": [0, 0], Escape: [0, 0] };
    const to = moves[e.key];
    if (!to || e.ctrlKey || e.metaKey || e.altKey) { return; }
    e.preventDefault();
    zoom(to[0], to[1]);
  }

  /** @param {number} ts seconds of Unix time */
  function clock(ts) {
    const d = new Date(ts * 1000);
    if (view.zone === "utc") { return d.toISOString().slice(11, 19); }
    return d.toTimeString().slice(0, 8);
  }
  /** @param {Plot} p @param {number} v */
  function moment(p, v) { return p.t0 ? clock(v) : short(v) + " s"; }

  // What is far down is drawn when it comes near.
  const near = new IntersectionObserver(function (seen) {
    seen.forEach(function (s) {
      if (s.isIntersecting) { near.unobserve(s.target); plot(/** @type {HTMLElement} */ (s.target)); }
    });
  }, { rootMargin: "600px" });
  all("figure.plot").forEach(function (f) { near.observe(f); });
  new ResizeObserver(function () {
    plots.forEach(function (u, fig) {
      if (fig.clientWidth > 0 && Math.abs(fig.clientWidth - u.width) > 2) { u.setSize({ width: Math.max(260, fig.clientWidth), height: u.height }); }
    });
  }).observe(document.body);

  // Nodes.

  /** @param {string} node place of a node, from 1; "": all */
  function choose(node) {
    view.node = node;
    const select = selectOf("node");
    if (select) { select.value = node; }
    all("[data-nodes]").forEach(function (el) {
      const of = (el.getAttribute("data-nodes") || "").split(" ");
      el.hidden = node !== "" && of[0] !== "" && !of.includes(node);
    });
    all(".stacks").forEach(function (el) { el.dispatchEvent(new CustomEvent("stacksnode", { detail: node })); });
    shown();
  }

  // The address says what is shown, so that it can be passed on.

  let reading = false;
  function shown() {
    const note = byID("zoomed"), reset = byID("reset");
    const zoomed = view.to > view.from;
    if (note) { note.textContent = zoomed ? clock(view.from) + " – " + clock(view.to) : ""; }
    if (reset) { reset.hidden = !zoomed && view.node === ""; }
    all(".bin.chosen").forEach(function (b) { if (!zoomed) { b.classList.remove("chosen"); } });
    if (reading) { return; }
    const q = new URLSearchParams();
    if (view.node) { q.set("node", view.node); }
    if (zoomed) { q.set("from", view.from.toFixed(3)); q.set("to", view.to.toFixed(3)); }
    if (view.zone !== "utc") { q.set("zone", view.zone); }
    chosen().forEach(function (s) { q.set(String(s.dataset.key), s.value); });
    const text = q.toString();
    if (text || location.hash.includes("=")) { history.replaceState(null, "", "#" + text); }
  }
  /** What is chosen of the stacks, where the filter of nodes does not say it. @returns {HTMLSelectElement[]} */
  function chosen() {
    return /** @type {HTMLSelectElement[]} */ (all(".stacks select[data-key]")).filter(function (s) {
      const option = s.selectedOptions[0];
      return s.value !== (s.dataset.initial || "") && !(s.dataset.key === "where" && option && option.dataset.node === view.node);
    });
  }
  document.addEventListener("stackschange", shown);
  function read() {
    const hash = decodeURIComponent(location.hash.slice(1));
    if (!hash.includes("=")) { open(byID(hash)); return; }
    const q = new URLSearchParams(hash);
    reading = true;
    const zone = selectOf("zone");
    view.zone = q.get("zone") === "local" ? "local" : "utc";
    if (zone) { zone.value = view.zone; }
    retime();
    choose(/^\d+$/.test(q.get("node") || "") ? String(q.get("node")) : "");
    all(".stacks").forEach(function (el) { el.dispatchEvent(new CustomEvent("stackslink", { detail: q })); });
    zoom(Number(q.get("from")) || 0, Number(q.get("to")) || 0);
    reading = false;
  }
  /** @param {HTMLElement | null} el what a link leads to: it and all around it opens */
  function open(el) {
    if (!el) { return; }
    for (let at = /** @type {Element | null} */ (el); at; at = at.parentElement) {
      if (at instanceof HTMLDetailsElement) { at.open = true; }
    }
    const drawer = el.querySelector("details.drawer");
    if (drawer instanceof HTMLDetailsElement) { drawer.open = true; }
    el.scrollIntoView();
  }

  /** Moments in sentences, and stretches of time: "20:14:26 – 20:14:46 UTC", with the day where it is told. */
  const moments = /(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d)(?: – (?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d))? UTC\b/g;
  /** @type {Map<Node, string> | null} */
  let told = null;
  /** Texts with moments, as they stand in the page; lines of evidence stay as they are. */
  function sentences() {
    if (told) { return told; }
    told = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      const text = n.nodeValue || "", parent = n.parentElement;
      if (text.search(moments) >= 0 && parent && !parent.closest("pre, code, script, style")) { told.set(n, text); }
    }
    return told;
  }
  /** @param {string} utc @param {string | undefined} day @param {string} time @param {string | undefined} day2 @param {string | undefined} time2 */
  function localMoment(utc, day, time, day2, time2) {
    const window = all("dd[data-from]")[0], half = 12 * 3600e3;
    const base = window ? Number(window.dataset.from) : 0;
    if (!day && !base) { return utc; } // of which day is not known
    /** @param {string | undefined} on @param {string} at */
    function moment(on, at) {
      let ms = Date.parse((on || new Date(base).toISOString().slice(0, 10)) + "T" + at + "Z");
      if (!on && ms < base - half) { ms += 2 * half; }
      if (!on && ms > base + half) { ms -= 2 * half; }
      return (on ? new Date(ms).toLocaleDateString("sv") + " " : "") + clock(ms / 1000);
    }
    let text = moment(day, time);
    if (time2) { text += " – " + (day && !day2 ? moment(day, time2).slice(-8) : moment(day2, time2)); }
    return text + " " + Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** Times that stand in the page as text are UTC; this writes them as the zone that was chosen has them. */
  function retime() {
    all("[data-at]").forEach(function (el) { el.textContent = clock(Number(el.dataset.at) / 1000); });
    all(".zone").forEach(function (el) { el.textContent = view.zone === "utc" ? "UTC" : "local"; });
    sentences().forEach(function (text, node) { node.nodeValue = view.zone === "utc" ? text : text.replace(moments, localMoment); });
    plots.forEach(function (u) { u.redraw(false, true); });
  }

  // Controls.

  const node = selectOf("node"), zone = selectOf("zone"), theme = selectOf("theme"), reset = byID("reset");
  if (node) { node.addEventListener("change", function () { choose(node.value); }); }
  if (zone) {
    zone.addEventListener("change", function () {
      view.zone = zone.value;
      retime();
      shown();
    });
  }
  if (theme) {
    theme.addEventListener("change", function () {
      root.dataset.theme = theme.value;
      plots.forEach(function (u) { u.redraw(false, true); });
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    plots.forEach(function (u) { u.redraw(false, true); });
  });
  if (reset) { reset.addEventListener("click", function () { choose(""); zoom(0, 0); }); }
  all(".heatrow").forEach(function (row) {
    const place = row.dataset.node || "";
    const button = row.querySelector("button");
    if (button) { button.addEventListener("click", function () { choose(view.node === place ? "" : place); }); }
    const map = row.querySelector("svg");
    if (map) {
      map.tabIndex = 0;
      map.setAttribute("aria-label", (map.getAttribute("aria-label") || "") + "; arrows choose a moment");
      map.addEventListener("keydown", function (e) {
        const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
        if (step === 0) { return; }
        e.preventDefault();
        const bins = Array.from(map.querySelectorAll(".bin")), at = bins.findIndex(function (b) { return b.classList.contains("chosen"); });
        const to = bins[(at + step + bins.length) % bins.length];
        to.dispatchEvent(new MouseEvent("click"));
      });
    }
    const start = Number(row.dataset.from) / 1000, length = Number(row.dataset.bin) / 1000;
    row.querySelectorAll(".bin").forEach(function (bin, at) {
      bin.addEventListener("click", function () {
        const again = bin.classList.contains("chosen");
        all(".bin.chosen").forEach(function (b) { b.classList.remove("chosen"); });
        if (again) { choose(""); zoom(0, 0); return; }
        choose(selectOf("node") ? place : "");
        zoom(start + (at - 1) * length, start + (at + 2) * length); // with what came before and after it
        bin.classList.add("chosen");
      });
    });
  });
  all("button.copy").forEach(function (b) {
    b.addEventListener("click", function () {
      const done = function () {
        b.textContent = "Copied";
        setTimeout(function () { b.textContent = "Copy"; }, 1500);
      };
      const text = b.dataset.copy || "";
      const byHand = function () {
        const area = document.createElement("textarea");
        area.value = text;
        document.body.appendChild(area);
        area.select();
        if (document.execCommand("copy")) { done(); }
        area.remove();
        b.focus();
      };
      if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done, byHand); } else { byHand(); }
    });
  });
  window.addEventListener("hashchange", read);
  if (location.hash) { read(); }
});
