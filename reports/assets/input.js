/* Mouse, touch and keys of the timeline, and its tooltip. */
(function (N) {
var P = N.timelineParts;
if (!P)
    return;
var canvas = P.canvas, tip = P.tip, S = P.S, data = N.data, TOOL = 4;
var pointers = {}, drag = null, moved = 0, pinch = 0;

function position(e) {
    var r = canvas.getBoundingClientRect();
    return [e.clientX - r.left, e.clientY - r.top];
}
function view() { return N.timeline.view(); }

// The command under a point, or within 2 pixels of it; -1 for none.
function hit(px, py) {
    var lane = -1, t = P.time(px), v = view(), near = 2 * (v[1] - v[0]) / (P.width() - P.gutter());
    P.rows().lane.forEach(function (r, u) {
        if (r && py >= r.y && py < r.y + r.h)
            lane = u;
    });
    if (lane < 0 || px < P.gutter())
        return -1;
    var list = P.lanes[lane], k = P.first(list, t), best = -1, j;
    for (j = Math.max(0, k - 1); j < Math.min(list.length, k + 2); j++) {
        var i = list[j];
        if (t < P.start[i] - near || t > P.end[i] + near)
            continue;
        best = i;
        if (t >= P.start[i])
            break;
    }
    return best;
}

var LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';
function describe(i) {
    var d = P.end[i] - P.start[i], many = S.count && S.count[i] > 1, wait = +S.wait[i];
    var bytes = S.read[i] + S.write[i], macs = S.macs[i] * data.mac_unit, lines = [];
    lines.push(data.units[P.unit[i]] + ' \u00b7 ' + data.kinds[LETTERS.indexOf(S.kind[i])] +
        ' \u00b7 ' + N.layerName(S.layer[i]));
    if (many)
        lines.push(S.count[i] + ' commands of this layer drawn as one');
    lines.push((P.start[i] / P.MS).toFixed(4) + ' to ' + (P.end[i] / P.MS).toFixed(4) + ' ms, ' +
        (d / P.MS * 1000).toFixed(2) + ' \u00b5s (' + d + ' cycles)');
    if (bytes)
        lines.push(N.sums.bytesText(bytes) + ' at ' + (bytes / Math.max(1, P.busy[i]) * data.hz / 1e9)
            .toFixed(2) + ' GB/s');
    if (macs)
        lines.push((macs / 1e6).toFixed(3) + ' MMAC, ' +
            N.sums.percent(N.arrayMacs(i) / Math.max(1, P.busy[i]) / data.peak_macs) + ' of the array');
    lines.push('Bound by ' + data.causes[P.cause[i]] + (wait > 1 ? '; waited for ' +
        data.waits[wait] : ''));
    lines.push(S.critical[i] === '1' ? 'On the critical path' : 'Not on the critical path');
    return lines.join('\n');
}
function showTip(i, px, py) {
    tip.textContent = describe(i);
    tip.hidden = false;
    tip.style.left = Math.max(0, Math.min(P.width() - tip.offsetWidth, px + 14)) + 'px';
    tip.style.top = (py + 18) + 'px';
}
function hideTip() {
    tip.hidden = true;
    P.hover(-1);
}

function jump(px) {
    var v = view(), w = v[1] - v[0], t = (px - P.gutter()) / (P.width() - P.gutter()) * P.T;
    if (w > P.T * 0.98)
        w = P.T * 0.15;
    P.moveTo(t - w / 2, t + w / 2);
}
function spreadOf() {
    var ids = Object.keys(pointers);
    return Math.abs(pointers[ids[0]][0] - pointers[ids[1]][0]);
}
canvas.addEventListener('pointerdown', function (e) {
    var p = position(e), over = P.rows().over;
    pointers[e.pointerId] = p;
    canvas.setPointerCapture(e.pointerId);
    if (Object.keys(pointers).length === 2) {
        pinch = Math.max(20, spreadOf());
        drag = null;
        return;
    }
    moved = 0;
    drag = { overview: p[1] < over.y + over.h + 4, x: p[0], view: view() };
    if (drag.overview)
        jump(p[0]);
});
canvas.addEventListener('pointermove', function (e) {
    var p = position(e), i;
    if (pointers[e.pointerId])
        pointers[e.pointerId] = p;
    if (pinch && Object.keys(pointers).length === 2) {
        var now = Math.max(20, spreadOf());
        P.zoom(pinch / now, P.time(p[0]));
        pinch = now;
    } else if (drag && drag.overview) {
        jump(p[0]);
    } else if (drag) {
        var d = (p[0] - drag.x) / (P.width() - P.gutter()) * (drag.view[1] - drag.view[0]);
        moved = Math.max(moved, Math.abs(p[0] - drag.x));
        if (moved > TOOL) {
            hideTip();
            P.moveTo(drag.view[0] - d, drag.view[1] - d);
        }
    } else {
        i = P.hover(hit(p[0], p[1]));
        if (i >= 0)
            showTip(i, p[0], p[1]);
        else
            tip.hidden = true;
    }
});
function release(e) {
    delete pointers[e.pointerId];
    pinch = 0;
    drag = null;
}
canvas.addEventListener('pointerup', function (e) {
    var p = position(e), i;
    if (drag && !drag.overview && moved <= TOOL) {
        i = hit(p[0], p[1]);
        if (i >= 0 && S.layer[i] >= 0)
            N.toggle(S.layer[i], 'time');
        else
            N.select(-1);
        if (i >= 0 && e.pointerType === 'touch')
            showTip(P.hover(i), p[0], p[1]);
    }
    release(e);
});
canvas.addEventListener('pointercancel', release);
canvas.addEventListener('pointerleave', function () {
    if (!drag)
        hideTip();
});
canvas.addEventListener('wheel', function (e) {
    var v = view(), d;
    if (e.ctrlKey || e.metaKey) {
        e.preventDefault();
        P.zoom(Math.exp(e.deltaY * 0.002), P.time(position(e)[0]));
    } else if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        e.preventDefault();
        d = e.deltaX / (P.width() - P.gutter()) * (v[1] - v[0]);
        P.moveTo(v[0] + d, v[1] + d);
    }
}, { passive: false });
canvas.addEventListener('dblclick', function (e) { P.zoom(0.3, P.time(position(e)[0])); });

function stepTo(forward) {
    var i = P.hover(), v = view(), list, j;
    if (i < 0) {
        list = P.lanes[0].length ? P.lanes[0] : P.lanes[4];
        j = Math.min(list.length - 1, P.first(list, v[0]));
    } else {
        list = P.lanes[P.unit[i]];
        j = Math.max(0, Math.min(list.length - 1, list.indexOf(i) + (forward ? 1 : -1)));
    }
    i = list[j];
    if (i === undefined)
        return;
    if (P.start[i] < v[0] || P.start[i] > v[1])
        P.moveTo(P.start[i] - (v[1] - v[0]) / 2, P.start[i] + (v[1] - v[0]) / 2);
    P.hover(i);
    N.timeline.draw();
    showTip(i, P.x(P.start[i]), P.rows().lane[P.unit[i]].y + 20);
}
var keys = {
    ArrowLeft: function (v, w) { P.moveTo(v[0] - w * 0.15, v[1] - w * 0.15); },
    ArrowRight: function (v, w) { P.moveTo(v[0] + w * 0.15, v[1] + w * 0.15); },
    '+': function () { P.zoom(0.6); },
    '=': function () { P.zoom(0.6); },
    '-': function () { P.zoom(1.7); },
    0: function () { P.moveTo(0, P.T); },
    Enter: function () { N.zoomSelected(false); },
    n: function () { stepTo(true); },
    p: function () { stepTo(false); }
};
canvas.addEventListener('keydown', function (e) {
    var v = view(), f = keys.hasOwnProperty(e.key) && keys[e.key];
    if (!f || e.ctrlKey || e.metaKey || e.altKey)
        return;
    f(v, v[1] - v[0]);
    e.preventDefault();
});
N.$('ttools').addEventListener('click', function (e) {
    var z = e.target.dataset.z;
    if (z === 'in')
        P.zoom(0.5);
    else if (z === 'out')
        P.zoom(2);
    else if (z === 'fit')
        P.moveTo(0, P.T);
    else if (z === 'sel')
        N.zoomSelected(false);
});
N.$('cp').onchange = function () { P.critical(this.checked); };

N.timeline.draw();
N.hash();
N.timeline.draw();
N.ready();
})(npusim);
