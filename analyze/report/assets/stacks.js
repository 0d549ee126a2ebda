// Merged stacks: a flame graph and a call tree of the kind, process, pool and state that the reader chooses, next to another.
// Nothing here makes text of a case into markup: it is set as text only.

/** @typedef {{id: string, n: string, u: string, f: number, s: number[][], r?: number[], c: number[], t: string}} StackKind r: when each round of its samples began and ended, each number as its distance from the one before */
/** @typedef {{places: {n: string, p?: string, i?: number}[], pools: string[], states: [string, string][], idle: number, names: (number | string)[], before?: string, against?: string, kinds: StackKind[]}} StackData */
/** @typedef {{name: string, parent: number, depth: number, left: number, kids: number[], self: number[]}} Call self: slice, value, slice, value, ... */
/** @typedef {{total: Float64Array, count: number}} Sums of the calls, and how many samples they are of */

document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll(".stacks").forEach(function (box) { stacks(/** @type {HTMLElement} */ (box)); });
});

/** @param {(number | string)[]} pairs @returns {string[]} */
function stackNames(pairs) {
  const out = [];
  for (let i = 0, last = ""; pairs.length > i; i += 2) {
    last = last.slice(0, Number(pairs[i])) + pairs[i + 1];
    out.push(last);
  }
  return out;
}

/** @param {number[]} t of one kind @param {string[]} names @param {Map<number, number[]>} likely names below a name, the last first; of all kinds before @returns {Call[]} */
function stackCalls(t, names, likely) {
  /** @type {Call[]} */
  const calls = [];
  /** @type {number[]} */
  const path = []; // the last call of each depth
  /** @type {number[]} */
  const ids = []; // names of the calls
  /** @param {number} depth @param {number} code @param {number[]} self */
  function call(depth, code, self) {
    const at = calls.length, parent = depth > 0 ? path[depth - 1] : -1, left = code >= 0 ? 0 : -code;
    let id = -1;
    if (parent >= 0 && left === 0) {
      const known = likely.get(ids[parent]) || [];
      id = known.length > code ? known.splice(code, 1)[0] : code - known.length;
      known.unshift(id);
      likely.set(ids[parent], known);
    }
    ids.push(id);
    calls.push({ name: at === 0 ? "all" : left > 0 ? left + (left > 1 ? " rarer calls" : " rarer call") : names[id], parent: parent, depth: depth, left: left, kids: [], self: self });
    if (parent >= 0) { calls[parent].kids.push(at); }
    path[depth] = at;
  }
  for (let i = 0; t.length > i;) {
    const next = calls.length > 0 ? calls[calls.length - 1].depth + 1 : 0, n = t[i++];
    if (0 > n) {
      const from = i + 2, to = from + 2 * t[i + 1];
      call(next + 1 + n, t[i], t.slice(from, to));
      i = to;
    } else if (n % 2 === 1) {
      call(next, (n + 1) / 2, []);
    } else {
      for (let k = 0; n / 2 >= k; k++) { call(next + k, 0, []); }
    }
  }
  return calls;
}

/** @param {string} name without package and module */
function shortName(name) {
  if (/[ ([]/.test(name) && !name.includes(".(")) { return name; }
  if (name.includes("/")) { return name.slice(name.lastIndexOf("/") + 1); }
  return name.split(".").slice(-2).join(".");
}

/** @param {HTMLElement} box */
function stacks(box) {
  const source = box.querySelector('script[type="application/json"]'), tools = box.querySelector(".tools"), scroll = /** @type {HTMLElement | null} */ (box.querySelector(".flamescroll"));
  const tree = box.querySelector(".calls"), summary = box.querySelector(".note.shown"), legends = box.querySelector(".legends"), unders = box.querySelectorAll(".under");
  if (!source || !tools || !scroll || !tree || !summary || !legends || 2 > unders.length) { return; }
  /** @type {StackData} */
  const data = JSON.parse(source.textContent || "{}");
  if (!data.kinds) { return; }
  const names = stackNames(data.names);
  const svgSpace = "http://www.w3.org/2000/svg", row = 19, least = 0.0008, most = 4000;

  /** @type {Map<number, number[]>} */
  const likely = new Map();
  const decoded = new Map(data.kinds.map(function (k) { return [k.id, stackCalls(/** @type {number[]} */ (vlq(k.t)), names, likely)]; }));
  const span = { from: 0, to: 0 }; // seconds of Unix time that the page is zoomed into; both 0: all
  let kind = data.kinds[0];
  /** @type {Call[]} */
  let calls = [];
  /** @type {Sums} */
  let shown = { total: new Float64Array(0), count: 0 };
  /** @type {Sums | null} */
  let other = null;
  /** @type {Float64Array[]} by state, of what is shown */
  let states = [];
  let zoomed = 0, here = 0, word = "", live = false, flipped = false; // flipped: the earlier side is shown, next to the later one

  // Controls.

  /** @param {string} name @param {string} key @returns {HTMLSelectElement} */
  function control(name, key) {
    const label = document.createElement("label"), select = document.createElement("select");
    label.append(name + " ", select);
    select.dataset.key = key;
    if (tools) { tools.append(label); }
    select.addEventListener("change", function () { chosen(key); });
    return select;
  }
  const what = control("What", "stack"), where = control("Where", "where"), pool = control("Pool", "pool"), state = control("State", "state"), against = control("Against", "against");
  const find = document.createElement("input"), findLabel = document.createElement("label");
  find.type = "search";
  findLabel.append("Find ", find);
  /** @param {string} text @param {string} cls @param {() => void} act */
  function button(text, cls, act) {
    const b = document.createElement("button");
    b.type = "button";
    b.className = cls;
    b.textContent = text;
    b.hidden = true;
    b.addEventListener("click", act);
    return b;
  }
  const reset = button("Show all", "reset", function () { zoom(0); }), swap = button("Swap the two", "swap", swapped);
  tools.append(swap, findLabel, reset);

  /** @param {HTMLSelectElement} select @param {{value: string, text: string, node?: number}[]} options @param {number} least that make a choice */
  function fill(select, options, least) {
    const before = select.value;
    select.replaceChildren.apply(select, options.map(function (o) {
      const el = document.createElement("option");
      el.value = o.value;
      el.textContent = o.text;
      if (o.node) { el.dataset.node = String(o.node); }
      return el;
    }));
    if (options.some(function (o) { return o.value === before; })) { select.value = before; }
    const label = select.parentElement;
    if (label) { label.hidden = least > options.length; }
  }

  /** The processes that the kind has samples of, and nodes that have several of them. @param {number} side */
  function placesOf(side) {
    const has = new Set(kind.s.filter(function (s) { return s[3] === side; }).map(function (s) { return s[0]; }));
    /** @type {{value: string, text: string, node?: number}[]} */
    const out = [];
    data.places.forEach(function (p, i) {
      if (!has.has(i)) { return; }
      const mates = data.places.filter(function (x, k) { return x.n === p.n && has.has(k); });
      if (mates.length > 1 && mates[0] === p) { out.push({ value: "n" + i, text: p.n + ": all processes", node: p.i }); }
      out.push({ value: "p" + i, text: p.p && mates.length > 1 ? p.n + ": " + p.p : p.n, node: p.i });
    });
    return out;
  }

  /** Fills what depends on the kind. */
  function options() {
    fill(where, [{ value: "", text: "all nodes" }].concat(placesOf(0)), 3);
    const pools = Array.from(new Set(kind.s.map(function (s) { return s[1]; }))).sort(function (a, b) { return a - b; });
    fill(pool, [{ value: "", text: "all pools" }].concat(pools.map(function (p) { return { value: String(p), text: p === 0 ? "(no pool)" : data.pools[p] }; })), 3);
    const has = new Set(kind.s.map(function (s) { return s[2]; }));
    /** @type {{value: string, text: string}[]} */
    let list = [];
    if (kind.s.some(function (s) { return s[2] >= 0; })) {
      list = data.states.map(function (s, i) { return { value: String(i), text: s[0] }; }).filter(function (_, i) { return has.has(i); });
      list.unshift({ value: "all", text: "with and without work" });
      if (Array.from(has).some(function (s) { return s !== data.idle; })) { list.unshift({ value: "", text: "with work" }); }
    }
    fill(state, list, 2);
    const sides = [{ value: "", text: "nothing" }];
    if (kind.s.some(function (s) { return s[3] === 1; })) { sides.push({ value: "before", text: data.before ? "before: " + data.before : "before" }); }
    const places = placesOf(0);
    if (places.length > 1) { places.forEach(function (p) { sides.push({ value: p.value, text: p.text }); }); }
    fill(against, sides, 2);
  }

  /** @param {string} key of the control that was changed */
  function chosen(key) {
    if (key === "stack") { choose(); }
    if (against.value !== "before") { flipped = false; }
    zoomed = here = 0;
    show();
    box.dispatchEvent(new CustomEvent("stackschange", { bubbles: true }));
  }
  function choose() {
    kind = data.kinds.find(function (k) { return k.id === what.value; }) || data.kinds[0];
    calls = decoded.get(kind.id) || [];
    options();
  }
  function swapped() {
    const to = against.value;
    if (to === "before") {
      flipped = !flipped;
      chosen("side");
      return;
    }
    if (!/^[np]\d/.test(to) || where.value === "") { return; }
    against.value = where.value;
    where.value = to;
    chosen("where");
  }

  // Time.

  /** How far each round of the kind's samples is from what the page is zoomed into, in ms; 0: it lies within. @returns {number[]} */
  function away() {
    const out = [];
    let ms = 0;
    for (let i = 0, r = kind.r || []; r.length > i; i += 2) {
      const first = ms + r[i];
      ms = first + r[i + 1];
      out.push(span.to > span.from ? Math.max(0, first - span.to * 1000, span.from * 1000 - ms) : 0);
    }
    return out;
  }
  /** Which rounds are shown: those within, else the next one. @returns {boolean[]} */
  function rounds() {
    const far = away(), least = Math.min.apply(null, far);
    return far.map(function (f, i) { return least > 0 ? i === far.indexOf(least) : f === 0; });
  }
  /** @param {number} mask */
  function bits(mask) {
    let n = 0;
    for (; mask > 0; mask >>= 1) { n += mask & 1; }
    return n;
  }

  // Sums.

  /** @param {number} place @param {string} choice */
  function at(place, choice) {
    if (choice === "") { return true; }
    const of = Number(choice.slice(1));
    return choice[0] === "n" ? data.places[place].n === data.places[of].n : place === of;
  }
  /** @param {string} choice of a place @param {number} side @param {number} [only] this state */
  function sum(choice, side, only) {
    const open = rounds().reduce(function (mask, is, i) { return is ? mask | 1 << i : mask; }, 0);
    /** How many times the values of a slice count: once, or in each of its rounds. */
    const keep = kind.s.map(function (s) {
      if (s[3] !== side || !at(s[0], choice) || (pool.value !== "" && s[1] !== Number(pool.value))) { return 0; }
      if (only !== undefined && s[2] !== only) { return 0; }
      if (state.value !== "all" && (state.value === "" ? s[2] === data.idle : s[2] !== Number(state.value))) { return 0; }
      return s.length > 4 ? bits(s[4] & open) : 1;
    });
    const total = new Float64Array(calls.length);
    for (let i = calls.length - 1; i >= 0; i--) {
      const c = calls[i];
      for (let k = 0; c.self.length > k; k += 2) {
        total[i] += keep[c.self[k]] * c.self[k + 1];
      }
      if (c.parent >= 0) { total[c.parent] += total[i]; }
    }
    const count = kind.c.reduce(function (sum, n, i) { const all = kind.s[i].length > 4 ? bits(kind.s[i][4]) : 1; return sum + n * keep[i] / all; }, 0);
    return { total: total, count: count };
  }

  /** @param {number} i */
  function share(i) { return shown.total[0] > 0 ? shown.total[i] / shown.total[0] : 0; }
  /** @param {number} i */
  function otherShare(i) { return other && other.total[0] > 0 ? other.total[i] / other.total[0] : 0; }
  /** @param {number} v */
  function percent(v) { return (v >= 0.1 ? Math.round(100 * v) : Number((100 * v).toPrecision(2))) + " %"; }
  /** @param {number} v */
  function value(v) {
    v *= kind.f;
    if (kind.u === "nanoseconds") { return label("ms", v / 1e6); }
    return label(kind.u === "bytes" ? "bytes" : "", v) + (["threads", "count", "bytes", ""].includes(kind.u) ? "" : " " + kind.u);
  }

  /** Colours a change of shares that is more than a point, and more than chance makes of so many samples. @param {number} i */
  function changed(i) {
    const now = share(i), then = otherShare(i), n = Math.max(shown.count / 2, 1), m = Math.max((other ? other.count : 0) / 2, 1);
    const noise = 1.96 * Math.sqrt(now * (1 - now) / n + then * (1 - then) / m + 0.25 / (n * n) + 0.25 / (m * m));
    if (Math.max(0.01, noise) > Math.abs(now - then)) { return "f4"; }
    return now > then ? "f2" : "f3";
  }
  /** @param {number} i */
  function colourOf(i) {
    if (calls[i].left > 0) { return "f7"; }
    if (other) { return changed(i); }
    if (states.length === 0) { return "f5"; }
    let best = -1;
    states.forEach(function (s, k) { if (s[i] > (best >= 0 ? states[best][i] : 0)) { best = k; } });
    return best >= 0 ? data.states[best][1] : "f4";
  }

  /** What is known of a call, in words. @param {number} i */
  function said(i) {
    let own = 0;
    const c = calls[i];
    if (c.left === 0) { own = shown.total[i] - c.kids.reduce(function (sum, k) { return sum + shown.total[k]; }, 0); }
    let text = c.name + ": " + value(shown.total[i]) + ", " + percent(share(i));
    if (own > 0 && c.kids.length > 0) { text += "; " + percent(own / shown.total[0]) + " of its own"; }
    const by = byState(i);
    if (by) { text += "; " + by; }
    if (other) {
      const points = 100 * (share(i) - otherShare(i));
      text += "; " + percent(otherShare(i)) + " " + there() + ", " + (points > 0 ? "+" : "") + short(points) + " points" + (changed(i) === "f4" ? ", which may be chance" : "");
    }
    return text;
  }
  /** @param {number} i */
  function byState(i) {
    return states.map(function (s, k) { return s[i] > 0 ? value(s[i]) + " " + data.states[k][0] : ""; }).filter(Boolean).join(", ");
  }
  function sideName() { return flipped ? "after" : "before"; }
  function there() { return against.value === "before" ? sideName() : "there"; }
  function otherName() {
    const option = against.selectedOptions[0];
    return against.value === "before" ? sideName() : "at " + (option ? option.textContent : "");
  }

  // What is shown.

  function show() {
    const sided = against.value === "before";
    if (!sided) { flipped = false; }
    const side = flipped ? 1 : 0;
    shown = sum(where.value, side);
    other = against.value === "" ? null : sided ? sum(where.value, 1 - side) : sum(against.value, 0);
    if (other && !(other.total[0] > 0)) { other = null; }
    states = kind.s.some(function (s) { return s[2] >= 0; }) ? data.states.map(function (_, i) { return sum(where.value, side, i); }).map(function (s) { return s.total; }) : [];
    swap.hidden = !other || (!sided && where.value === "");
    if (!live) { return; }
    summarise();
    key();
    draw();
    list();
  }

  function summarise() {
    if (!summary) { return; }
    let text = kind.n[0].toUpperCase() + kind.n.slice(1) + (flipped ? " before" : "");
    text += kind.u === "threads" ? ": " + value(shown.total[0]) + " sightings of threads, each dump counted" + (state.value === "" ? "; threads without work are left out" : "") : ": " + value(shown.total[0]) + " in all";
    if (!(shown.total[0] > 0)) { text = "Nothing was sampled of this."; }
    if (span.to > span.from) {
      const far = away();
      text += far.length === 0 ? ". Of the whole capture: it is not known when each sample was taken, so the zoom does not narrow them." :
        far.includes(0) ? "; of " + rounds().filter(Boolean).length + " of " + far.length + " rounds of dumps, those in what is zoomed into." :
          "; no dump was taken in what is zoomed into: this is the round next to it, " + short(Math.min.apply(null, far) / 1000) + " s away.";
    }
    if (against.value !== "") {
      if (!other) {
        text += " There is nothing " + otherName() + " to compare it with.";
      } else {
        let gone = 0;
        calls.forEach(function (c, i) { if (c.depth > 0 && shown.total[i] === 0 && shown.total[c.parent] > 0 && other) { gone += other.total[i]; } });
        text += "; " + otherName() + ": " + value(other.total[0]) + ". Widths are shares of what is shown, colours the change of the share.";
        if (gone > 0) { text += " " + percent(gone / other.total[0]) + " of the other is in calls that are not here" + (swap.hidden ? ": choose a node to be able to swap the two." : ": swap the two to see them."); }
      }
    }
    summary.textContent = text;
  }

  function key() {
    if (!legends) { return; }
    let items = /** @type {[string, string][]} */ ([]);
    if (other) {
      items = [["f2", "larger share than " + (against.value === "before" ? sideName() : otherName().slice(3))], ["f3", "smaller"], ["f4", "about the same, or by chance"]];
    } else if (states.length > 0) {
      items = data.states.filter(function (_, i) { return states[i][0] > 0; }).map(function (s) { return [s[1], s[0]]; });
    }
    const legend = document.createElement("span");
    legend.className = "legend";
    items.forEach(function (i) {
      const el = document.createElement("span"), swatch = document.createElement("span");
      el.className = "key";
      swatch.className = "swatch " + i[0];
      el.append(swatch, i[1]);
      legend.append(el);
    });
    legends.replaceChildren(legend);
  }

  // The flame graph.

  /** @type {Map<number, SVGElement>} */
  const drawn = new Map();
  let room = 0; // pixels that the graph is wide

  /** @param {number} i @param {number} x @param {number} w shares of the width */
  function frame(i, x, w) {
    const el = /** @type {SVGElement} */ (document.createElementNS(svgSpace, "svg")), title = document.createElementNS(svgSpace, "title");
    el.setAttribute("class", "f " + colourOf(i) + (calls[zoomed].depth > calls[i].depth ? " above" : "") + (matches(i) ? " match" : ""));
    el.setAttribute("x", 100 * x + "%");
    el.setAttribute("width", 100 * w + "%");
    el.setAttribute("y", String(row * calls[i].depth));
    el.setAttribute("height", String(row - 1));
    el.dataset.i = String(i);
    title.textContent = said(i);
    el.append(title, document.createElementNS(svgSpace, "rect"));
    if (w * room > 26) {
      const text = document.createElementNS(svgSpace, "text");
      text.setAttribute("x", "4");
      text.setAttribute("y", "13");
      text.textContent = shortName(calls[i].name);
      el.append(text);
    }
    drawn.set(i, el);
    return el;
  }

  function draw() {
    if (!scroll) { return; }
    drawn.clear();
    room = scroll.clientWidth || 800;
    const pic = document.createElementNS(svgSpace, "svg");
    for (let i = zoomed; i >= 0; i = calls[i].parent) { pic.append(frame(i, 0, 1)); }
    let deep = calls[zoomed].depth, left = 0;
    const todo = /** @type {[number, number][]} */ ([[zoomed, 0]]);
    for (let next = todo.shift(); next; next = todo.shift()) {
      let x = next[1];
      sorted(next[0]).forEach(function (k) {
        const w = shown.total[k] / (shown.total[zoomed] || 1);
        if (w > least && most > drawn.size) {
          deep = Math.max(deep, calls[k].depth);
          pic.append(frame(k, x, w));
          todo.push([k, x]);
        } else if (w > 0) { left++; }
        x += w;
      });
    }
    pic.setAttribute("class", "flame");
    pic.setAttribute("width", "100%");
    pic.setAttribute("height", String(row * (deep + 1)));
    pic.setAttribute("aria-hidden", "true");
    scroll.replaceChildren(pic);
    reset.hidden = zoomed === 0;
    box.classList.toggle("searching", word !== "");
    unders[0].textContent = left > 0 ? left + " calls are too narrow to be drawn here: make the frame below which they are wider." : "";
    point(drawn.has(here) ? here : zoomed, false);
  }

  /** The calls below a call, largest first; what was left out last. @param {number} i */
  function sorted(i) {
    return calls[i].kids.filter(function (k) { return shown.total[k] > 0; }).sort(function (a, b) {
      return Number(calls[a].left > 0) - Number(calls[b].left > 0) || shown.total[b] - shown.total[a] || a - b;
    });
  }

  /** @param {number} i */
  function zoom(i) {
    zoomed = here = i;
    draw();
    point(i, true);
  }

  /** @param {number} i @param {boolean} speak */
  function point(i, speak) {
    drawn.forEach(function (el, k) { el.classList.toggle("here", k === i); });
    here = i;
    if (speak && scroll) {
      told.textContent = said(i);
      const el = drawn.get(i);
      if (el) { scroll.scrollTop = Math.min(scroll.scrollTop, calls[i].depth * row); if (calls[i].depth * row + 2 * row > scroll.scrollTop + scroll.clientHeight) { scroll.scrollTop = calls[i].depth * row + 2 * row - scroll.clientHeight; } }
    }
  }
  const told = document.createElement("p");
  told.className = "told";
  told.setAttribute("role", "status");
  scroll.after(told);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", "Flame graph: arrows move, Enter makes a frame as wide as the graph, Escape shows all. The call tree has the same as text.");
  /** @param {Event} e */
  function frameOf(e) {
    const el = e.target instanceof Element ? e.target.closest("svg.f") : null;
    return el instanceof SVGElement ? Number(el.dataset.i) : -1;
  }
  scroll.addEventListener("click", function (e) { const i = frameOf(e); if (i >= 0) { zoom(i); } });
  scroll.addEventListener("mouseover", function (e) { const i = frameOf(e); if (i >= 0) { told.textContent = said(i); } });
  scroll.addEventListener("keydown", function (e) {
    const mates = calls[here].parent >= 0 ? sorted(calls[here].parent).filter(function (k) { return drawn.has(k); }) : [here];
    const kids = sorted(here).filter(function (k) { return drawn.has(k); }), place = mates.indexOf(here);
    /** @type {Record<string, number | undefined>} */
    const moves = { ArrowDown: kids[0], ArrowUp: calls[here].parent, ArrowLeft: mates[place - 1], ArrowRight: mates[place + 1] };
    if (e.ctrlKey || e.metaKey || e.altKey) { return; }
    if (e.key in moves) {
      const to = moves[e.key];
      if (to !== undefined && to >= 0) { point(to, true); }
    } else if (e.key === "Enter") { zoom(here); } else if (e.key === "Escape") { zoom(0); } else { return; }
    e.preventDefault();
  });

  // The call tree.

  /** @param {number} i */
  function matches(i) { return word !== "" && i > 0 && calls[i].left === 0 && calls[i].name.toLowerCase().includes(word); }

  /** The calls that a search leads to: those on the way to one that matches. @type {Set<number>} */
  let wanted = new Set();
  const listed = 60; // calls below one

  /** @param {HTMLElement} to @param {number} i @param {string} cls */
  function named(to, i, cls) {
    const code = document.createElement("code");
    code.textContent = cls === "via" ? shortName(calls[i].name) : calls[i].name;
    code.title = calls[i].name;
    code.className = cls + (matches(i) ? " match" : "");
    to.append(code, " ");
  }

  /** What leads to a call: of a long path the first, the last, and what a search looks for. @param {HTMLElement} to @param {number[]} path */
  function via(to, path) {
    let skipped = 0;
    path.forEach(function (i, at) {
      const middle = path.length > 5 && at > 0 && path.length - 3 > at && !matches(i);
      if (middle) { skipped++; }
      if (skipped > 0 && (!middle || at === path.length - 1)) {
        const note = document.createElement("span");
        note.className = "note";
        note.textContent = "… " + skipped + " more → ";
        to.append(note);
        skipped = 0;
      }
      if (!middle) { named(to, i, "via"); }
    });
  }

  /** @param {number} i @param {number} depth */
  function entry(i, depth) {
    const head = document.createElement("span"), part = document.createElement("span"), note = document.createElement("span");
    part.className = "share";
    part.textContent = percent(share(i));
    head.append(part, " ");
    const path = [];
    for (;;) { // calls that follow each other without a branch are one entry
      const kids = sorted(i);
      if (kids.length !== 1 || calls[kids[0]].left > 0 || shown.total[kids[0]] !== shown.total[i]) { break; }
      path.push(i);
      i = kids[0];
    }
    via(head, path);
    named(head, i, "");
    note.className = "note";
    const one = states.filter(function (s) { return s[i] > 0; }).length === 1;
    note.textContent = (one ? "" : value(shown.total[i])) + (states.length > 0 ? (one ? "" : " · ") + byState(i) : "") + (other ? " · " + percent(otherShare(i)) + " " + there() : "");
    head.append(note);
    const kids = sorted(i).filter(function (k) { return word === "" || wanted.has(k); });
    if (kids.length === 0) {
      const p = document.createElement("p");
      p.className = "call";
      p.append(head);
      return p;
    }
    const d = document.createElement("details"), s = document.createElement("summary");
    d.className = "call";
    s.append(head);
    d.append(s);
    let filled = false;
    const fillIn = function () {
      if (filled) { return; }
      filled = true;
      d.append.apply(d, below(kids, depth + 1));
    };
    d.addEventListener("toggle", function () { if (d.open) { fillIn(); } });
    if (2 > depth || word !== "") {
      fillIn();
      d.open = true;
    }
    return d;
  }
  /** @param {number[]} kids @param {number} depth */
  function below(kids, depth) {
    const out = /** @type {HTMLElement[]} */ ([]);
    kids.slice(0, listed).forEach(function (k) { out.push(entry(k, depth)); });
    if (kids.length > listed) {
      const p = document.createElement("p");
      p.className = "call note";
      p.textContent = "and " + (kids.length - listed) + " more calls: " + percent(kids.slice(listed).reduce(function (sum, k) { return sum + share(k); }, 0));
      out.push(p);
    }
    return out;
  }

  function list() {
    if (!tree) { return; }
    wanted = new Set();
    let found = 0, within = 0, left = 0;
    calls.forEach(function (_, i) {
      if (!matches(i) || !(shown.total[i] > 0)) { return; }
      found++;
      if (wanted.size > 400) { left++; return; }
      let top = true;
      for (let up = i; up >= 0; up = calls[up].parent) {
        if (up !== i && matches(up)) { top = false; }
        wanted.add(up);
      }
      if (top) { within += shown.total[i]; }
    });
    tree.replaceChildren.apply(tree, below(sorted(0).filter(function (k) { return word === "" || wanted.has(k); }), 0));
    unders[1].textContent = word === "" ? "" : found === 0 ? "No call that is shown has this in its name." :
      percent(within / shown.total[0]) + " of what is shown is in, or called by, " + found + " calls whose names have it." + (left > 0 ? " " + left + " of them are not listed." : "");
  }

  find.addEventListener("input", function () {
    word = find.value.trim().toLowerCase();
    draw();
    list();
  });

  // Links, and the page's filter of nodes, choose too.
  fill(what, data.kinds.map(function (k) { return { value: k.id, text: k.n }; }), 2);
  choose();
  if (data.against) { against.value = data.against; }
  [what, where, pool, state, against].forEach(function (s) { s.dataset.initial = s.value; });
  box.addEventListener("stacksnode", function (e) {
    const node = /** @type {CustomEvent<string>} */ (e).detail;
    const option = Array.from(where.options).find(function (o) { return (o.dataset.node || "") === node; });
    box.hidden = !option;
    where.value = option ? option.value : "";
    zoomed = here = 0;
    show();
  });
  box.addEventListener("stackstime", function (e) {
    Object.assign(span, /** @type {CustomEvent<{from: number, to: number}>} */ (e).detail);
    zoomed = here = 0;
    show();
  });
  box.addEventListener("stackslink", function (e) {
    const q = /** @type {CustomEvent<URLSearchParams>} */ (e).detail;
    [what, where, pool, state, against].forEach(function (s) {
      const to = q.get(String(s.dataset.key)) || "";
      if (to === "" && s === where) { return; } // as the filter of nodes has it
      s.value = Array.from(s.options).some(function (o) { return o.value === to; }) ? to : String(s.dataset.initial);
      if (s === what) { choose(); }
    });
    zoomed = here = 0;
    show();
  });
  show();
  new IntersectionObserver(function (seen, self) {
    if (!seen.some(function (s) { return s.isIntersecting; })) { return; }
    self.disconnect();
    live = true;
    show();
  }, { rootMargin: "600px" }).observe(box);
}
