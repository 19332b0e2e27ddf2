/* The exact timeline: every command of the frame on one canvas.
 *
 * A command under 2.5 pixels is not drawn alone: its share of each pixel column is added to that
 * column's sum per cause, so height is the busy share and nothing is lost or doubled. */
(function (N) {
var box = N.$('tl'), data = N.data;
if (!box || !data || !data.spans.n) {
    N.hash();
    N.ready();
    return;
}
var S = data.spans, T = data.ticks, MS = data.hz / 1000, WIDE = 2.5, FADE = 0.16;
var F = N.sums, spread = F.spread, smooth = F.smooth;
var percent = F.percent, grouped = F.grouped, bytesText = F.bytesText;
var NC = data.causes.length, TIU = 0, STORE = 2, CPU = 4;
var n = S.n, start = new Float64Array(n), end = new Float64Array(n), busy = new Float64Array(n);
var unit = new Uint8Array(n), cause = new Uint8Array(n), lanes = [], queues = [[], []];
var waits = [[], []];

function decode() {
    var at = 0, shapes = data.shapes, u, i;
    Object.keys(shapes).forEach(function (key) {
        if (key !== 'n')
            S[key] = S.shape.map(function (k) { return shapes[key][k]; });
    });
    for (u = 0; u < data.units.length; u++)
        lanes.push([]);
    for (i = 0; i < n; i++) {
        at += S.start[i];
        start[i] = at;
        end[i] = at + S.length[i];
        busy[i] = S.length[i] - (S.idle ? S.idle[i] : 0);
        unit[i] = +S.unit[i];
        cause[i] = +S.cause[i];
        lanes[unit[i]].push(i);
        if (unit[i] !== CPU)
            queues[unit[i] === TIU ? 0 : 1].push(i);
    }
    queues.forEach(function (q, k) {
        for (var j = 1; j < q.length; j++)
            if (start[q[j]] > end[q[j - 1]] && +S.wait[q[j]] > 1)
                waits[k].push({ a: end[q[j - 1]], b: start[q[j]], w: +S.wait[q[j]] });
    });
}
var layers = data.layer_start.map(function (d, i) { return { start: d, length: data.layer_length[i] }; });
for (var li = 1; li < layers.length; li++)
    layers[li].start += layers[li - 1].start;
decode();

var canvas = document.createElement('canvas'), tip = document.createElement('div'), g, W, H, GUT;
canvas.id = 'cv';
canvas.tabIndex = 0;
canvas.setAttribute('role', 'img');
canvas.setAttribute('aria-label', 'Timeline of all commands. Arrow keys pan, plus and minus zoom, ' +
    '0 shows the whole frame, n and p step through commands, Enter zooms to the selected layer.');
tip.className = 'tip';
tip.hidden = true;
box.appendChild(canvas);
box.appendChild(tip);
N.$('ttools').hidden = false;

var V0 = 0, V1 = T, hover = -1, criticalOnly = false, C = null, R = null, overview = null;

function colours() {
    var css = getComputedStyle(document.documentElement), i;
    function v(name) { return css.getPropertyValue('--' + name).trim(); }
    C = { bg: v('bg'), pan: v('pan'), ink: v('ink'), mut: v('mut'), line: v('line'),
          hair: v('hair'), rd: v('rd'), wr: v('wr'), cause: [], wait: [] };
    for (i = 0; i < NC; i++)
        C.cause.push(v('c' + i));
    // none, queue, load, store, move, TIU, barrier
    C.wait = [C.mut, C.mut, C.rd, C.wr, C.cause[2], C.cause[0], C.cause[4]];
    overview = null;
}

// Rows from top to bottom; engines without a command have none.
function layout() {
    var y = 4, narrow = W < 560;
    GUT = narrow ? 58 : 92;
    R = { lane: [] };
    function row(h, gap) {
        var r = { y: y, h: h };
        y += h + gap;
        return r;
    }
    R.over = row(18, 18);
    R.layer = row(25, 6);
    R.lane[0] = row(narrow ? 54 : 64, 3);
    R.wait0 = row(7, 12);
    [1, 2, 3].forEach(function (u) {
        if (lanes[u].length)
            R.lane[u] = row(u === 1 ? 34 : 26, u === 3 || !lanes[3].length && u === STORE ? 3 : 8);
    });
    R.wait1 = row(7, 14);
    if (lanes[CPU].length)
        R.lane[CPU] = row(24, 14);
    R.ddr = row(96, 20);
    H = y;
}

function size() {
    var dpr = window.devicePixelRatio || 1, w = box.clientWidth;
    if (w === W && canvas.height === Math.round(H * dpr))
        return;
    W = w;
    layout();
    canvas.width = Math.round(W * dpr);
    canvas.height = Math.round(H * dpr);
    canvas.style.height = H + 'px';
    g = canvas.getContext('2d');
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    overview = null;
}

function x(t) { return GUT + (t - V0) / (V1 - V0) * (W - GUT); }
function time(px) { return V0 + (px - GUT) / (W - GUT) * (V1 - V0); }
// First entry of a lane that ends after T.
function first(lane, t) {
    var lo = 0, hi = lane.length;
    while (lo < hi) {
        var m = lo + hi >> 1;
        if (end[lane[m]] > t)
            hi = m;
        else
            lo = m + 1;
    }
    return lo;
}
// MACs of a span in int8 products: what fills the array.
N.arrayMacs = function (i) {
    var bf16 = data.layer_bf16[S.layer[i]] === '1';
    return S.macs[i] * data.mac_unit * (bf16 ? data.bf16_cost : 1);
};
function lit(i) {
    return (!criticalOnly || S.critical[i] === '1') &&
        (N.selected < 0 || S.layer[i] === N.selected);
}

// Stacks columns upwards from BASE; LOW holds the height reached so far and moves up.
function stack(col, low, base, h, colour, alpha) {
    g.globalAlpha = alpha;
    g.fillStyle = colour;
    g.beginPath();
    for (var k = 0; k < col.length; k++) {
        var v = Math.min(1 - low[k], col[k]);
        if (v <= 0)
            continue;
        g.rect(GUT + k, base - (low[k] + v) * h, 1, v * h);
        low[k] += v;
    }
    g.fill();
    g.globalAlpha = 1;
}

function lane(list, y, h) {
    var columns = Math.ceil(W - GUT), wide = new Uint8Array(columns), c, k;
    var on = [], off = [], low = new Float32Array(columns);
    for (c = 0; c < NC; c++) {
        on.push(null);
        off.push(null);
    }
    for (k = first(list, V0); k < list.length; k++) {
        var i = list[k], a = x(start[i]) - GUT, b = x(end[i]) - GUT, share = 1, l = lit(i);
        if (start[i] > V1)
            break;
        if (end[i] > start[i])
            share = busy[i] / (end[i] - start[i]);
        if (b - a >= WIDE) {
            var left = Math.max(0, a), w = Math.min(columns, b) - left;
            g.globalAlpha = l ? 1 : FADE;
            g.fillStyle = C.cause[cause[i]];
            g.fillRect(GUT + left, y + h * (1 - share), w - (b - a > 5 ? 0.7 : 0.3), h * share);
            g.globalAlpha = 1;
            wide.fill(1, left | 0, Math.ceil(left + w));
        } else {
            c = l ? on : off;
            if (!c[cause[i]])
                c[cause[i]] = new Float32Array(columns);
            spread(c[cause[i]], a, b, (b - a) * share, columns);
        }
    }
    for (c = 0; c < NC; c++)
        if (on[c])
            stack(smooth(on[c], wide), low, y + h, h, C.cause[c], 1);
    for (c = 0; c < NC; c++)
        if (off[c])
            stack(smooth(off[c], wide), low, y + h, h, C.cause[c], FADE);
}

function waitRow(list, y, h) {
    var columns = Math.ceil(W - GUT), sums = {}, low = new Float32Array(columns), i;
    for (i = 0; i < list.length; i++) {
        var q = list[i], a = x(q.a), b = x(q.b);
        if (q.b < V0 || q.a > V1)
            continue;
        if (b - a >= WIDE) {
            a = Math.max(GUT, a);
            g.fillStyle = C.wait[q.w];
            g.fillRect(a, y, Math.min(W, b) - a, h);
            continue;
        }
        if (!sums[q.w])
            sums[q.w] = new Float32Array(columns);
        spread(sums[q.w], a - GUT, b - GUT, b - a, columns);
    }
    Object.keys(sums).forEach(function (w) {
        for (i = 0; i < columns; i++) // never too low to see
            sums[w][i] = sums[w][i] > 0.02 ? Math.min(1, 0.25 + sums[w][i]) : 0;
        stack(sums[w], low, y + h, h, C.wait[w], 1);
    });
}

function text(s, px, y, align, colour, font) {
    g.font = (font || '') + '11.5px ' + getComputedStyle(document.body).fontFamily;
    g.textAlign = align || 'left';
    g.fillStyle = colour || C.mut;
    g.fillText(s, px, y);
}
function pill(s, px, y) {
    g.font = '11.5px ' + getComputedStyle(document.body).fontFamily;
    var w = g.measureText(s).width;
    g.globalAlpha = 0.8;
    g.fillStyle = C.bg;
    g.fillRect(px - w - 3, y - 10, w + 6, 14);
    g.globalAlpha = 1;
    text(s, px, y, 'right', C.ink);
}

function drawOverview() {
    var dpr = window.devicePixelRatio || 1, keep0 = V0, keep1 = V1;
    if (!overview) {
        overview = document.createElement('canvas');
        overview.width = Math.round(W * dpr);
        overview.height = Math.round((R.over.h + 2) * dpr);
        var main = g, col = new Float32Array(Math.ceil(W - GUT)), list = lanes[TIU], k;
        V0 = 0;
        V1 = T;
        for (k = 0; k < list.length; k++)
            spread(col, x(start[list[k]]) - GUT, x(end[list[k]]) - GUT,
                   (busy[list[k]]) / T * (W - GUT), col.length);
        g = overview.getContext('2d');
        g.setTransform(dpr, 0, 0, dpr, 0, 0);
        g.fillStyle = C.pan;
        g.fillRect(GUT, 0, W - GUT, R.over.h);
        stack(col, new Float32Array(col.length), R.over.h, R.over.h, C.mut, 0.6);
        g = main;
        V0 = keep0;
        V1 = keep1;
    }
    g.drawImage(overview, 0, 0, overview.width, overview.height, 0, R.over.y,
                overview.width / dpr, overview.height / dpr);
    var a = GUT + V0 / T * (W - GUT), b = GUT + V1 / T * (W - GUT);
    g.fillStyle = C.bg;
    g.globalAlpha = 0.65;
    g.fillRect(GUT, R.over.y, a - GUT, R.over.h);
    g.fillRect(b, R.over.y, W - b, R.over.h);
    g.globalAlpha = 1;
    g.strokeStyle = C.ink;
    g.lineWidth = 1.2;
    g.strokeRect(a + 0.6, R.over.y + 0.6, Math.max(2, b - a - 1.2), R.over.h - 1.2);
}

function axis() {
    var d = F.step((V1 - V0) / MS / Math.max(2, (W - GUT) / 95)), t, y = R.over.y + R.over.h;
    var us = (V1 - V0) / MS < 0.2, places = Math.max(0, -Math.floor(Math.log10(d * (us ? 1000 : 1))));
    for (t = Math.ceil(V0 / MS / d - 1e-9) * d; t <= V1 / MS; t += d) {
        var px = x(t * MS), label = (us ? t * 1000 : t).toFixed(places);
        g.fillStyle = C.hair;
        g.fillRect(Math.round(px), y + 2, 1, R.ddr.y + R.ddr.h - y);
        if (px < W - 16)
            text(t < d / 2 ? label + (us ? ' \u00b5s' : ' ms') : label, px + 3, y + 14);
    }
}
function layerRow() {
    var half = R.layer.h / 2, reached = [0, 0];
    function each(f) {
        layers.forEach(function (l, i) {
            var a = Math.max(GUT, x(l.start)), w = Math.min(W, x(l.start + l.length)) - a;
            g.globalAlpha = N.selected < 0 || N.selected === i ? 1 : 0.35;
            if (l.start <= V1 && l.start + l.length >= V0)
                f(i, a, R.layer.y + (i % 2 ? half + 0.5 : 0), w);
        });
        g.globalAlpha = 1;
    }
    each(function (i, a, y, w) {
        g.fillStyle = N.selected === i ? C.ink : i % 4 < 2 ? C.line : C.hair;
        g.fillRect(a, y, Math.max(0.5, w - 0.6), half - 1);
    });
    text('', 0, 0); // sets the font that is measured below
    each(function (i, a, y, w) { // layers overlap, names must not
        if (w < 30 || a < reached[i % 2] || g.measureText(N.layerName(i)).width > w - 5)
            return;
        text(N.layerName(i), a + 3, y + half - 3, 'left', N.selected === i ? C.bg : C.ink);
        reached[i % 2] = a + w;
    });
}

// Bytes per pixel column over the peak; returns the mean of the view over the peak.
function ddrRow(mean) {
    var columns = Math.ceil(W - GUT), rd = new Float32Array(columns), wr = new Float32Array(columns);
    var r = R.ddr, scale = 1.06, perPixel, low = new Float32Array(columns), k;
    var wide = new Uint8Array(columns);
    perPixel = data.peak_mbps * 1e6 / data.hz * (V1 - V0) / (W - GUT) * scale;
    lanes.forEach(function (list) {
        for (k = first(list, V0); k < list.length && start[list[k]] <= V1; k++) {
            var i = list[k], a = x(start[i]) - GUT, b = x(end[i]) - GUT;
            if (S.read[i])
                spread(rd, a, b, S.read[i] / perPixel, columns);
            if (S.write[i])
                spread(wr, a, b, S.write[i] / perPixel, columns);
            if (b - a >= WIDE && (S.read[i] || S.write[i]))
                wide.fill(1, Math.max(0, a | 0), Math.max(0, Math.ceil(b)));
        }
    });
    rd = smooth(rd, wide);
    wr = smooth(wr, wide);
    g.fillStyle = C.pan;
    g.fillRect(GUT, r.y, W - GUT, r.h);
    stack(rd, low, r.y + r.h, r.h, C.rd, 1);
    stack(wr, low, r.y + r.h, r.h, C.wr, 1);
    g.strokeStyle = C.ink;
    g.lineWidth = 1;
    level(1 / scale, [5, 4], 'peak ' + (data.peak_mbps / 1000).toFixed(2) + ' GB/s', 13);
    if (mean > 0)
        level(mean / scale, [2, 3], 'mean in view ' + (mean * data.peak_mbps / 1000).toFixed(2) +
              ' GB/s', mean > 0.85 ? 28 : -5);
}
function level(share, dash, label, dy) {
    var y = R.ddr.y + R.ddr.h * (1 - share);
    g.setLineDash(dash);
    g.beginPath();
    g.moveTo(GUT, y);
    g.lineTo(W, y);
    g.stroke();
    g.setLineDash([]);
    pill(label, W - 5, y + dy);
}
function labels() {
    var narrow = W < 560, short = ['TIU', 'load', 'store', 'move', 'CPU'];
    text(narrow ? 'frame' : 'Whole frame', 0, R.over.y + 13);
    text(narrow ? 'layers' : 'Layers', 0, R.layer.y + 16);
    R.lane.forEach(function (r, u) {
        if (r)
            text(narrow ? short[u] : data.units[u], 0, r.y + r.h / 2 + 4, 'left', C.ink, '500 ');
    });
    text(narrow ? 'waits' : 'TIU waits for', 0, R.wait0.y + 8);
    text(narrow ? 'waits' : 'TDMA waits for', 0, R.wait1.y + 8);
    text('DDR', 0, R.ddr.y + 14, 'left', C.ink, '500 ');
    text('read', 14, R.ddr.y + 31);
    text('write', 14, R.ddr.y + 47);
    g.fillStyle = C.rd;
    g.fillRect(0, R.ddr.y + 22, 9, 9);
    g.fillStyle = C.wr;
    g.fillRect(0, R.ddr.y + 38, 9, 9);
    var px = GUT, y = H - 6, seen = {};
    waits[0].concat(waits[1]).forEach(function (q) { seen[q.w] = true; });
    Object.keys(seen).forEach(function (w) {
        g.fillStyle = C.wait[w];
        g.fillRect(px, y - 8, 9, 9);
        text((px === GUT ? 'waits for ' : '') + data.waits[w], px + 13, y);
        px += g.measureText((px === GUT ? 'waits for ' : '') + data.waits[w]).width + 28;
    });
}

function draw() {
    if (!C)
        colours();
    size();
    g.clearRect(0, 0, W, H);
    axis();
    layerRow();
    R.lane.forEach(function (r, u) {
        if (!r)
            return;
        lane(lanes[u], r.y, r.h);
        g.fillStyle = C.line;
        g.fillRect(GUT, r.y + r.h, W - GUT, 0.6);
    });
    waitRow(waits[0], R.wait0.y, R.wait0.h);
    waitRow(waits[1], R.wait1.y, R.wait1.h);
    ddrRow(statistics());
    drawOverview();
    g.clearRect(0, R.over.y + R.over.h, GUT - 1, H);
    labels();
    if (hover >= 0) {
        var r = R.lane[unit[hover]], a = Math.max(GUT, x(start[hover]));
        g.strokeStyle = C.ink;
        g.lineWidth = 1.6;
        g.strokeRect(a, r.y - 1, Math.max(2, Math.min(W, x(end[hover])) - a), r.h + 2);
    }
}

// Sums over the view, into the line below the canvas; returns DDR mean over peak.
function statistics() {
    var sum = [0, 0, 0, 0, 0], rd = 0, wr = 0, macs = 0, count = 0, w = V1 - V0;
    lanes.forEach(function (list, u) {
        for (var k = first(list, V0); k < list.length && start[list[k]] < V1; k++) {
            var i = list[k], len = end[i] - start[i];
            var part = len > 0 ? (Math.min(V1, end[i]) - Math.max(V0, start[i])) / len : 1;
            sum[u] += busy[i] * part;
            rd += S.read[i] * part;
            wr += S.write[i] * part;
            macs += N.arrayMacs(i) * part;
            count += S.count ? S.count[i] : 1;
        }
    });
    var rate = (rd + wr) / w * data.hz, share = rate / (data.peak_mbps * 1e6);
    show('In view ', (V0 / MS).toFixed(places()) + ' to ' + (V1 / MS).toFixed(places()) + ' ms',
         ' \u00b7 TIU busy ', percent(sum[0] / w), ' \u00b7 load ', percent(sum[1] / w),
         ' \u00b7 store ', percent(sum[2] / w), sum[3] ? ' \u00b7 move ' : '',
         sum[3] ? percent(sum[3] / w) : '', ' \u00b7 MAC utilisation ',
         percent(macs / w / data.peak_macs), ' \u00b7 DDR ', grouped(rate / 1e6) + ' MB/s',
         ', ' + percent(share) + ' of peak, ', bytesText(rd), ' read, ', bytesText(wr),
         ' written \u00b7 ', grouped(count), ' commands');
    return share;
}
function places() { return V1 - V0 < 0.2 * MS ? 4 : V1 - V0 < 5 * MS ? 3 : 2; }
function show() {
    var line = N.$('wstat');
    line.textContent = '';
    for (var k = 0; k < arguments.length; k++) {
        var e = document.createElement(k % 2 ? 'b' : 'span');
        e.textContent = arguments[k];
        line.appendChild(e);
    }
}

var pending = false;
function request() {
    if (pending)
        return;
    pending = true;
    requestAnimationFrame(function () {
        pending = false;
        draw();
    });
}
N.timeline = { view: function () { return [V0, V1]; }, draw: draw, request: request };

function moveTo(a, b) {
    var w = Math.min(T, Math.max(Math.min(T, 200), b - a));
    a = Math.max(0, Math.min(T - w, a));
    V0 = a;
    V1 = a + w;
    request();
}
function zoom(k, at) {
    if (at === undefined)
        at = (V0 + V1) / 2;
    moveTo(at - (at - V0) * k, at + (V1 - at) * k);
}
N.zoomSelected = function (scroll) {
    var l = layers[N.selected];
    if (!l)
        return;
    moveTo(l.start - l.length * 0.12 - 100, l.start + l.length * 1.12 + 100);
    if (scroll)
        N.$('time').scrollIntoView({ block: 'nearest' });
};

N.timelineParts = {
    canvas: canvas, tip: tip, lanes: lanes, first: first, time: time, x: x, zoom: zoom,
    moveTo: moveTo, start: start, end: end, busy: busy, unit: unit, cause: cause, S: S, MS: MS, T: T,
    rows: function () { return R; }, gutter: function () { return GUT; },
    width: function () { return W; },
    hover: function (i) {
        if (i === undefined)
            return hover;
        if (i !== hover) {
            hover = i;
            request();
        }
        return i;
    },
    critical: function (on) {
        criticalOnly = on;
        request();
    }
};
N.onselect.push(request);
N.ontheme.push(function () {
    colours();
    request();
});
if (window.ResizeObserver)
    new ResizeObserver(request).observe(box);
else
    window.onresize = request;
})(npusim);
