# Counts a deploy prototxt of examples/networks without any code of the simulator: shapes, then
# multiply-accumulates of Convolution, Deconvolution and InnerProduct, and learnt numbers.
# Prints "C x H x W of the input", MACs, parameters, units: elements of sums and batch
# normalisations that no convolution takes over.  Exits 1 at anything it does not know.

function die(text) { print FILENAME ": " name ": " text > "/dev/stderr"; bad = 1; exit 1 }

# The number after KEY in the layer, DFLT when there is none.
function number(key, dflt,   s) {
    if (!match(layer, "[ {]" key ": *[0-9]+"))
        return dflt
    s = substr(layer, RSTART, RLENGTH)
    sub(/.*: */, "", s)
    return s + 0
}

# All strings after KEY: fills LIST, returns how many.
function strings(key, list,   s, n, t) {
    s = layer
    n = 0
    while (match(s, "[ {]" key ": *\"[^\"]*\"")) {
        t = substr(s, RSTART, RLENGTH)
        s = substr(s, RSTART + RLENGTH)
        sub(/^[^"]*"/, "", t)
        sub(/"$/, "", t)
        list[++n] = t
    }
    return n
}

function set(top, c, h, w) {
    if (c < 1 || h < 1 || w < 1 || c != int(c) || h != int(h) || w != int(w))
        die("shape " c " x " h " x " w)
    C[top] = c; H[top] = h; W[top] = w
}

function same(b, t) { set(t, C[b], H[b], W[b]) }

function convolution(b, t, up,   k, s, p, g, o, h, w) {
    k = number("kernel_size", 0); s = number("stride", 1); p = number("pad", 0)
    g = number("group", 1); o = number("num_output", 0)
    if (k < 1 || C[b] % g || o % g)
        die("kernel " k ", group " g " of " C[b] " to " o)
    h = up ? (H[b] - 1) * s + k - 2 * p : int((H[b] + 2 * p - k) / s) + 1
    w = up ? (W[b] - 1) * s + k - 2 * p : int((W[b] + 2 * p - k) / s) + 1
    set(t, o, h, w)
    macs += (up ? H[b] * W[b] : h * w) * k * k * C[b] / g * o
    params += k * k * C[b] / g * o + (layer ~ /bias_term: *false/ ? 0 : o)
    linear[t] = 1
}

# Caffe rounds pooled sizes up, but the last window starts inside the map or its first padding.
function pooled(x, k, s, p,   o) {
    o = int((x + 2 * p - k + s - 1) / s) + 1
    return p && (o - 1) * s >= x + p ? o - 1 : o
}

function pooling(b, t,   k, s, p) {
    if (layer ~ /global_pooling: *true/) {
        set(t, C[b], 1, 1)
        return
    }
    k = number("kernel_size", 0); s = number("stride", 1); p = number("pad", 0)
    set(t, C[b], pooled(H[b], k, s, p), pooled(W[b], k, s, p))
}

function innerproduct(b, t,   o) {
    o = number("num_output", 0)
    macs += C[b] * H[b] * W[b] * o
    params += C[b] * H[b] * W[b] * o + o
    set(t, o, 1, 1)
}

function eltwise(n,   i) {
    for (i = 2; i <= n; i++)
        if (C[bottom[i]] != C[bottom[1]] || H[bottom[i]] != H[bottom[1]] ||
            W[bottom[i]] != W[bottom[1]])
            die("sum of different shapes")
    same(bottom[1], top[1])
    if (layer ~ /operation: *SUM/ && !(bottom[1] in linear) && !(bottom[2] in linear))
        units += C[top[1]] * H[top[1]] * W[top[1]]
}

function concat(n,   i, c) {
    for (i = 1; i <= n; i++) {
        if (H[bottom[i]] != H[bottom[1]] || W[bottom[i]] != W[bottom[1]])
            die("concatenation of different sizes")
        c += C[bottom[i]]
    }
    set(top[1], c, H[bottom[1]], W[bottom[1]])
}

function run(   nb, nt, i, b, t, s) {
    split("", bottom); split("", top)
    nb = strings("bottom", bottom); nt = strings("top", top)
    strings("name", word); name = word[1]
    strings("type", word); type = word[1]
    if (name in seen)
        die("second layer of this name")
    seen[name] = 1
    for (i = 1; i <= nb; i++)
        if (!(bottom[i] in C))
            die("nobody makes " bottom[i])
    b = bottom[1]; t = top[1]
    if (type == "Input") {
        match(layer, /shape *[{][^}]*[}]/)
        split(substr(layer, RSTART, RLENGTH), word, /dim: */)
        set(t, word[3] + 0, word[4] + 0, word[5] + 0)
        input = C[t] "x" H[t] "x" W[t]
    } else if (type == "Convolution") convolution(b, t, 0)
    else if (type == "Deconvolution") convolution(b, t, 1)
    else if (type == "Pooling") pooling(b, t)
    else if (type == "InnerProduct") innerproduct(b, t)
    else if (type == "Eltwise") eltwise(nb)
    else if (type == "Concat") concat(nb)
    else if (type == "Upsample") { s = number("scale", 1); set(t, C[b], H[b] * s, W[b] * s) }
    else if (type == "Interp") set(t, C[b], number("height", 0), number("width", 0))
    else if (type == "Reorg") {
        s = number("stride", 0); set(t, C[b] * s * s, H[b] / s, W[b] / s)
    } else if (type == "Slice") {
        s = number("slice_point", 0)
        set(top[1], s, H[b], W[b]); set(top[2], C[b] - s, H[b], W[b])
    } else if (type == "BatchNorm") {
        params += 2 * C[b]
        units += (b in linear) ? 0 : C[b] * H[b] * W[b]
    } else if (type == "Scale") params += 2 * C[b]
    else if (type ~ /^(ReLU|ReLU6|Sigmoid|Dropout|Softmax)$/) {
        if (type != "Softmax" && t != b || type == "Softmax") same(b, t)
        if (t == b && type != "Dropout") delete linear[t]
    } else if (type == "Permute") same(b, t)
    else die("unknown type " type)
}

{ sub(/#.*/, ""); text = text " " $0 }

END {
    if (bad)
        exit 1
    n = split(text, part, /layer *[{]/)
    for (i = 2; i <= n; i++) {
        layer = part[i]
        run()
    }
    printf "%s %.0f %.0f %.0f\n", input, macs, params, units
}
