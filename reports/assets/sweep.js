/* Script of the sweep page: theme, sorting of the table of points.  The page reads without it. */
'use strict';
(function () {
var D = document, root = D.documentElement, errors = D.getElementById('errors');
window.addEventListener('error', function (e) {
    errors.hidden = false;
    errors.textContent += e.message + ' line ' + e.lineno + '\n';
});
root.classList.add('js');
var theme = D.getElementById('theme');
var system = window.matchMedia ? matchMedia('(prefers-color-scheme: dark)') : { matches: false };
function dark() {
    return root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
}
function label() { theme.textContent = dark() ? 'Light' : 'Dark'; }
theme.hidden = false;
theme.onclick = function () {
    root.dataset.theme = dark() ? 'light' : 'dark';
    label();
};
label();

function key(row, column) {
    var text = row.cells[column].textContent, number = parseFloat(text);
    return isNaN(number) ? text : number;
}
function sort(table, th) {
    var body = table.tBodies[0], column = th.cellIndex;
    var up = th.getAttribute('aria-sort') !== 'ascending';
    var rows = [].slice.call(body.rows);
    rows.sort(function (a, b) {
        var x = key(a, column), y = key(b, column);
        if (typeof x !== typeof y)
            return typeof x === 'number' ? -1 : 1;
        return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
    });
    table.querySelectorAll('th[aria-sort]').forEach(function (t) {
        t.removeAttribute('aria-sort');
    });
    th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    rows.forEach(function (r) { body.appendChild(r); });
}
D.querySelectorAll('table.sort').forEach(function (table) {
    table.querySelectorAll('thead th').forEach(function (th) {
        var button = D.createElement('button');
        button.type = 'button';
        while (th.firstChild)
            button.appendChild(th.firstChild);
        th.appendChild(button);
        button.onclick = function () { sort(table, th); };
    });
});
D.body.dataset.ready = '1';
})();
