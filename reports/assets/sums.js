/* Small functions of the timeline that know nothing of it: sums per pixel column, numbers as text. */
(function (N) {
var SMOOTH = 7;
// Adds AMOUNT, spread evenly from pixel A to B, to the columns COL.
function spread(col, a, b, amount, columns) {
    var from = Math.max(0, a), to = Math.min(columns, b), per = amount / Math.max(b - a, 1e-9), k;
    if (b - a < 1e-9) {
        if (a >= 0 && a < columns)
            col[a | 0] += amount;
        return;
    }
    for (k = from | 0; k < to; k++)
        col[k] += per * (Math.min(k + 1, to) - Math.max(k, from));
}
// Mean of SMOOTH columns where no wide command lies among them.
function smooth(col, wide) {
    var out = new Float32Array(col.length), half = SMOOTH >> 1, i, j, sum, clear;
    for (i = 0; i < col.length; i++) {
        sum = 0;
        clear = i >= half && i + half < col.length;
        for (j = i - half; clear && j <= i + half; j++) {
            clear = !wide[j];
            sum += col[j];
        }
        out[i] = clear ? sum / SMOOTH : col[i];
    }
    return out;
}
function step(span) {
    var s = Math.pow(10, Math.floor(Math.log10(span)));
    return span / s > 5 ? 10 * s : span / s > 2 ? 5 * s : span / s > 1 ? 2 * s : s;
}
function percent(v) { return (100 * v).toFixed(1) + ' %'; }
function grouped(v) { return v.toFixed(0).replace(/\B(?=(\d{3})+$)/g, '\u202f'); }
function bytesText(b) {
    return b >= 1e5 ? (b / 1e6).toFixed(2) + ' MB' : (b / 1024).toFixed(1) + ' KiB';
}
N.sums = { spread: spread, smooth: smooth, step: step, percent: percent,
           grouped: grouped, bytesText: bytesText };
})(npusim);
