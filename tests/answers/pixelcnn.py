"""Right and wrong answers to ``pixelcnn``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# -------------------------------------------------------------------------------------------------------- masks A and B
_f, _M = _def("mask(kind, side)"), _both("masks_a_and_b")
_OPEN = "m = torch.zeros(side, side)\n    h = side // 2\n    m[:h] = 1\n    "
RIGHT["masks_a_and_b"] = {
    "slices": _f(_OPEN + "m[h, : h + (kind == 'B')] = 1\n    return m"),
    "raster order": _f(
        "n = side * side\n    return (torch.arange(n) < n // 2 + (kind == 'B')).reshape(side, side).float()"
    ),
    "lists": _f(
        "h = side // 2\n    last = (h, h) if kind == 'B' else (h, h - 1)\n"
        "    return [[int((r, c) <= last) for c in range(side)] for r in range(side)]"
    ),
    "numpy, in place": _f(
        "m = np.ones((side, side))\n    m[side // 2, side // 2 + 1 :] = 0\n    m[side // 2 + 1 :] = 0\n"
        "    if kind == 'A':\n        m[side // 2, side // 2] = 0\n    return m"
    ),
    "truth values": _f(
        "r = torch.arange(side)[:, None] - side // 2\n    c = torch.arange(side)[None] - side // 2\n"
        "    return (r < 0) | ((r == 0) & (c < 0 if kind == 'A' else c <= 0))"
    ),
}
WRONG["masks_a_and_b"] = {
    "exchanged": Wrong(_f(_OPEN + "m[h, : h + (kind == 'A')] = 1\n    return m"), _M),
    "only_the_centre": Wrong(
        _f("m = torch.ones(side, side)\n    m[side // 2, side // 2] = kind == 'B'\n    return m"), _M
    ),
    "triangle": Wrong(_f("return torch.ones(side, side).tril(-1 if kind == 'A' else 0)"), _M),
    "row_below_visible": Wrong(_f(_OPEN + "m[h + 1] = 1\n    m[h, : h + (kind == 'B')] = 1\n    return m"), _M),
    "upper_left_alone": Wrong(
        _f(
            "m = torch.zeros(side, side)\n    h = side // 2\n    m[: h + 1, : h + 1] = 1\n"
            "    m[h, h] = kind == 'B'\n    return m"
        ),
        _M,
    ),
    "row_to_the_end": Wrong(_f(_OPEN + "m[h] = 1\n    m[h, h] = kind == 'B'\n    return m"), _M),
    "one_is_hidden": Wrong(_f(_OPEN + "m[h, : h + (kind == 'B')] = 1\n    return 1 - m"), _M),
    "rows_above_forgotten": Wrong(_f(_OPEN + "m[:h] = 0\n    m[h, : h + (kind == 'B')] = 1\n    return m"), _M),
    "columns_for_rows": Wrong(_f(_OPEN + "m[h, : h + (kind == 'B')] = 1\n    return m.T"), _M),
    "always_three": Wrong(_f("return [[1, 1, 1], [1, int(kind == 'B'), 0], [0, 0, 0]]"), _M[1:]),
}

# --------------------------------------------------------------------------------------------------- colours in order
_f, _C = _def("colour_mask(kind, side, seen, sees)"), _both("colours_in_order")
_START = (
    "m = torch.zeros(len(sees), len(seen), side, side)\n    h = side // 2\n    m[:, :, :h] = 1\n"
    "    m[:, :, h, :h] = 1\n    "
    "i, o = torch.tensor(seen)[None, :], torch.tensor(sees)[:, None]\n    "
)
_END = "\n    return m"
RIGHT["colours_in_order"] = {
    "compared": _f(_START + "m[:, :, h, h] = ((i < o) if kind == 'A' else (i <= o)).float()" + _END),
    "loops": _f(
        "m, h = np.zeros((len(sees), len(seen), side, side), dtype=int), side // 2\n"
        "    for a, own in enumerate(sees):\n        for b, other in enumerate(seen):\n"
        "            m[a, b, :h] = 1\n            m[a, b, h, :h] = 1\n"
        "            if other < own or (kind == 'B' and other == own):\n                m[a, b, h, h] = 1\n    return m"
    ),
    "half a colour": _f(
        "half = 0.5 if kind == 'B' else -0.5\n    h = side // 2\n"
        "    return [[[[float((r, c) < (h, h) or ((r, c) == (h, h) and other < own + half))\n"
        "               for c in range(side)] for r in range(side)] for other in seen] for own in sees]"
    ),
    "from mask": _f(
        "i, o = torch.tensor(seen), torch.tensor(sees)\n    later = i < o[:, None]\n"
        "    if kind == 'B':\n        later = later | (i == o[:, None])\n"
        "    h, n = side // 2, side * side\n    grid = (torch.arange(n) < n // 2).long().reshape(side, side)\n"
        "    centre = torch.zeros(side, side, dtype=torch.long)\n    centre[h, h] = 1\n"
        "    return grid + later.long()[:, :, None, None] * centre"
    ),
}
WRONG["colours_in_order"] = {
    "blue_first": Wrong(_f(_START + "m[:, :, h, h] = ((i > o) if kind == 'A' else (i >= o)).float()" + _END), _C),
    "inputs_and_outputs_exchanged": Wrong(
        _f(_START + "m[:, :, h, h] = ((i < o) if kind == 'A' else (i <= o)).float()\n    return m.transpose(0, 1)"), _C
    ),
    "same_colour_alone": Wrong(_f(_START + "m[:, :, h, h] = (i == o).float() * (kind == 'B')" + _END), _C),
    "a_everywhere": Wrong(_f(_START + "m[:, :, h, h] = (i < o).float()" + _END), _C),
    "b_everywhere": Wrong(_f(_START + "m[:, :, h, h] = (i <= o).float()" + _END), _C),
    "colours_ignored": Wrong(_f(_START + "m[:, :, h, h] = float(kind == 'B')" + _END), _C),
    "closed_before_the_centre_too": Wrong(
        _f(_START + "return m * ((i < o) if kind == 'A' else (i <= o)).float()[:, :, None, None]"), _C
    ),
    "places_for_colours": Wrong(
        _f(
            _START + "i, o = torch.arange(len(seen))[None, :], torch.arange(len(sees))[:, None]\n"
            "    m[:, :, h, h] = ((i < o) if kind == 'A' else (i <= o)).float()" + _END
        ),
        _C[1:],
    ),
    "one_by_one_not_masked": Wrong(
        _f(
            _START + "m[:, :, h, h] = ((i < o) if kind == 'A' else (i <= o)).float()\n"
            "    return m if side > 1 else torch.ones_like(m)"
        ),
        _C,
    ),
    "one_by_one_always_a": Wrong(
        _f(_START + "m[:, :, h, h] = ((i <= o) if kind == 'B' and side > 1 else (i < o)).float()" + _END), _C[1:]
    ),
}

# -------------------------------------------------------------------------------------------------- masked convolution
_f, _V = _def("masked_convolution(x, weight, bias, mask)"), _both("masked_convolution")
RIGHT["masked_convolution"] = {
    "torch's own": _f("return F.conv2d(x, weight * mask, bias, padding='same')"),
    "unfold": _f(
        "k, (B, C, H, W) = weight.shape[-1], x.shape\n    columns = F.unfold(x, k, padding=k // 2)\n"
        "    y = (weight * mask).reshape(len(weight), -1) @ columns\n"
        "    return y.reshape(B, len(weight), H, W) + bias[None, :, None, None]"
    ),
    "entry after entry": _f(
        "k, w = weight.shape[-1], weight * mask\n    h = k // 2\n    H, W = x.shape[2:]\n"
        "    around = torch.zeros(*x.shape[:2], H + 2 * h, W + 2 * h)\n    around[:, :, h : h + H, h : h + W] = x\n"
        "    y = bias[None, :, None, None].expand(len(x), -1, H, W).clone()\n"
        "    for r in range(k):\n        for c in range(k):\n"
        "            y += torch.einsum('bchw,mc->bmhw', around[:, :, r : r + H, c : c + W], w[:, :, r, c])\n"
        "    return y"
    ),
    "numpy": _f(
        "x, w, b = x.numpy(), (weight * mask).numpy(), bias.numpy()\n    h = w.shape[-1] // 2\n"
        "    around = np.pad(x, ((0, 0), (0, 0), (h, h), (h, h)))\n"
        "    patches = np.lib.stride_tricks.sliding_window_view(around, w.shape[2:], axis=(2, 3))\n"
        "    return np.einsum('bchwij,mcij->bmhw', patches, w) + b[:, None, None]"
    ),
    "a layer of torch": _f(
        "layer = torch.nn.Conv2d(x.shape[1], len(weight), weight.shape[-1], padding=weight.shape[-1] // 2)\n"
        "    with torch.no_grad():\n        layer.weight.copy_(weight * mask), layer.bias.copy_(bias)\n"
        "        return layer(x)"
    ),
}
WRONG["masked_convolution"] = {
    "mask_not_used": Wrong(_f("return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)"), _V),
    "result_masked": Wrong(
        _f("y = F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)\n    return y * mask.flatten()[0]"), _V
    ),
    "no_padding": Wrong(_f("return F.conv2d(x, weight * mask, bias)"), _V),
    "padding_of_one": Wrong(_f("return F.conv2d(x, weight * mask, bias, padding=1)"), _V[1:]),
    "kernel_turned_round": Wrong(
        _f("return F.conv2d(x, (weight * mask).flip(2, 3), bias, padding=weight.shape[-1] // 2)"), _V
    ),
    "padding_above_and_left": Wrong(
        _f("k = weight.shape[-1] - 1\n    return F.conv2d(F.pad(x, (k, 0, k, 0)), weight * mask, bias)"), _V
    ),
    "padded_at_the_edges": Wrong(
        _f("h = weight.shape[-1] // 2\n    return F.conv2d(F.pad(x, (h,) * 4, mode='replicate'), weight * mask, bias)"),
        _V,
    ),
    "bias_forgotten": Wrong(_f("return F.conv2d(x, weight * mask, padding=weight.shape[-1] // 2)"), _V),
    "mask_added": Wrong(_f("return F.conv2d(x, weight + mask - 1, bias, padding=weight.shape[-1] // 2)"), _V),
    "mask_turned_over": Wrong(_f("return F.conv2d(x, weight * (1 - mask), bias, padding=weight.shape[-1] // 2)"), _V),
    "rows_and_columns_exchanged": Wrong(
        _f("return F.conv2d(x, (weight * mask).transpose(2, 3), bias, padding=weight.shape[-1] // 2)"), _V
    ),
}

# ------------------------------------------------------------------------------------------------------ receptive field
_f, _R = _def("receptive_field(sides, size)"), _both("receptive_field")
_KERNEL = (
    "k = torch.ones(side * side, dtype=torch.float64)\n        k[side * side // 2 + (layer > 0):] = 0\n"
    "        k = k.reshape(1, 1, side, side)\n        "
)
_MAP = "field = np.zeros((size, size), dtype=int)\n    "
RIGHT["receptive_field"] = {
    "a view spreads backwards": _f(
        "seen = torch.zeros(1, 1, size, size, dtype=torch.float64)\n    seen[0, 0, size // 2, size // 2] = 1\n"
        "    for layer in reversed(range(len(sides))):\n        side = sides[layer]\n        "
        + _KERNEL
        + "seen = (F.conv2d(seen, k.flip(2, 3), padding=side // 2) > 0).double()\n    return seen[0, 0].long()"
    ),
    "gradient": _f(
        "x = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)\n    h = x\n"
        "    for layer, side in enumerate(sides):\n        "
        + _KERNEL
        + "h = F.conv2d(h, k / k.sum().clamp(min=1), padding=side // 2)\n"
        "    if not h.requires_grad:\n        return torch.zeros(size, size)\n"
        "    return torch.autograd.grad(h[0, 0, size // 2, size // 2], x)[0][0, 0] > 0"
    ),
    "pixel after pixel": _f(
        _MAP + "for j in range(size * size):\n        h = torch.zeros(1, 1, size, size, dtype=torch.float64)\n"
        "        h.view(-1)[j] = 1\n        for layer, side in enumerate(sides):\n            "
        + _KERNEL.replace("\n        ", "\n            ")
        + "h = F.conv2d(h, k, padding=side // 2).clamp(max=1)\n"
        "        field[j // size, j % size] = h[0, 0, size // 2, size // 2] > 0\n    return field"
    ),
    "sets of offsets": _f(
        _MAP + "reached = {(0, 0)}\n    for layer, side in enumerate(sides):\n        p = side // 2\n"
        "        moves = {(r, c) for r in range(-p, 1) for c in range(-p, p + 1) if (r, c) < (0, layer > 0)}\n"
        "        reached = {(r + a, c + b) for r, c in reached for a, b in moves\n"
        "                   if max(abs(r + a), abs(c + b)) <= 2 * size}\n"
        "    m = size // 2\n    for r, c in reached:\n        if max(abs(r), abs(c)) <= m:\n"
        "            field[m + r, m + c] = 1\n    return field"
    ),
    "lists, layer after layer": _f(
        "m = size // 2\n    seen = [[int((r, c) == (m, m)) for c in range(size)] for r in range(size)]\n"
        "    for layer in range(len(sides) - 1, -1, -1):\n        p, new = sides[layer] // 2, "
        "[[0] * size for _ in range(size)]\n        for r in range(size):\n            for c in range(size):\n"
        "                if seen[r][c]:\n                    for a in range(max(r - p, 0), r + 1):\n"
        "                        for b in range(max(c - p, 0), min(c + p + 1, size)):\n"
        "                            if a < r or b < c or (layer and (a, b) == (r, c)):\n"
        "                                new[a][b] = 1\n        seen = new\n    return seen"
    ),
}
_SETS = RIGHT["receptive_field"]["sets of offsets"]
WRONG["receptive_field"] = {
    "who_sees_the_middle": Wrong(_SETS.replace("field[m + r, m + c]", "field[m - r, m - c]"), _R),
    "b_in_the_first_layer": Wrong(_SETS.replace("layer > 0", "1"), _R),
    "a_in_all_layers": Wrong(_SETS.replace("layer > 0", "0"), _R),
    "no_masks": Wrong(
        _f(
            "r, m = sum(s // 2 for s in sides), size // 2\n    field = torch.zeros(size, size)\n"
            "    field[max(m - r, 0) : m + r + 1, max(m - r, 0) : m + r + 1] = 1\n    return field"
        ),
        _R,
    ),
    "the_whole_box_above": Wrong(
        _f(
            "r, m = sum(s // 2 for s in sides), size // 2\n    field = torch.zeros(size, size)\n"
            "    field[max(m - r, 0) : m, max(m - r, 0) : m + r + 1] = 1\n    field[m, max(m - r, 0) : m] = 1\n"
            "    return field"
        ),
        _R,
    ),
    "all_that_comes_before": Wrong(
        _f("n = size * size\n    return (torch.arange(n) < n // 2).reshape(size, size).long()"), _R
    ),
    "layers_of_three_by_three": Wrong(_SETS.replace("p = side // 2", "p = 1"), _R[1:]),
    "one_layer_alone": Wrong(_SETS.replace("enumerate(sides)", "enumerate(sides[:1])"), _R),
    "one_layer_more": Wrong(_SETS.replace("enumerate(sides)", "enumerate([*sides, 3])"), _R[1:]),
    "itself_included": Wrong(_SETS.replace("return field", "field[m, m] = 1\n    return field"), _R),
    "sides_for_radii": Wrong(_SETS.replace("p = side // 2", "p = side"), _R),
    "rows_for_columns": Wrong(_SETS.replace("field[m + r, m + c]", "field[m + c, m + r]"), _R),
}

# ---------------------------------------------------------------------------------------------- where is the blind spot
_f, _B = _def("blind_pixels(size, radius)"), _both("where_is_the_blind_spot")
_G = "guesses = [4, 4]\n\n\n"
_SUM = "h = size // 2\n    return sum(max(h - radius * d, 0) for d in range(1, h + 1))"
RIGHT["where_is_the_blind_spot"] = {
    "row after row": _G + _f(_SUM),
    "pixel after pixel": "guesses = (10, 0)\n\n\n"
    + _f(
        "m, count = size // 2, 0\n    for r in range(m):\n        for c in range(m + 1, size):\n"
        "            if c - m > radius * (m - r):\n                count += 1\n    return count"
    ),
    "a map": "guesses = torch.tensor([4, 0])\n\n\n"
    + _f(
        "h = size // 2\n    d, c = torch.arange(1, h + 1)[:, None], torch.arange(1, h + 1)\n"
        "    return int((c > radius * d).sum())"
    ),
    "numpy": "guesses = np.array([60, 0])\n\n\n"
    + _f("d = np.arange(1, size // 2 + 1)\n    return np.clip(size // 2 - radius * d, 0, None).sum()"),
    "in closed form": _G
    + _f("h = size // 2\n    rows = h // radius\n    return rows * h - radius * rows * (rows + 1) // 2"),
    "by a deep stack": _G
    + _f(
        "m = size // 2\n    seen = {(m, m)}\n    for layer in range(size):\n"
        "        seen |= {(r - 1, c + b) for r, c in seen for b in range(-radius, radius + 1)}\n"
        "        seen |= {(r, c - 1) for r, c in seen}\n"
        "        seen = {(r, c) for r, c in seen if r >= 0 and 0 <= c < size}\n"
        "    return size * size // 2 - (len(seen) - 1)"
    ),
}
WRONG["where_is_the_blind_spot"] = {
    "no_guesses": Wrong(_f(_SUM), _B[:1]),
    "one_guess": Wrong("guesses = [4]\n\n\n" + _f(_SUM), _B[:1]),
    "guess_of_more_than_there_are": Wrong("guesses = [61, 4]\n\n\n" + _f(_SUM), _B[:1]),
    "guesses_in_words": Wrong("guesses = ['four', 'none']\n\n\n" + _f(_SUM), _B[:1]),
    "both_sides": Wrong(_G + _f(_SUM.replace("return ", "return 2 * ")), _B),
    "the_slope_too": Wrong(_G + _f(_SUM.replace("h - radius * d", "h - radius * d + 1")), _B),
    "none": Wrong(_G + _f("return 0"), _B),
    "always_of_three_by_three": Wrong(_G + _f("h = size // 2\n    return h * (h - 1) // 2"), _B[1:]),
    "without_the_border": Wrong(
        _G + _f("h = size // 2\n    return sum(abs(h - radius * d) for d in range(1, h + 1))"), _B[1:]
    ),
    "the_side_for_the_radius": Wrong(_G + _f(_SUM.replace("radius * d", "(2 * radius + 1) * d")), _B),
    "a_quarter": Wrong(_G + _f("return round(size * size // 2 / 4)"), _B),
    "size_for_half_of_it": Wrong(_G + _f(_SUM.replace("size // 2", "size")), _B),
    "a_float": Wrong(_G + _f(_SUM.replace("return ", "return 1.0 * ")), _B),
    "those_seen": Wrong(
        _G + _f("h = size // 2\n    return size * size // 2 - sum(max(h - radius * d, 0) for d in range(1, h + 1))"), _B
    ),
}

# ----------------------------------------------------------------------------------------------------------- two stacks
_f, _T = _def("two_stacks(v, h, w_v, w_h, first)"), _both("two_stacks")
_VERT = "p = w_v.shape[2] - 1\n    new = F.conv2d(F.pad(v, (p, p, p, 0)), w_v)\n    "
_CLOSE = "w = w_h.clone()\n    if first:\n        w[..., -1] = 0\n    "
_ALONG = "along = F.conv2d(F.pad(h, (p, 0)), w)\n    "
_DOWN = "down = torch.zeros_like(new)\n    down[:, :, 1:] = new[:, :, :-1]\n    return new, along + down"
_STACKS = _VERT + _CLOSE + _ALONG + _DOWN
RIGHT["two_stacks"] = {
    "zeros around": _f(_STACKS),
    "whole kernels": _f(
        "p = w_h.shape[-1] - 1\n    M, C = w_v.shape[:2]\n"
        "    big_v, big_h = torch.zeros(M, C, 2 * p + 1, 2 * p + 1), torch.zeros(M, C, 1, 2 * p + 1)\n"
        "    big_v[:, :, : p + 1] = w_v\n    big_h[:, :, :, : p + 1] = w_h\n"
        "    if first:\n        big_h[..., p] = 0\n    new = F.conv2d(v, big_v, padding=p)\n"
        "    along = F.conv2d(h, big_h, padding=(0, p))\n    along[:, :, 1:] += new[:, :, :-1]\n    return [new, along]"
    ),
    "too much, then cut": _f(
        "p, (H, W) = w_h.shape[-1] - 1, v.shape[2:]\n    new = F.conv2d(v, w_v, padding=p)[:, :, :H]\n"
        "    if first:\n        along = F.conv2d(h, w_h[..., :-1], padding=(0, p))[..., :W]\n"
        "    else:\n        along = F.conv2d(h, w_h, padding=(0, p))[..., :W]\n"
        "    above = torch.cat([torch.zeros_like(new[:, :, :1]), new[:, :, :-1]], dim=2)\n    return new, along + above"
    ),
    "entry after entry": _f(
        "p, (B, C, H, W), M = w_h.shape[-1] - 1, v.shape, len(w_v)\n"
        "    new, out = torch.zeros(B, M, H, W), torch.zeros(B, M, H, W)\n"
        "    for r in range(H):\n        for c in range(W):\n            for a in range(p + 1):\n"
        "                for b in range(-p, p + 1):\n                    if r >= a and 0 <= c + b < W:\n"
        "                        new[:, :, r, c] += v[:, :, r - a, c + b] @ w_v[:, :, p - a, p + b].T\n"
        "            for b in range(1 if first else 0, p + 1):\n                if c >= b:\n"
        "                    out[:, :, r, c] += h[:, :, r, c - b] @ w_h[:, :, 0, p - b].T\n"
        "            if r > 0:\n                out[:, :, r, c] += new[:, :, r - 1, c]\n    return new, out"
    ),
    "numpy": _f(
        "v, h, w_v, w_h = v.numpy(), h.numpy(), w_v.numpy(), w_h.numpy().copy()\n    p = w_h.shape[-1] - 1\n"
        "    if first:\n        w_h[..., -1] = 0\n    slide = np.lib.stride_tricks.sliding_window_view\n"
        "    around = np.pad(v, ((0, 0), (0, 0), (p, 0), (p, p)))\n"
        "    new = np.einsum('bchwij,mcij->bmhw', slide(around, w_v.shape[2:], axis=(2, 3)), w_v)\n"
        "    left = np.pad(h, ((0, 0), (0, 0), (0, 0), (p, 0)))\n"
        "    out = np.einsum('bchwi,mci->bmhw', slide(left, p + 1, axis=3), w_h[:, :, 0])\n"
        "    out[:, :, 1:] += new[:, :, :-1]\n    return new, out"
    ),
}
WRONG["two_stacks"] = {
    "own_row_fed_in": Wrong(_f(_VERT + _CLOSE + _ALONG + "return new, along + new"), _T),
    "the_old_v": Wrong(
        _f(
            _VERT + _CLOSE + _ALONG + "down = torch.zeros_like(new)\n    down[:, :, 1:] = v[:, :1, :-1]\n"
            "    return new, along + down"
        ),
        _T,
    ),
    "shifted_up": Wrong(
        _f(
            _VERT + _CLOSE + _ALONG + "up = torch.zeros_like(new)\n    up[:, :, :-1] = new[:, :, 1:]\n"
            "    return new, along + up"
        ),
        _T,
    ),
    "shifted_round_the_image": Wrong(_f(_VERT + _CLOSE + _ALONG + "return new, along + new.roll(1, 2)"), _T[1:]),
    "centre_open_in_the_first_layer": Wrong(_f(_STACKS.replace("if first:", "if False:")), _T),
    "centre_closed_in_all": Wrong(_f(_STACKS.replace("if first:", "if True:")), _T[1:]),
    "closed_when_not_first": Wrong(_f(_STACKS.replace("if first:", "if not first:")), _T),
    "wrong_end_closed": Wrong(_f(_STACKS.replace("w[..., -1] = 0", "w[..., 0] = 0")), _T),
    "vertical_stack_masked": Wrong(
        _f(
            _VERT.replace("w_v)", "w_v * keep)").replace(
                "new =", "keep = torch.ones_like(w_v)\n    keep[:, :, -1, p + 1 :] = 0\n    new ="
            )
            + _CLOSE
            + _ALONG
            + _DOWN
        ),
        _T,
    ),
    "rows_below": Wrong(_f(_STACKS.replace("(p, p, p, 0)", "(p, p, 0, p)")), _T),
    "looks_to_the_right": Wrong(_f(_STACKS.replace("(p, 0)", "(0, p)")), _T),
    "never_linked": Wrong(_f(_VERT + _CLOSE + _ALONG + "return new, along"), _T),
    "exchanged": Wrong(_f(_STACKS.replace("return new, along + down", "return along + down, new")), _T),
    "horizontal_reads_v": Wrong(_f(_STACKS.replace("F.pad(h", "F.pad(v")), _T[1:]),
}

# --------------------------------------------------------------------------------------------- log-prob of an image
_f, _L = _def("image_log_prob(logits, x)"), _both("log_prob_of_an_image")
_GATHER = "p = logits.log_softmax(-1).gather(-1, x.unsqueeze(-1)).squeeze(-1)\n    "
RIGHT["log_prob_of_an_image"] = {
    "gather": _f(_GATHER + "return p.sum((1, 2, 3))"),
    "cross-entropy": _f(
        "nats = F.cross_entropy(logits.movedim(-1, 1), x, reduction='none')\n    return -nats.flatten(1).sum(1)"
    ),
    "torch's categorical": _f("return torch.distributions.Categorical(logits=logits).log_prob(x).flatten(1).sum(1)"),
    "one-hot": _f(
        "hot = F.one_hot(x, logits.shape[-1])\n"
        "    return (hot * (logits - logits.logsumexp(-1, keepdim=True))).reshape(len(x), -1).sum(1)"
    ),
    "numpy": _f(
        "z, x = np.asarray(logits.detach()), np.asarray(x)\n    z = z - z.max(-1, keepdims=True)\n"
        "    z = z - np.log(np.exp(z).sum(-1, keepdims=True))\n"
        "    return np.take_along_axis(z, x[..., None], -1).sum((1, 2, 3, 4))"
    ),
    "image after image": _f(
        "out = []\n    for one, image in zip(logits, x):\n        rows = one.reshape(-1, one.shape[-1])\n"
        "        out.append(sum(r.log_softmax(0)[v] for r, v in zip(rows, image.flatten())))\n"
        "    return torch.stack(out)"
    ),
}
WRONG["log_prob_of_an_image"] = {
    "mean": Wrong(_f(_GATHER + "return p.mean((1, 2, 3))"), _L),
    "a_cost": Wrong(_f(_GATHER + "return -p.sum((1, 2, 3))"), _L),
    "sum_over_the_batch_too": Wrong(_f(_GATHER + "return p.sum()"), _L),
    "bits": Wrong(_f(_GATHER + "return p.sum((1, 2, 3)) / math.log(2)"), _L),
    "logits_as_they_are": Wrong(_f(_GATHER.replace(".log_softmax(-1)", "") + "return p.sum((1, 2, 3))"), _L),
    "softmax_over_columns": Wrong(
        _f(_GATHER.replace("log_softmax(-1)", "log_softmax(-2)") + "return p.sum((1, 2, 3))"), _L
    ),
    "probability": Wrong(_f(_GATHER + "return p.sum((1, 2, 3)).exp()"), _L),
    "sum_of_probabilities": Wrong(_f(_GATHER + "return p.exp().sum((1, 2, 3)).log()"), _L),
    "exponentials_by_hand": Wrong(
        _f(
            "e = logits.exp()\n    p = (e / e.sum(-1, keepdim=True)).gather(-1, x[..., None])[..., 0]\n"
            "    return p.log().flatten(1).sum(1)"
        ),
        _L[1:],
    ),
    "likeliest_value": Wrong(_f("return logits.log_softmax(-1).amax(-1).sum((1, 2, 3))"), _L),
    "first_colour_alone": Wrong(_f(_GATHER + "return p[:, 0].sum((1, 2))"), _L[1:]),
}

# ----------------------------------------------------------------------------------------------- sample pixel by pixel
_f, _S = _def("sample(weights, u)"), _both("sample_pixel_by_pixel")
_LOOP = (
    "x = torch.zeros(u.shape, dtype=torch.long)\n    for r in range(u.shape[2]):\n        for c in range(u.shape[3]):\n"
    "            p = network(x, weights)[:, 0, r, c].softmax(-1)\n            "
)
_PICK = "v = (p.cumsum(-1) <= u[:, 0, r, c, None]).sum(-1).clamp(max=p.shape[1] - 1)\n            "
_PUT = "x[:, 0, r, c] = v\n    return x"
RIGHT["sample_pixel_by_pixel"] = {
    "counted": _f(_LOOP + _PICK + _PUT),
    "searchsorted": _f(
        _LOOP + "ends = p.cumsum(-1)[:, :-1].contiguous()\n"
        "            v = torch.searchsorted(ends, u[:, 0, r, c, None].to(ends.dtype), right=True)[:, 0]\n            "
        + _PUT
    ),
    "image after image, lists": _f(
        "images = []\n    for one in u:\n        x = torch.zeros(1, *one.shape, dtype=torch.long)\n"
        "        H, W = one.shape[1:]\n        for i in range(H * W):\n            r, c = divmod(i, W)\n"
        "            p = network(x, weights)[0, 0, r, c].softmax(0).tolist()\n            v, end = 0, p[0]\n"
        "            while v < len(p) - 1 and float(one[0, r, c]) >= end:\n                v += 1\n"
        "                end += p[v]\n"
        "            x[0, 0, r, c] = v\n        images.append(x[0])\n    return torch.stack(images)"
    ),
    "all places again and again, until nothing changes": _f(
        "x = torch.zeros(u.shape, dtype=torch.long)\n    while True:\n"
        "        ends = network(x, weights).softmax(-1).cumsum(-1)[..., :-1]\n"
        "        new = (u[..., None] >= ends).sum(-1)\n        if (new == x).all():\n            return x\n"
        "        x = new"
    ),
    "numpy, something else in what is not drawn yet": _f(
        "x = np.ones(u.shape, dtype=int)\n    for r, c in np.ndindex(*u.shape[2:]):\n"
        "        z = network(torch.tensor(x), weights)[:, 0, r, c].numpy()\n"
        "        p = np.exp(z - z.max(1, keepdims=True))\n        p /= p.sum(1, keepdims=True)\n"
        "        for b in range(len(x)):\n            ends = np.cumsum(p[b])[:-1]\n"
        "            x[b, 0, r, c] = np.searchsorted(ends, float(u[b, 0, r, c]), side='right')\n    return x"
    ),
    "the upper part of the image": _f(
        "x = torch.zeros(u.shape, dtype=torch.long)\n    for r in range(u.shape[2]):\n"
        "        for c in range(u.shape[3]):\n"
        "            p = network(x[:, :, : r + 1], weights)[:, 0, -1, c].softmax(-1)\n            " + _PICK + _PUT
    ),
}
WRONG["sample_pixel_by_pixel"] = {
    "one_pass_for_all": Wrong(
        _f(
            "x = torch.zeros(u.shape, dtype=torch.long)\n"
            "    ends = network(x, weights).softmax(-1).cumsum(-1)[..., :-1]\n"
            "    return (u[..., None] >= ends).sum(-1)"
        ),
        _S,
    ),
    "column_after_column": Wrong(
        _f(
            (_LOOP + _PICK + _PUT)
            .replace("for r in range(u.shape[2])", "for c in range(u.shape[3])", 1)
            .replace(
                "    for c in range(u.shape[3]):\n            p", "    for r in range(u.shape[2]):\n            p", 1
            )
        ),
        _S,
    ),
    "backwards": Wrong(_f((_LOOP + _PICK + _PUT).replace("range(u.shape[2])", "reversed(range(u.shape[2]))")), _S),
    "likeliest_value": Wrong(_f(_LOOP + "v = p.argmax(-1)\n            " + _PUT), _S),
    "from_the_other_end": Wrong(_f(_LOOP + _PICK.replace("p.cumsum(-1) <= u", "p.cumsum(-1) <= 1 - u") + _PUT), _S),
    "probabilities_for_their_sums": Wrong(_f(_LOOP + _PICK.replace("p.cumsum(-1)", "p") + _PUT), _S),
    "logits_for_probabilities": Wrong(_f(_LOOP.replace(".softmax(-1)", "") + _PICK + _PUT), _S),
    "own_randomness": Wrong(_f(_LOOP + "v = p.multinomial(1)[:, 0]\n            " + _PUT), _S),
    "the_same_u_for_all_images": Wrong(_f(_LOOP + _PICK.replace("u[:, 0, r, c, None]", "u[0, 0, r, c]") + _PUT), _S),
    "softmax_over_images": Wrong(_f(_LOOP.replace("softmax(-1)", "softmax(0)") + _PICK + _PUT), _S),
    "one_value_too_high": Wrong(
        _f(_LOOP + _PICK.replace(".sum(-1)", ".sum(-1).add(1)") + _PUT),
        _S,
    ),
    "rows_drawn_at_once": Wrong(
        _f(
            "x = torch.zeros(u.shape, dtype=torch.long)\n    for r in range(u.shape[2]):\n"
            "        ends = network(x, weights)[:, 0, r].softmax(-1).cumsum(-1)[..., :-1]\n"
            "        x[:, 0, r] = (u[:, 0, r, :, None] >= ends).sum(-1)\n    return x"
        ),
        _S,
    ),
    "shades_for_values": Wrong(_f(_LOOP + _PICK + "x[:, 0, r, c] = v\n    return x / (p.shape[1] - 1)"), _S),
}

# --------------------------------------------------------------------------------------------------------- rows cached
_f, _K = _def("step(rows, c, weights)"), _both("rows_cached")
_HEAD = (
    "found, here = [], None\n    for i, (kernel, bias) in enumerate(weights):\n"
    "        patch = F.pad(rows[i], (1, 1))[..., c : c + 3]\n        "
)
_HERE = "if i > 0:\n            patch = patch.clone()\n            patch[:, :, 1, 1] = here\n        "
_TIMES = (
    "y = torch.einsum('bcij,mcij->bm', patch, kernel) + bias\n        here = y.relu()\n        found.append(here)\n    "
)
_GIVE = "return y, found[:-1]"
RIGHT["rows_cached"] = {
    "patches": _f(_HEAD + _HERE + _TIMES + _GIVE),
    "torch's convolution of a patch": _f(
        _HEAD + _HERE + "y = F.conv2d(patch, kernel, bias)[:, :, 0, 0]\n        here = F.relu(y)\n"
        "        found.append(here)\n    found.pop()\n    return [y, found]"
    ),
    "entry after entry": _f(
        "found = []\n    for i, (row, (kernel, bias)) in enumerate(zip(rows, weights)):\n"
        "        W = row.shape[-1]\n        y = bias.expand(len(row), -1)\n"
        "        for k in (-1, 0, 1):\n            if 0 <= c + k < W:\n"
        "                y = y + row[:, :, 0, c + k] @ kernel[:, :, 0, k + 1].T\n"
        "        if c > 0:\n            y = y + row[:, :, 1, c - 1] @ kernel[:, :, 1, 0].T\n"
        "        if i:\n            y = y + found[-1] @ kernel[:, :, 1, 1].T\n"
        "        found.append(y.clamp(min=0))\n    return y, found[:-1]"
    ),
    "numpy": _f(
        "found = []\n    for i, (row, (kernel, bias)) in enumerate(zip(rows, weights)):\n"
        "        row, kernel = row.numpy().copy(), kernel.numpy()\n        if i:\n"
        "            row[:, :, 1, c] = found[-1]\n"
        "        patch = np.pad(row, ((0, 0), (0, 0), (0, 0), (1, 1)))[..., c : c + 3]\n"
        "        y = np.tensordot(patch, kernel, axes=([1, 2, 3], [1, 2, 3])) + bias.numpy()\n"
        "        found.append(np.maximum(y, 0))\n    return y, found[:-1]"
    ),
    "written into the rows": _f(
        "found = []\n    for i, (kernel, bias) in enumerate(weights):\n"
        "        patch = F.pad(rows[i], (1, 1))[:, :, :, c : c + 3].flatten(1)\n"
        "        y = patch @ kernel.flatten(1).T + bias\n        if i + 1 < len(weights):\n"
        "            found.append(y.relu())\n            rows[i + 1][:, :, 1, c] = found[-1]\n    return y, found"
    ),
}
WRONG["rows_cached"] = {
    "leftover_at_the_pixel": Wrong(_f(_HEAD + _TIMES + _GIVE), _K),
    "nothing_at_the_pixel": Wrong(_f(_HEAD + _HERE.replace("= here", "= 0") + _TIMES + _GIVE), _K),
    "no_relu": Wrong(_f(_HEAD + _HERE + _TIMES.replace("y.relu()", "y") + _GIVE), _K),
    "relu_after_the_last": Wrong(_f(_HEAD + _HERE + _TIMES + "return here, found[:-1]"), _K),
    "kept_before_the_relu": Wrong(
        _f(_HEAD + _HERE + _TIMES.replace("found.append(here)", "found.append(y)") + _GIVE), _K
    ),
    "last_one_returned_too": Wrong(_f(_HEAD + _HERE + _TIMES + "return y, found"), _K),
    "one_column_to_the_right": Wrong(_f((_HEAD + _HERE + _TIMES + _GIVE).replace("(1, 1)", "(0, 2)")), _K),
    "rows_exchanged": Wrong(_f(_HEAD + _HERE + _TIMES.replace("patch, kernel", "patch.flip(2), kernel") + _GIVE), _K),
    "kernel_turned_round": Wrong(
        _f(_HEAD + _HERE + _TIMES.replace("patch, kernel", "patch, kernel.flip(3)") + _GIVE), _K
    ),
    "no_bias": Wrong(_f(_HEAD + _HERE + _TIMES.replace(" + bias", "") + _GIVE), _K),
    "present_row_alone": Wrong(
        _f(_HEAD + _HERE + _TIMES.replace("patch, kernel", "patch[:, :, 1:], kernel[:, :, 1:]") + _GIVE), _K[1:]
    ),
    "row_above_alone": Wrong(
        _f(_HEAD + _HERE + _TIMES.replace("patch, kernel", "patch[:, :, :1], kernel[:, :, :1]") + _GIVE), _K
    ),
    "round_the_edge": Wrong(
        _f(
            _HEAD.replace("F.pad(rows[i], (1, 1))[..., c : c + 3]", "rows[i].roll(1 - c, 3)[..., :3]").replace(
                "patch =", "patch = F.pad(rows[i], (0, 2));", 0
            )
            + _HERE
            + _TIMES.replace("patch, kernel", "F.pad(patch, (0, 3 - patch.shape[3])), kernel")
            + _GIVE
        ),
        _K[1:],
    ),
    "the_image_only": Wrong(
        _f(
            "x, found = rows[0], []\n    for i, (kernel, bias) in enumerate(weights):\n"
            "        x = F.conv2d(F.pad(x, (1, 1, 1, 0)), kernel, bias)\n        y = x[:, :, 1, c]\n"
            "        if i + 1 < len(weights):\n            x = x.relu()\n            found.append(x[:, :, 1, c])\n"
            "    return y, found"
        ),
        _K[1:],
    ),
}

# -------------------------------------------------------------------------------------------------------- first mask B
_f, _X = _def("mended_logits(x, weights)"), _both("first_mask_b")
_THEIRS = (
    "h = 2.0 * x - 1\n    for layer, (kernel, bias) in enumerate(weights, start=1):\n"
    "        kind = 'B' if layer > 0 else 'A'\n"
    "        y = F.conv2d(h, kernel * THEIR_MASKS[kind], bias, padding=1)\n"
    "        if layer == len(weights):\n            return y\n"
    "        h = h + y.relu() if y.shape == h.shape else y.relu()"
)
RIGHT["first_mask_b"] = {
    "one character": _f(_THEIRS.replace("layer > 0", "layer > 1")),
    "a list of kinds": _f(
        "h, kinds = 2.0 * x - 1, 'A' + 'B' * (len(weights) - 1)\n"
        "    for i, (kind, (kernel, bias)) in enumerate(zip(kinds, weights)):\n"
        "        y = F.conv2d(h, kernel * THEIR_MASKS[kind], bias, padding=1)\n"
        "        if i + 1 == len(weights):\n            return y\n"
        "        h = y.relu() + (h if y.shape == h.shape else 0)"
    ),
    "kernels masked, then their own": _f(
        "first, rest = weights[0], weights[1:]\n"
        "    return their_logits(x, [[first[0] * THEIR_MASKS['A'], first[1]], *rest])"
    ),
    "own mask, own convolution": _f(
        "h = 2.0 * x - 1\n    for i in range(len(weights)):\n        k, b = weights[i]\n        m = torch.zeros(9)\n"
        "        m[: 4 if i == 0 else 5] = 1\n        w = (k * m.reshape(3, 3)).flatten(1)\n"
        "        y = (w @ F.unfold(h, 3, padding=1)).unflatten(2, h.shape[2:]) + b[:, None, None]\n"
        "        if i == len(weights) - 1:\n            return y\n"
        "        h = torch.clamp(y, min=0) + h if y.shape == h.shape else torch.clamp(y, min=0)"
    ),
    "the first two rows, in double precision": _f(
        "h = 2 * x.double() - 1\n    for i, (kernel, bias) in enumerate(weights):\n"
        "        k = kernel.double()[:, :, :2].clone()\n        k[:, :, 1, 2] = 0\n        if i == 0:\n"
        "            k[:, :, 1, 1] = 0\n"
        "        y = F.conv2d(F.pad(h, (1, 1, 1, 0)), k, bias.double())\n        if i < len(weights) - 1:\n"
        "            h = y.relu() + h if y.shape == h.shape else y.relu()\n    return y"
    ),
}
WRONG["first_mask_b"] = {
    "unchanged": Wrong(_f(_THEIRS), _X),
    "a_in_all_layers": Wrong(_f(_THEIRS.replace("layer > 0", "False")), _X[1:]),
    "a_in_the_second": Wrong(_f(_THEIRS.replace("layer > 0", "layer != 2")), _X),
    "a_in_the_last": Wrong(_f(_THEIRS.replace("layer > 0", "layer < len(weights)")), _X[1:]),
    "a_in_the_first_two": Wrong(_f(_THEIRS.replace("layer > 0", "layer > 2")), _X[1:]),
    "a_in_all_but_the_first": Wrong(_f(_THEIRS.replace("layer > 0", "layer == 1")), _X[1:]),
    "sums_left_out": Wrong(
        _f(
            _THEIRS.replace("layer > 0", "layer > 1").replace(
                "h + y.relu() if y.shape == h.shape else y.relu()", "y.relu()"
            )
        ),
        _X[1:],
    ),
    "image_shifted": Wrong(_f(_THEIRS.replace("h = 2.0 * x - 1", "h = F.pad(2.0 * x - 1, (1, 0))[..., :-1]")), _X[1:]),
    "ink_for_paper": Wrong(_f(_THEIRS.replace("layer > 0", "layer > 1").replace("2.0 * x - 1", "x")), _X[1:]),
    "probabilities": Wrong(
        _f(_THEIRS.replace("layer > 0", "layer > 1").replace("return y", "return y.sigmoid()")), _X[1:]
    ),
    "loss_scaled_up": Wrong(_f("return their_logits(x, weights) * 0.5"), _X),
    "constant": Wrong(_f("return torch.zeros_like(x)"), _X[1:]),
}

# -------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "why_is_sampling_slow": {
        "all four": Marked(
            "When she evaluates, the photograph is there, so the logits at all places can be computed at once; "
            "the masks "
            "hide the rest. When she draws, each value needs the ones before it, so there are as many steps as values, "
            "one after the other: 256 for 16 x 16, times three in colour. Naively each step computes all "
            "places. What a "
            "layer found at an earlier pixel depends on still earlier ones and can't change, so it is kept; at 16 x 16 "
            "that is 256 times fewer multiplications, and the same image with the same u. The 256 steps stay, and one "
            "small step does not fill a big card. Draw many photographs at once.",
            4,
            "Why one pass and why many, what is saved, what stays, a number.",
        ),
        "half of it": Marked(
            "Sampling is sequential since every pixel depends on those before it, while training has all of them. With "
            "a cache the pixels can be drawn in parallel, so she should buy the card.",
            1,
            "The first sentence is right. A cache saves work in each step and leaves the steps one after the other. A "
            "number is missing.",
        ),
    }
}

# ----------------------------------------------------------------------------------------------------------- survivors
_WHY_0 = "equivalent: the centre is set afterwards"
_WHY_1 = "equivalent: kernels have as many rows as columns"
_WHY_2 = "equivalent: ones and zeros of another kind of number"
_WHY_3 = "no mistake: guesses are not marked as right or wrong"
_WHY_4 = "equivalent: the larger of two, in whichever order"
_WHY_5 = "equivalent: rows that far up have no blind pixels in the image"
_WHY_6 = "equivalent: torch finds the common kind of number"
_WHY_7 = "equivalent: that dimension has one entry"
_WHY_8 = "equivalent: what stands in pixels that are not drawn yet does not matter"
_WHY_9 = "equivalent: there is one colour"
_WHY_10 = "equivalent: two dimensions, of which the last is number 1"
_WHY_11 = "a random number that is an interval's end to the last bit: too rare to be asked for"
_WHY_12 = "rounding: the sum of probabilities ends below one by less than any check's tolerance"
_WHY_13 = "equivalent: both have one entry for each layer"
_WHY_14 = "equivalent: zeros further to the right are cut off"
SURVIVORS = {
    "colours_in_order: before = torch.arange(side * side) < side * side // 2 -> "
    "before = torch.arange(side * side) <= side * side // 2": _WHY_0,
    "masked_convolution: return F.conv2d(x, weight * mask, bias, padding=weight.shape[-1] // 2) -> "
    "return F.conv2d(x, weight * mask, bias, padding=weight.shape[-2] // 2)": _WHY_1,
    "receptive_field: field = torch.zeros(size, size, dtype=torch.long) -> field = torch.zeros(size, size)": _WHY_2,
    "where_is_the_blind_spot: guesses = [4, 4] -> guesses = [5, 4]": _WHY_3,
    "where_is_the_blind_spot: guesses = [4, 4] -> guesses = [3, 4]": _WHY_3,
    "where_is_the_blind_spot: guesses = [4, 4] -> guesses = [4, 5]": _WHY_3,
    "where_is_the_blind_spot: guesses = [4, 4] -> guesses = [4, 3]": _WHY_3,
    "where_is_the_blind_spot: return sum((max(half - radius * d, 0) for d in range(1, half + 1))) -> "
    "return sum((max(0, half - radius * d) for d in range(1, half + 1)))": _WHY_4,
    "where_is_the_blind_spot: return sum((max(half - radius * d, 0) for d in range(1, half + 1))) -> "
    "return sum((max(half - radius * d, 0) for d in range(1, half + 1 - 1)))": _WHY_5,
    "where_is_the_blind_spot: return sum((max(half - radius * d, 0) for d in range(1, half + 1))) -> "
    "return sum((max(half - radius * d, 0) for d in range(1, half + 2)))": _WHY_5,
    "where_is_the_blind_spot: return sum((max(half - radius * d, 0) for d in range(1, half + 1))) -> "
    "return sum((max(half - radius * d, 0) for d in range(1, half + 0)))": _WHY_5,
    "two_stacks: opened = torch.ones(rho + 1, dtype=w_h.dtype) -> opened = torch.ones(rho + 1)": _WHY_6,
    "log_prob_of_an_image: log_p = logits.log_softmax(-1).gather(-1, x[..., None])[..., 0] -> "
    "log_p = logits.log_softmax(-1).gather(-1, x[..., None])[..., -1]": _WHY_7,
    "sample_pixel_by_pixel: x = torch.zeros(u.shape, dtype=torch.long) -> "
    "x = torch.ones(u.shape, dtype=torch.long)": _WHY_8,
    "sample_pixel_by_pixel: ends = network(x, weights)[:, 0, r, c].softmax(-1).cumsum(-1) -> "
    "ends = network(x, weights)[:, -1, r, c].softmax(-1).cumsum(-1)": _WHY_9,
    "sample_pixel_by_pixel: ends = network(x, weights)[:, 0, r, c].softmax(-1).cumsum(-1) -> "
    "ends = network(x, weights)[:, 0, r, c].softmax(1).cumsum(-1)": _WHY_10,
    "sample_pixel_by_pixel: ends = network(x, weights)[:, 0, r, c].softmax(-1).cumsum(-1) -> "
    "ends = network(x, weights)[:, 0, r, c].softmax(-1).cumsum(1)": _WHY_10,
    "sample_pixel_by_pixel: value = (u[:, 0, r, c, None] >= ends).sum(-1) -> "
    "value = (u[:, 0, r, c, None] > ends).sum(-1)": _WHY_11,
    "sample_pixel_by_pixel: value = (u[:, 0, r, c, None] >= ends).sum(-1) -> "
    "value = (u[:, -1, r, c, None] >= ends).sum(-1)": _WHY_9,
    "sample_pixel_by_pixel: value = (u[:, 0, r, c, None] >= ends).sum(-1) -> "
    "value = (u[:, 0, r, c, None] >= ends).sum(1)": _WHY_10,
    "sample_pixel_by_pixel: x[:, 0, r, c] = value.clamp(max=ends.shape[1] - 1) -> "
    "x[:, -1, r, c] = value.clamp(max=ends.shape[1] - 1)": _WHY_9,
    "sample_pixel_by_pixel: x[:, 0, r, c] = value.clamp(max=ends.shape[1] - 1) -> "
    "x[:, 0, r, c] = value.clamp(max=ends.shape[1] + 1)": _WHY_12,
    "sample_pixel_by_pixel: x[:, 0, r, c] = value.clamp(max=ends.shape[1] - 1) -> "
    "x[:, 0, r, c] = value.clamp(max=ends.shape[1] - 0)": _WHY_12,
    "rows_cached: enumerate(zip(rows, weights, strict=True)) -> enumerate(zip(rows, weights))": _WHY_13,
    "rows_cached: enumerate(zip(rows, weights, strict=True)) -> enumerate(zip(rows, weights, strict=False))": _WHY_13,
    "rows_cached: patch = F.pad(row, (1, 1))[:, :, :, c:c + 3].clone() -> "
    "patch = F.pad(row, (1, 2))[:, :, :, c:c + 3].clone()": _WHY_14,
}

# -------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "why_is_sampling_slow": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"why_is_sampling_slow": "half of it"},
    "numpy_and_lists": {cell: list(answers)[-1] for cell, answers in RIGHT.items()},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:5]},
    "masks_exchanged": {**_ALL_RIGHT, "masks_a_and_b": "exchanged", "why_is_sampling_slow": "half of it"},
    "feeds_its_own_row": {**_ALL_RIGHT, "two_stacks": "own_row_fed_in"},
    "leaks": {**_ALL_RIGHT, "first_mask_b": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "colours_in_order": "blue_first",
        "receptive_field": "who_sees_the_middle",
        "sample_pixel_by_pixel": "one_pass_for_all",
        "rows_cached": "leftover_at_the_pixel",
    },
}
