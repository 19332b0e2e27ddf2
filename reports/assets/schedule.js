"use strict";
/* The Gantt chart of the schedule page: pan and zoom.  The page reads without this. */
(function () {
var err = document.getElementById("errors");
window.addEventListener("error", function (e) { err.hidden = false; err.textContent += e.message + "\n"; });
var root = document.documentElement;
root.classList.add("js");
var theme = document.getElementById("theme");
theme.hidden = false;
theme.onclick = function () {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  theme.textContent = root.dataset.theme === "dark" ? "Light" : "Dark";
};
if (location.hash === "#dark") theme.onclick();
var d = JSON.parse(document.getElementById("npusim-data").textContent);
var svg = document.getElementById("gantt"), NS = "http://www.w3.org/2000/svg";
var LEFT = 110, WIDTH = 1300, ROW = 64, view = d.view.slice(), whole = [0, d.end || 1];
var tools = document.getElementById("gtools");
tools.hidden = false;

function el(name, at, parent, text) {
  var e = document.createElementNS(NS, name), k;
  for (k in at) e.setAttribute(k, at[k]);
  if (text !== undefined) e.textContent = text;
  parent.appendChild(e);
  return e;
}
function group(v) { return String(Math.round(v)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f"); }
function x(t) { return LEFT + (t - view[0]) / (view[1] - view[0]) * (WIDTH - LEFT); }
function tip(e, text) { el("title", {}, e, text); }
function row(job, core) { return d.cores > 1 ? core * d.models.length + job : job; }

function axis(h) {
  var span = view[1] - view[0], step = Math.pow(10, Math.floor(Math.log10(span / 4))), t;
  if (span / step > 16) step *= 5; else if (span / step > 8) step *= 2;
  for (t = Math.ceil(view[0] / step) * step; t < view[1]; t += step) {
    el("line", {x1: x(t), x2: x(t), y1: 18, y2: h, "class": "gr"}, svg);
    el("text", {x: x(t) + 3, y: 12}, svg, group(t) + " \u00b5s");
  }
}
function bar(a, b, y, h, c, text) {
  var x0 = Math.max(x(a), LEFT), x1 = Math.min(x(b), WIDTH), r;
  if (x1 <= LEFT || x0 >= WIDTH) return null;
  r = el("rect", {x: x0, y: y, width: Math.max(x1 - x0, 0.6), height: h, "class": c}, svg);
  if (text) tip(r, text);
  return r;
}
function jobMarks(j, i) {
  var y = 22 + row(j[0], j[8]) * ROW, m = d.models[j[0]], xr = x(j[1]);
  if (j[3] < view[0] || j[1] > view[1]) return;
  bar(j[1], j[1] + j[4], y + 22, 6, "blk", m.name + " job " + i + ": blocked " + group(j[4]) + " \u00b5s");
  bar(j[1] + j[4], j[3], y + 22, 6, "wai", m.name + " job " + i + ": waiting or suspended");
  if (xr >= LEFT && xr <= WIDTH)
    el("path", {d: "M" + (xr - 4) + " " + (y + 2) + "h8l-4 6z", "class": "rel"}, svg);
}
function jobEnd(j) {
  var y = 22 + row(j[0], j[8]) * ROW, xe = x(j[3]);
  if (xe < LEFT || xe > WIDTH) return;
  el("line", {x1: xe, x2: xe, y1: y + 8, y2: y + 42, "class": j[6] ? "mis" : "pre"}, svg);
  if ((view[1] - view[0]) / 14 < d.gap)
    el("text", {x: xe, y: y + 52, "text-anchor": "end"}, svg, group(j[3] - j[1]) + " \u00b5s");
}
function draw() {
  var rows = d.models.length * (d.cores > 1 ? d.cores : 1), h = 26 + rows * ROW, i, c, y, s, r;
  while (svg.lastChild) svg.removeChild(svg.lastChild);
  svg.setAttribute("viewBox", "0 0 " + WIDTH + " " + h);
  axis(h);
  for (i = 0; i < rows; i++) {
    c = Math.floor(i / d.models.length);
    y = 22 + i * ROW;
    el("text", {x: 0, y: y + 26, "class": "lab"}, svg, d.models[i % d.models.length].name.slice(0, 16));
    el("text", {x: 0, y: y + 40}, svg, (d.cores > 1 ? "core " + c + ", " : "") +
       d.models[i % d.models.length].what);
    el("line", {x1: 0, x2: WIDTH, y1: y + ROW - 6, y2: y + ROW - 6, "class": "gr"}, svg);
  }
  d.jobs.forEach(jobMarks);
  for (i = 0; i < d.spans.length; i++) {
    s = d.spans[i];
    if (s[1] < view[0] || s[0] > view[1]) continue;
    y = 22 + row(d.jobs[s[2]][0], s[4]) * ROW;
    r = bar(s[0], s[1], y + 10, 30, "m" + d.jobs[s[2]][0] % 8, d.models[d.jobs[s[2]][0]].name + " job " +
      s[2] + ", call " + s[3] + ": " + group(s[0]) + " to " + group(s[1]) + " \u00b5s, " +
      group(s[1] - s[0]) + " \u00b5s");
    if (r && x(s[1]) - x(s[0]) > 16)
      el("text", {x: Math.max(x(s[0]), LEFT) + 5, y: y + 29, "class": "num"}, svg, s[3]);
  }
  d.jobs.forEach(jobEnd);
}
function zoom(f, at) {
  var mid = at === undefined ? (view[0] + view[1]) / 2 : at, w = (view[1] - view[0]) * f;
  w = Math.min(Math.max(w, 10), whole[1] - whole[0]);
  var a = mid - (mid - view[0]) / (view[1] - view[0]) * w;
  a = Math.min(Math.max(a, whole[0]), whole[1] - w);
  view = [a, a + w];
  draw();
}
function pan(dt) {
  var w = view[1] - view[0], a = Math.min(Math.max(view[0] + dt, whole[0]), whole[1] - w);
  view = [a, a + w];
  draw();
}
document.getElementById("gin").onclick = function () { zoom(0.5); };
document.getElementById("gout").onclick = function () { zoom(2); };
document.getElementById("gall").onclick = function () { view = whole.slice(); draw(); };
document.getElementById("gworst").onclick = function () { view = d.view.slice(); draw(); };
function at(e) {
  var b = svg.getBoundingClientRect(), px = (e.clientX - b.left) / b.width * WIDTH;
  return view[0] + (px - LEFT) / (WIDTH - LEFT) * (view[1] - view[0]);
}
svg.addEventListener("wheel", function (e) {
  if (!e.ctrlKey) return;
  e.preventDefault();
  zoom(e.deltaY > 0 ? 1.25 : 0.8, at(e));
}, {passive: false});
var grab = null;
svg.addEventListener("pointerdown", function (e) { grab = at(e); svg.setPointerCapture(e.pointerId); });
svg.addEventListener("pointermove", function (e) { if (grab !== null) pan(grab - at(e)); });
svg.addEventListener("pointerup", function () { grab = null; });
svg.addEventListener("keydown", function (e) {
  var w = view[1] - view[0];
  if (e.key === "+") zoom(0.5); else if (e.key === "-") zoom(2);
  else if (e.key === "ArrowLeft") pan(-w / 5); else if (e.key === "ArrowRight") pan(w / 5);
  else if (e.key === "0") { view = whole.slice(); draw(); }
  else return;
  e.preventDefault();
});
draw();
document.body.dataset.ready = "1";
})();
