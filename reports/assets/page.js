/* What every report page shares: errors, theme, folds, one selected layer, the layer table.
 *
 * The page reads without this file; it only adds.  Texts of layers are taken from the table, so
 * nothing is stored twice. */
'use strict';
var npusim = {};
(function (N) {
var D = document, root = D.documentElement;
N.$ = function (id) { return D.getElementById(id); };
N.selected = -1;
N.onselect = [];
N.ontheme = [];

N.fail = function (text) {
    var e = N.$('errors');
    e.hidden = false;
    e.textContent += text + '\n';
};
window.addEventListener('error', function (e) {
    N.fail(e.message + ' line ' + e.lineno);
});
D.addEventListener('securitypolicyviolation', function (e) {
    N.fail('blocked: ' + e.violatedDirective + ' ' + e.blockedURI);
});
N.ready = function () { D.body.dataset.ready = '1'; };
root.classList.add('js');

var block = N.$('npusim-data');
N.data = block ? JSON.parse(block.textContent) : null;

// Theme: the button overrides what the system prefers.
var button = N.$('theme');
var system = window.matchMedia ? matchMedia('(prefers-color-scheme: dark)') : { matches: false };
function dark() {
    return root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
}
function themed() {
    if (button) {
        button.textContent = dark() ? 'Light' : 'Dark';
        button.hidden = false;
    }
    N.ontheme.forEach(function (f) { f(); });
}
N.theme = function (name) {
    root.dataset.theme = name;
    themed();
};
if (button)
    button.onclick = function () { N.theme(dark() ? 'light' : 'dark'); };
if (system.addEventListener)
    system.addEventListener('change', themed);

// Folds are open without script; print opens them again.
var folds = [].slice.call(D.querySelectorAll('details.fold')), closed = [];
folds.forEach(function (d) { d.open = false; });
window.addEventListener('beforeprint', function () {
    closed = folds.filter(function (d) { return !d.open; });
    closed.forEach(function (d) { d.open = true; });
});
window.addEventListener('afterprint', function () {
    closed.forEach(function (d) { d.open = false; });
});
function reveal(hash) {
    var e = hash.length > 1 && D.getElementById(hash.slice(1));
    while (e) {
        if (e.tagName === 'DETAILS')
            e.open = true;
        e = e.parentElement;
    }
    if (hash === '#all' && folds.length)
        N.$('all').querySelector('details').open = true;
}

// One selection for the whole page.
var table = N.$('ltab'), body = table ? table.tBodies[0] : null;
var rows = body ? [].slice.call(body.rows) : [];
var NAME = 1, OP = 2, OUT = 3, TIME = 4, SHARE = 6, BOUND = 7;
function cell(row, c) { return row.cells[c].textContent; }
N.row = function (id) { return N.$('r' + id); };
N.layerName = function (id) {
    var r = N.row(id);
    return r ? cell(r, NAME) : '';
};
function clear() {
    D.querySelectorAll('.on').forEach(function (n) { n.classList.remove('on'); });
    rows.forEach(function (r) { r.removeAttribute('aria-selected'); });
}
function sentence(r) {
    var why = r.cells[BOUND].firstChild.title, out = cell(r, OUT);
    return 'Selected ' + cell(r, NAME) + ' (' + cell(r, OP) + (out ? ', ' + out : '') + '): ' +
        (cell(r, TIME) || '0') + ' ms of the frame, ' + (cell(r, SHARE) || '0') + ' %, bound: ' +
        cell(r, BOUND) + '. ' + (why ? why + ' ' : '') + 'Esc clears.';
}
N.select = function (id, from) {
    var bar = N.$('selbar'), r = id < 0 ? null : N.row(id);
    clear();
    N.selected = r ? id : -1;
    bar.textContent = r ? sentence(r) : '';
    if (r) {
        D.querySelectorAll('#roof [data-l="' + id + '"], #struct [data-l="' + id + '"]')
            .forEach(function (n) { n.classList.add('on'); });
        r.setAttribute('aria-selected', 'true');
        if (from !== 'table') {
            var w = r.closest('.tw');
            w.scrollTop = r.offsetTop - w.clientHeight / 2;
        }
    }
    N.onselect.forEach(function (f) { f(); });
};
function toggle(id, from) { N.select(id === N.selected ? -1 : id, from); }
N.toggle = toggle;
['roof', 'struct'].forEach(function (name) {
    var e = N.$(name);
    if (e)
        e.addEventListener('click', function (ev) {
            var n = ev.target.closest('[data-l]');
            if (n)
                toggle(+n.dataset.l, name);
        });
});
D.addEventListener('keydown', function (e) {
    if (e.key === 'Escape')
        N.select(-1);
});

// The table: sort, filter, keys.
function number(text) {
    var v = parseFloat(text.replace('\u2212', '-').replace('<', '').replace(/[^\d.\-]/g, ''));
    return isNaN(v) ? -1 : v;
}
function sort(th, button) {
    var numeric = button.dataset.t === 'n', c = th.cellIndex, was = th.getAttribute('aria-sort');
    var up = was ? was === 'descending' : !numeric || c === 0;
    var keyed = rows.map(function (r) {
        var t = cell(r, c);
        return { r: r, k: numeric ? number(t) : t.toLowerCase() };
    });
    keyed.sort(function (a, b) {
        return (a.k < b.k ? -1 : a.k > b.k ? 1 : 0) * (up ? 1 : -1);
    });
    table.querySelectorAll('th[aria-sort]').forEach(function (t) {
        t.removeAttribute('aria-sort');
    });
    th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    var all = D.createDocumentFragment();
    rows = keyed.map(function (k) { return k.r; });
    rows.forEach(function (r) { all.appendChild(r); });
    body.appendChild(all);
}
function filter() {
    var text = N.$('flt').value.toLowerCase(), bound = N.$('fb').value, n = 0, ms = 0;
    rows.forEach(function (r) {
        var words = (cell(r, NAME) + ' ' + cell(r, OP)).toLowerCase();
        r.hidden = words.indexOf(text) < 0 || (bound !== '' && r.dataset.b !== bound);
        if (!r.hidden) {
            n++;
            ms += Math.max(0, number(cell(r, TIME)));
        }
    });
    N.$('fn').textContent = n + ' of ' + rows.length + ' layers, ' +
        ms.toFixed(ms < 2 ? 4 : 2) + ' ms';
}
function neighbour(r, step) {
    do
        r = step > 0 ? r.nextElementSibling : r.previousElementSibling;
    while (r && r.hidden);
    return r;
}
function rowKey(e) {
    var r = e.target.closest('tr'), to = null;
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
        to = neighbour(r, e.key === 'ArrowDown' ? 1 : -1);
        e.preventDefault();
    } else if (e.key === 'Enter') {
        N.select(+r.id.slice(1), 'table');
        if (N.zoomSelected)
            N.zoomSelected(true);
        e.preventDefault();
    }
    if (to) {
        rows.forEach(function (q) { q.tabIndex = -1; });
        to.tabIndex = 0;
        to.focus();
        N.select(+to.id.slice(1), 'table');
    }
}
if (body) {
    rows.forEach(function (r, i) { r.tabIndex = i ? -1 : 0; });
    table.tHead.addEventListener('click', function (e) {
        var b = e.target.closest('button');
        if (b)
            sort(b.parentNode, b);
    });
    body.addEventListener('click', function (e) {
        var r = e.target.closest('tr');
        if (r)
            toggle(+r.id.slice(1), 'table');
    });
    body.addEventListener('keydown', rowKey);
    N.$('ltools').hidden = false;
    N.$('flt').oninput = filter;
    N.$('fb').onchange = filter;
    filter();
}

// Links of tickets and tests: #l116 selects, #l116z zooms too, #dark and #light force a theme.
N.hash = function () {
    var h = location.hash, m = h.match(/^#l(\d+)(z?)$/);
    if (m && N.row(+m[1])) {
        N.select(+m[1], 'hash');
        if (m[2] && N.zoomSelected)
            N.zoomSelected(false);
    } else if (h === '#dark' || h === '#light') {
        N.theme(h.slice(1));
    } else {
        reveal(h);
    }
};
window.addEventListener('hashchange', N.hash);
themed();
})(npusim);
