"use strict";
document.documentElement.classList.add("scripted");

/** @param {number} v */
function short(v) {
  const a = Math.abs(v);
  if (a >= 1000) { return Math.round(v).toLocaleString("en").replace(/,/g, "\u202f"); }
  return String(Number(v.toPrecision(a >= 100 ? 4 : 3)));
}

/** @param {string | undefined} unit @param {number | null | undefined} v */
function label(unit, v) {
  if (v === null || v === undefined) { return "–"; }
  if (unit === "bytes") {
    const names = ["B", "KB", "MB", "GB", "TB"];
    let i = 0;
    while (Math.abs(v) >= 1024 && names.length - 1 > i) { v /= 1024; i++; }
    return short(v) + " " + names[i];
  }
  if (unit === "ms" && v >= 1000) { return short(v / 1000) + " s"; }
  if (unit === "%" || unit === "ms") { return short(v) + " " + unit; }
  return short(v);
}

/** Numbers as source maps write them (ECMA-426, Base64 VLQ); "." is one that is not known. @param {string} text @returns {(number | null)[]} */
function vlq(text) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", out = [];
  let v = 0, unit = 1;
  for (const c of text) {
    const d = digits.indexOf(c);
    if (0 > d) { out.push(null); continue; }
    v += (d % 32) * unit;
    unit *= 32;
    if (d >= 32) { continue; }
    out.push(v % 2 ? -(v - 1) / 2 : v / 2);
    v = 0;
    unit = 1;
  }
  return out;
}

document.addEventListener("DOMContentLoaded", function () {
  // Paper shows what a click would; the screen is as it was afterwards.
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details")).filter(function (d) { return !d.open && !d.classList.contains("call"); });
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });
});
