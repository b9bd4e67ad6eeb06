"""Right and wrong answers to ``attention``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ---------------------------------------------------------------------------------------------- average of the past
_f, _A = _def("average_of_the_past(v)"), _both("average_of_the_past")
RIGHT["average_of_the_past"] = {
    "running sum": _f("return v.cumsum(1) / torch.arange(1, v.shape[1] + 1)[:, None]"),
    "position after position": _f("return torch.stack([v[:, : t + 1].mean(1) for t in range(v.shape[1])], dim=1)"),
    "triangular matrix": _f(
        "w = torch.ones(v.shape[1], v.shape[1]).tril()\n    return (w / w.sum(1, keepdim=True)).to(v.dtype) @ v"
    ),
    "numpy": _f("return np.cumsum(v.numpy(), axis=1) / np.arange(1, v.shape[1] + 1)[None, :, None]"),
    "attention with equal scores": _f(
        "T = v.shape[1]\n    scores = torch.zeros(T, T).masked_fill(torch.ones(T, T).triu(1).bool(), -math.inf)\n"
        "    return torch.einsum('ts,bsd->btd', scores.softmax(1), v)"
    ),
}
WRONG["average_of_the_past"] = {
    "of_everything": Wrong(_f("return v.mean(1, keepdim=True).expand_as(v)"), _A),
    "sum": Wrong(_f("return v.cumsum(1)"), _A),
    "divided_by_all": Wrong(_f("return v.cumsum(1) / v.shape[1]"), _A),
    "without_itself": Wrong(
        _f("n = torch.arange(v.shape[1]).clamp(min=1)[:, None]\n    return (v.cumsum(1) - v) / n"), _A
    ),
    "of_the_future": Wrong(
        _f("n = torch.arange(v.shape[1], 0, -1)[:, None]\n    return v.flip(1).cumsum(1).flip(1) / n"), _A
    ),
    "across_the_batch": Wrong(_f("return v.cumsum(0) / torch.arange(1, len(v) + 1)[:, None, None]"), _A),
    "counted_from_zero": Wrong(_f("return v.cumsum(1) / torch.arange(v.shape[1])[:, None]"), _A),
    "unchanged": Wrong(_f("return v"), _A),
}

# ------------------------------------------------------------------------------------------------ scaled dot product
_f, _S = _def("attend(q, k, v)"), _both("scaled_dot_product")
_Q = "w = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)\n    "
RIGHT["scaled_dot_product"] = {
    "matrices": _f(_Q + "return w @ v"),
    "einsum": _f(
        "scores = torch.einsum('btd,bsd->bts', q, k) * q.size(2) ** -0.5\n"
        "    return torch.einsum('bts,bsm->btm', scores.softmax(-1), v)"
    ),
    "torch's own": _f("return F.scaled_dot_product_attention(q, k, v)"),
    "position after position": _f(
        "out = torch.zeros(*q.shape[:2], v.shape[2])\n    for b in range(len(q)):\n"
        "        for t in range(q.shape[1]):\n"
        "            e = (k[b] @ q[b, t] / math.sqrt(q.shape[2])).softmax(0)\n            out[b, t] = e @ v[b]\n"
        "    return out"
    ),
    "numpy": _f(
        "q, k, v = q.numpy(), k.numpy(), v.numpy()\n"
        "    s = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])\n"
        "    e = np.exp(s - s.max(2, keepdims=True))\n    return (e / e.sum(2, keepdims=True)) @ v"
    ),
}
WRONG["scaled_dot_product"] = {
    "no_scaling": Wrong(_f("return (q @ k.transpose(1, 2)).softmax(2) @ v"), _S[1:]),
    "divided_by_d": Wrong(_f("return (q @ k.transpose(1, 2) / q.shape[2]).softmax(2) @ v"), _S[1:]),
    "softmax_over_those_who_look": Wrong(_f("return (q @ k.transpose(1, 2) / q.shape[2] ** 0.5).softmax(1) @ v"), _S),
    "softmax_over_the_batch": Wrong(_f("return (q @ k.transpose(1, 2) / q.shape[2] ** 0.5).softmax(0) @ v"), _S),
    "no_softmax": Wrong(_f("return (q @ k.transpose(1, 2) / q.shape[2] ** 0.5) @ v"), _S),
    "roles_exchanged": Wrong(_f("return (k @ q.transpose(1, 2) / q.shape[2] ** 0.5).softmax(2) @ v"), _S[1:]),
    "root_of_the_length": Wrong(_f("return (q @ k.transpose(1, 2) / q.shape[1] ** 0.5).softmax(2) @ v"), _S),
    "already_masked": Wrong(_f("return F.scaled_dot_product_attention(q, k, v, is_causal=True)"), _S),
    "weights_alone": Wrong(_f(_Q + "return w"), _S),
}

# ------------------------------------------------------------------------------------------------------- causal mask
_M = _both("causal_mask")
_m, _f = _def("causal_mask(length)"), _def("attend_causally(q, k, v)")
_TRIL = _m("return torch.ones(length, length).tril().bool()") + "\n\n"
_SCORES = "s = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])\n    m = causal_mask(q.shape[1])\n    "
_FILL = _f(_SCORES + "return s.masked_fill(~m, -math.inf).softmax(2) @ v")
RIGHT["causal_mask"] = {
    "tril and masked_fill": _TRIL + _FILL,
    "places compared, torch's own": _m("t = torch.arange(length)\n    return t[:, None] >= t")
    + "\n\n"
    + _f("return F.scaled_dot_product_attention(q, k, v, is_causal=True)"),
    "lists, an added mask": _m("return [[s <= t for s in range(length)] for t in range(length)]")
    + "\n\n"
    + _f(
        "T = q.shape[1]\n    far = torch.zeros(T, T).masked_fill(~torch.tensor(causal_mask(T)), -math.inf)\n"
        "    return (q @ k.transpose(1, 2) / q.shape[2] ** 0.5 + far).softmax(-1) @ v"
    ),
    "numpy, prefix after prefix": _m("return np.tri(length, dtype=bool)")
    + "\n\n"
    + _f(
        "rows = []\n    for t in range(q.shape[1]):\n"
        "        s = (q[:, t, None] * k[:, : t + 1]).sum(2) / math.sqrt(q.shape[2])\n"
        "        rows.append((s.softmax(1)[:, :, None] * v[:, : t + 1]).sum(1))\n    return torch.stack(rows, 1)"
    ),
    "renormalised": _m("return ~torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)")
    + "\n\n"
    + _f(
        _SCORES + "s = s - s.masked_fill(~m, -math.inf).amax(2, keepdim=True)\n"
        "    e = torch.where(m, s.clamp(max=0).exp(), torch.zeros(()))\n    return e / e.sum(2, keepdim=True) @ v"
    ),
}
WRONG["causal_mask"] = {
    "upside_down": Wrong(_m("return torch.ones(length, length).triu().bool()") + "\n\n" + _FILL, _M),
    "off_by_one": Wrong(_m("return torch.ones(length, length).tril(-1).bool()") + "\n\n" + _FILL, _M),
    "sees_one_ahead": Wrong(_m("return torch.ones(length, length).tril(1).bool()") + "\n\n" + _FILL, _M),
    "true_means_hidden": Wrong(
        _m("return torch.ones(length, length).triu(1).bool()")
        + "\n\n"
        + _f(_SCORES + "return s.masked_fill(m, -math.inf).softmax(2) @ v"),
        _M,
    ),
    "mask_after_the_softmax": Wrong(_TRIL + _f(_SCORES + "return (s.softmax(2) * m) @ v"), _M),
    "scores_times_mask": Wrong(_TRIL + _f(_SCORES + "return (s * m).softmax(2) @ v"), _M),
    "finite": Wrong(_TRIL + _f(_SCORES + "return s.masked_fill(~m, -10.0).softmax(2) @ v"), _M),
    "not_used": Wrong(_TRIL + _f(_SCORES + "return s.softmax(2) @ v"), _M),
    "no_scaling": Wrong(_TRIL + _FILL.replace(" / math.sqrt(q.shape[2])", ""), _M[1:]),
    "columns_normalised": Wrong(_TRIL + _FILL.replace("softmax(2)", "softmax(1)"), _M),
}

# --------------------------------------------------------------------------------------------------------- multi head
_f, _H = _def("multi_head(x, in_weight, in_bias, out_weight, out_bias, heads)"), _both("multi_head")
_IN = "B, T, d = x.shape\n    q, k, v = F.linear(x, in_weight, in_bias).chunk(3, -1)\n    "
_SPLIT = "q, k, v = (t.view(B, T, heads, d // heads).transpose(1, 2) for t in (q, k, v))\n    "
_ATT = "y = F.scaled_dot_product_attention(q, k, v, is_causal=True)\n    "
_OUT = "return F.linear(y.transpose(1, 2).reshape(B, T, d), out_weight, out_bias)"
RIGHT["multi_head"] = {
    "heads beside the batch": _f(_IN + _SPLIT + _ATT + _OUT),
    "head after head": _f(
        _IN + "size, parts = d // heads, []\n    for j in range(heads):\n"
        "        own = slice(j * size, (j + 1) * size)\n"
        "        s = q[..., own] @ k[..., own].transpose(1, 2) / math.sqrt(size)\n"
        "        s = s.masked_fill(torch.ones(T, T).triu(1).bool(), -math.inf)\n"
        "        parts.append(s.softmax(-1) @ v[..., own])\n"
        "    return torch.cat(parts, -1) @ out_weight.T + out_bias"
    ),
    "einsum": _f(
        _IN + "q, k, v = (t.reshape(B, T, heads, -1) for t in (q, k, v))\n"
        "    s = torch.einsum('bthe,bshe->bhts', q, k) / math.sqrt(d / heads)\n"
        "    s = s + torch.full((T, T), -math.inf).triu(1)\n"
        "    y = torch.einsum('bhts,bshe->bthe', s.softmax(-1), v)\n"
        "    return F.linear(y.flatten(2), out_weight, out_bias)"
    ),
    "torch's own function": _f(
        "future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)\n    t = x.transpose(0, 1)\n"
        "    y, _ = F.multi_head_attention_forward(\n"
        "        t, t, t, x.shape[2], heads, in_weight, in_bias, None, None, False, 0.0, out_weight, out_bias,\n"
        "        attn_mask=future, need_weights=False, training=False)\n    return y.transpose(0, 1)"
    ),
}
WRONG["multi_head"] = {
    "view_straight_to_heads": Wrong(
        _f(_IN + "q, k, v = (t.reshape(B, heads, T, d // heads) for t in (q, k, v))\n    " + _ATT + _OUT), _H
    ),
    "heads_of_every_hth_number": Wrong(
        _f(
            _IN
            + "q, k, v = (t.view(B, T, d // heads, heads).permute(0, 3, 1, 2) for t in (q, k, v))\n    "
            + _ATT
            + _OUT
        ),
        _H,
    ),
    "root_of_the_whole_width": Wrong(_f(_IN + _SPLIT + "q = q / math.sqrt(heads)\n    " + _ATT + _OUT), _H),
    "not_transposed_back": Wrong(
        _f(_IN + _SPLIT + _ATT + "return F.linear(y.reshape(B, T, d), out_weight, out_bias)"), _H
    ),
    "no_mask": Wrong(_f(_IN + _SPLIT + "y = F.scaled_dot_product_attention(q, k, v)\n    " + _OUT), _H),
    "one_head_always": Wrong(_f(_IN + "heads = 1\n    " + _SPLIT + _ATT + _OUT), _H),
    "no_output_map": Wrong(_f(_IN + _SPLIT + _ATT + "return y.transpose(1, 2).reshape(B, T, d)"), _H),
    "keys_first": Wrong(_f(_IN.replace("q, k, v =", "k, q, v =") + _SPLIT + _ATT + _OUT), _H),
    "no_bias": Wrong(_f(_IN.replace(", in_bias", "") + _SPLIT + _ATT + _OUT), _H),
    "not_transposed_weight": Wrong(_f(_IN + _SPLIT + _ATT + _OUT.replace("out_weight,", "out_weight.T,")), _H),
}

# -------------------------------------------------------------------------------------------------- transformer block
_f, _B = _def("block(x, seed)"), _both("transformer_block")
RIGHT["transformer_block"] = {
    "two sums": _f("x = x + attention(norm_1(x, seed), seed)\n    return x + mlp(norm_2(x, seed), seed)"),
    "three terms": _f(
        "found = attention(norm_1(x, seed), seed)\n    made = mlp(norm_2(x + found, seed), seed)\n"
        "    return x + found + made"
    ),
    "in a loop": _f(
        "for part, norm in ((attention, norm_1), (mlp, norm_2)):\n"
        "        x = x + part(norm(x, seed), seed)\n    return x"
    ),
    "sequence by sequence": _f(
        "rows = []\n    for one in x:\n        u = one[None] + attention(norm_1(one[None], seed), seed)\n"
        "        rows.append(u + mlp(norm_2(u, seed), seed))\n    return torch.cat(rows)"
    ),
}
WRONG["transformer_block"] = {
    "norm_after": Wrong(_f("x = norm_1(x + attention(x, seed), seed)\n    return norm_2(x + mlp(x, seed), seed)"), _B),
    "no_sums": Wrong(_f("return mlp(norm_2(attention(norm_1(x, seed), seed), seed), seed)"), _B),
    "second_sum_from_x": Wrong(
        _f("u = x + attention(norm_1(x, seed), seed)\n    return x + mlp(norm_2(u, seed), seed)"), _B
    ),
    "side_by_side": Wrong(_f("return x + attention(norm_1(x, seed), seed) + mlp(norm_2(x, seed), seed)"), _B),
    "the_same_norm_twice": Wrong(
        _f("x = x + attention(norm_1(x, seed), seed)\n    return x + mlp(norm_1(x, seed), seed)"), _B
    ),
    "sums_from_the_normalised": Wrong(
        _f("n = norm_1(x, seed)\n    x = n + attention(n, seed)\n    n = norm_2(x, seed)\n    return n + mlp(n, seed)"),
        _B,
    ),
    "network_first": Wrong(
        _f("x = x + mlp(norm_2(x, seed), seed)\n    return x + attention(norm_1(x, seed), seed)"), _B
    ),
    "no_norms": Wrong(_f("x = x + attention(x, seed)\n    return x + mlp(x, seed)"), _B),
}

# --------------------------------------------------------------------------------------------------------------- cache
_f, _K = _def("step(q, k, v, cache)"), _both("kv_cache_equals_full")
_GROW = (
    "keys, values = k[:, None], v[:, None]\n    if cache is not None:\n"
    "        keys, values = torch.cat([cache[0], keys], 1), torch.cat([cache[1], values], 1)\n    "
)
_LOOK = "y = F.scaled_dot_product_attention(q[:, None], keys, values)[:, 0]\n    return y, (keys, values)"
RIGHT["kv_cache_equals_full"] = {
    "two tensors": _f(_GROW + _LOOK),
    "lists of positions": _f(
        "cache = [*(cache or []), [k, v]]\n"
        "    s = torch.stack([(q * key).sum(1) for key, _ in cache], 1) / math.sqrt(q.shape[1])\n"
        "    w = s.softmax(1)\n    return sum(w[:, i, None] * value for i, (_, value) in enumerate(cache)), cache"
    ),
    "one tensor": _f(
        "both = torch.stack([k, v])[:, :, None]\n"
        "    cache = both if cache is None else torch.cat([cache, both], dim=2)\n"
        "    w = torch.einsum('bd,bsd->bs', q, cache[0]).div(q.shape[1] ** 0.5).softmax(-1)\n"
        "    return torch.einsum('bs,bsd->bd', w, cache[1]), cache"
    ),
    "a dictionary": _f(
        "old = cache or {'k': k[:, :0, None].transpose(1, 2), 'v': v[:, :0, None].transpose(1, 2)}\n"
        "    keys = torch.cat([old['k'].reshape(len(k), -1, k.shape[1]), k[:, None]], 1)\n"
        "    values = torch.cat([old['v'].reshape(len(v), -1, v.shape[1]), v[:, None]], 1)\n"
        "    w = (keys @ q[:, :, None] / math.sqrt(q.shape[1])).softmax(1)\n"
        "    return (w * values).sum(1), {'k': keys, 'v': values}"
    ),
}
WRONG["kv_cache_equals_full"] = {
    "before_the_new_key_is_in": Wrong(
        _f(
            "if cache is None:\n        return v, (k[:, None], v[:, None])\n"
            "    y = F.scaled_dot_product_attention(q[:, None], *cache)[:, 0]\n"
            "    return y, (torch.cat([cache[0], k[:, None]], 1), torch.cat([cache[1], v[:, None]], 1))"
        ),
        _K,
    ),
    "nothing_kept": Wrong(_f("return v, (k, v)"), _K),
    "last_two_alone": Wrong(_f(_GROW + "keys, values = keys[:, -2:], values[:, -2:]\n    " + _LOOK), _K[1:]),
    "no_scaling": Wrong(
        _f(_GROW + "w = (keys @ q[:, :, None]).softmax(1)\n    return (w * values).sum(1), (keys, values)"),
        _K[1:],
    ),
    "values_not_kept": Wrong(
        _f(
            _GROW + "y = (keys @ q[:, :, None] / q.shape[1] ** 0.5).softmax(1)\n"
            "    return (y * v[:, None]).sum(1), (keys, values)"
        ),
        _K,
    ),
    "running_average": Wrong(
        _f(
            "n, mean = cache or (0, torch.zeros_like(v))\n    mean = (n * mean + v) / (n + 1)\n"
            "    return mean, (n + 1, mean)"
        ),
        _K[1:],
    ),
    "written_into_the_old_one": Wrong(
        _f(
            "if cache is None:\n        cache = [[], []]\n    cache[0].append(k), cache[1].append(v)\n"
            "    keys, values = torch.stack(cache[0], 1), torch.stack(cache[1], 1)\n"
            "    return F.scaled_dot_product_attention(q[:, None], keys, values)[:, 0], cache"
        ),
        _K[1:],
    ),
    "shape_with_a_time": Wrong(_f(_GROW + _LOOK.replace("[:, 0]", "")), _K),
}

# ----------------------------------------------------------------------------------------------------------- its costs
_C = _both("steps_and_flops")
_a, _i, _s = _def("multiplications(length, d)"), _def("of_an_image(shape, d)"), _def("steps_in_training(length, kind)")
_A1 = _a("return 2 * length**2 * d") + "\n\n"
_I1 = _i("C, H, W = shape\n    return multiplications(C * H * W, d)") + "\n\n"
_S1 = _s("return length if kind == 'rnn' else 1")
RIGHT["steps_and_flops"] = {
    "one formula": _A1 + _I1 + _S1,
    "term by term": _a("scores = length * length * d\n    return scores + length * length * d")
    + "\n\n"
    + _i("T = math.prod(shape)\n    return 2 * T * T * d")
    + "\n\n"
    + _s("return {'rnn': length, 'attention': 1}[kind]"),
    "loops": _a("return sum(2 * d * length for _ in range(length)) if length < 100 else 2 * length * length * d")
    + "\n\n"
    + _i("T = 1\n    for size in shape:\n        T *= size\n    return multiplications(T, d)")
    + "\n\n"
    + _s("if kind == 'attention':\n        return 1\n    return length"),
    "tensors of whole numbers": _a("return torch.tensor(length) ** 2 * d * 2")
    + "\n\n"
    + _i("return int(torch.tensor(shape).prod()) ** 2 * 2 * d")
    + "\n\n"
    + _s("return torch.tensor(length if kind == 'rnn' else 1)"),
}
WRONG["steps_and_flops"] = {
    "scores_alone": Wrong(_a("return length**2 * d") + "\n\n" + _I1 + _S1, _C),
    "not_squared": Wrong(_a("return 2 * length * d") + "\n\n" + _I1 + _S1, _C),
    "half_for_the_mask": Wrong(_a("return length * (length + 1) * d") + "\n\n" + _I1 + _S1, _C),
    "d_squared": Wrong(_a("return 2 * length**2 * d**2") + "\n\n" + _I1 + _S1, _C),
    "floats": Wrong(_a("return 2.0 * length**2 * d") + "\n\n" + _I1 + _S1, _C),
    "pixels_without_channels": Wrong(_A1 + _i("return multiplications(shape[1] * shape[2], d)") + "\n\n" + _S1, _C[1:]),
    "channels_apart": Wrong(
        _A1 + _i("return shape[0] * multiplications(shape[1] * shape[2], d)") + "\n\n" + _S1, _C[1:]
    ),
    "side_for_the_length": Wrong(_A1 + _i("return multiplications(shape[-1], d)") + "\n\n" + _S1, _C),
    "exchanged": Wrong(_A1 + _I1 + _s("return 1 if kind == 'rnn' else length"), _C),
    "both_wait": Wrong(_A1 + _I1 + _s("return length"), _C[1:]),
}

# --------------------------------------------------------------------------------------------------------- finite mask
_f, _F = _def("masked_softmax(scores, mask)"), _both("finite_mask")
RIGHT["finite_mask"] = {
    "masked_fill": _f("return scores.masked_fill(~mask, float('-inf')).softmax(-1)"),
    "where": _f("return torch.where(mask, scores, torch.tensor(-math.inf)).softmax(dim=-1)"),
    "smallest number": _f("return torch.where(mask, scores, -torch.finfo(scores.dtype).max).softmax(-1) * mask"),
    "numpy": _f(
        "s = np.where(mask.numpy(), scores.numpy(), -np.inf)\n    e = np.exp(s - s.max(-1, keepdims=True))\n"
        "    return e / e.sum(-1, keepdims=True)"
    ),
    "exponentials by hand": _f(
        "mask = mask.expand_as(scores)\n    s = torch.where(mask, scores, torch.full_like(scores, -math.inf))\n"
        "    e = torch.where(mask, (s - s.amax(-1, keepdim=True)).exp(), torch.zeros_like(s))\n"
        "    return e / e.sum(-1, keepdim=True)"
    ),
}
WRONG["finite_mask"] = {
    "unchanged": Wrong(_f("return their_masked_softmax(scores, mask)"), _F),
    "put_there_but_finite": Wrong(_f("return scores.masked_fill(~mask, -1e4).softmax(-1)"), _F),
    "multiplied": Wrong(_f("return (scores * mask).softmax(-1)"), _F),
    "added_infinity": Wrong(
        _f("far = torch.zeros(mask.shape).masked_fill(~mask, -math.inf)\n    return (scores + far).softmax(-1)"), _F[1:]
    ),
    "afterwards": Wrong(_f("return scores.softmax(-1) * mask"), _F),
    "afterwards_renormalised": Wrong(
        _f("w = scores.softmax(-1) * mask\n    return w / w.sum(-1, keepdim=True)"), _F[1:] + _F[:1]
    ),
    "other_side": Wrong(_f("return scores.masked_fill(mask, -math.inf).softmax(-1)"), _F),
    "first_dimension": Wrong(_f("return scores.masked_fill(~mask, -math.inf).softmax(0)"), _F),
    "exponentials_that_vanish": Wrong(
        _f("e = torch.where(mask, scores.exp(), torch.zeros(()))\n    return e / e.sum(-1, keepdim=True)"), _F
    ),
}

# ----------------------------------------------------------------------------------------------------- where it looks
_f, _O = _def("offsets(weights)"), _both("what_does_it_attend_to")
_G = "guess = 10\n\n\n"
RIGHT["what_does_it_attend_to"] = {
    "argmax": _G + _f("return torch.arange(len(weights)) - weights.argmax(-1)"),
    "max and indices": "guess = 11\n\n\n"
    + _f("place = weights.max(dim=1).indices\n    return torch.arange(weights.shape[0]) - place"),
    "numpy": "guess = np.int64(1)\n\n\n"
    + _f("w = np.asarray(weights)\n    return np.arange(len(w)) - np.argmax(w, axis=1)"),
    "lists": "guess = 0\n\n\n" + _f("return [t - row.index(max(row)) for t, row in enumerate(weights.tolist())]"),
}
WRONG["what_does_it_attend_to"] = {
    "no_guess": Wrong(_f("return torch.arange(len(weights)) - weights.argmax(1)"), _O[:1]),
    "guess_of_a_letter": Wrong(
        "guess = 'ten'\n\n\n" + _f("return torch.arange(len(weights)) - weights.argmax(1)"), _O[:1]
    ),
    "guess_too_far": Wrong("guess = 100\n\n\n" + _f("return torch.arange(len(weights)) - weights.argmax(1)"), _O[:1]),
    "the_place": Wrong(_G + _f("return weights.argmax(1)"), _O),
    "forward": Wrong(_G + _f("return weights.argmax(1) - torch.arange(len(weights))"), _O),
    "over_those_who_look": Wrong(_G + _f("return torch.arange(len(weights)) - weights.argmax(0)"), _O),
    "smallest": Wrong(_G + _f("return torch.arange(len(weights)) - weights.argmin(1)"), _O),
    "itself_is_one": Wrong(_G + _f("return torch.arange(1, len(weights) + 1) - weights.argmax(1)"), _O),
    "average_distance": Wrong(
        _G + _f("t = torch.arange(len(weights))\n    return ((t[:, None] - t) * weights).sum(1)"), _O
    ),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "rnn_or_transformer": {
        "all four": Marked(
            "Attention can pick any sound of the past by what it is, where the recurrent network must squeeze all into "
            "one vector before it knows what will matter. Training is parallel: one step that waits instead of T. But "
            "on the watch the cache grows with every sound and so does the work (an image of twice the side took 16 "
            "times the multiplications). Take a recurrent network, or a window.",
            4,
            "Gain, cost in use, why training differs, advice with a number.",
        ),
        "half of it": Marked(
            "Transformers are faster and better, since they are parallel. I would use a Transformer with a cache to "
            "save memory.",
            1,
            "Parallel in training, yes; on a stream, positions come one at a time all the same. A cache costs memory, "
            "and saves work. A number from your notebook is missing.",
        ),
    }
}

# ----------------------------------------------------------------------------------------------------------- survivors
_WHY_0 = "equivalent: whole numbers become floats when they divide"
_WHY_1 = "equivalent: two dimensions are exchanged, in whichever order they are named"
_WHY_2 = "no mistake: guesses are not marked as right or wrong"
SURVIVORS = {
    "average_of_the_past: counts = torch.arange(1, v.shape[1] + 1, dtype=v.dtype) -> "
    "counts = torch.arange(1, v.shape[1] + 1)": _WHY_0,
    "scaled_dot_product: scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2]) -> "
    "scores = q @ k.transpose(2, 1) / math.sqrt(q.shape[2])": _WHY_1,
    "causal_mask: scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2]) -> "
    "scores = q @ k.transpose(2, 1) / math.sqrt(q.shape[2])": _WHY_1,
    "multi_head: part.view(B, T, heads, d // heads).transpose(1, 2) -> "
    "part.view(B, T, heads, d // heads).transpose(2, 1)": _WHY_1,
    "multi_head: scores = q @ k.transpose(-1, -2) / math.sqrt(d // heads) -> "
    "scores = q @ k.transpose(-2, -1) / math.sqrt(d // heads)": _WHY_1,
    "multi_head: scores = q @ k.transpose(-1, -2) / math.sqrt(d // heads) -> "
    "scores = q @ k.transpose(-1, 2) / math.sqrt(d // heads)": _WHY_1,
    "multi_head: F.linear(y.transpose(1, 2).reshape(B, T, d), out_weight, out_bias) -> "
    "F.linear(y.transpose(2, 1).reshape(B, T, d), out_weight, out_bias)": _WHY_1,
    "what_does_it_attend_to: guess = 10 -> guess = 11": _WHY_2,
    "what_does_it_attend_to: guess = 10 -> guess = 9": _WHY_2,
}

# -------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "rnn_or_transformer": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"rnn_or_transformer": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "no_scaling": {**_ALL_RIGHT, "scaled_dot_product": "no_scaling", "rnn_or_transformer": "half of it"},
    "sees_the_future": {**_ALL_RIGHT, "causal_mask": "sees_one_ahead"},
    "leaks": {**_ALL_RIGHT, "finite_mask": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "multi_head": "view_straight_to_heads",
        "transformer_block": "norm_after",
        "kv_cache_equals_full": "before_the_new_key_is_in",
        "steps_and_flops": "pixels_without_channels",
    },
}
