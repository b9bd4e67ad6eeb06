"""Right and wrong answers to ``rnn``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


# ----------------------------------------------------------------------------------------------------------- rnn_cell
_RNN = "def rnn_cell(x, h, w_ih, w_hh, b_ih, b_hh):\n"
RIGHT["rnn_cell"] = {
    "matrix products": _RNN + "    return torch.tanh(x @ w_ih.T + h @ w_hh.T + (b_ih + b_hh))\n",
    "linear": _RNN + "    f = torch.nn.functional.linear\n    return (f(x, w_ih, b_ih) + f(h, w_hh, b_hh)).tanh()\n",
    "torch's own": _RNN + "    return torch.rnn_tanh_cell(x, h, w_ih, w_hh, b_ih, b_hh)\n",
    "one matrix for both": _RNN
    + "    return torch.tanh(torch.cat([x, h], 1) @ torch.cat([w_ih, w_hh], 1).T + b_ih + b_hh)\n",
    "numpy": _RNN
    + """    x, h, w_ih, w_hh, b_ih, b_hh = (np.asarray(t) for t in (x, h, w_ih, w_hh, b_ih, b_hh))
    return np.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)
""",
    "lists": _RNN
    + """    rows = []
    for b in range(len(x)):
        row = []
        for k in range(len(b_hh)):
            row.append(math.tanh(float(w_ih[k] @ x[b] + w_hh[k] @ h[b] + b_ih[k] + b_hh[k])))
        rows.append(row)
    return rows
""",
}


def _rnn(body):
    return Wrong(_RNN + f"    return {body}\n", _both("rnn_cell"))


WRONG["rnn_cell"] = {
    "one_bias_forgotten": _rnn("torch.tanh(x @ w_ih.T + b_ih + h @ w_hh.T)"),
    "no_tanh": _rnn("x @ w_ih.T + b_ih + h @ w_hh.T + b_hh"),
    "sigmoid_for_tanh": _rnn("torch.sigmoid(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)"),
    "the_old_state_ignored": _rnn("torch.tanh(x @ w_ih.T + b_ih + b_hh)"),
    "the_old_state_added": _rnn("h + torch.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)"),
    "columns_for_rows": Wrong(_RNN + "    return torch.tanh(x @ w_ih.T + b_ih + h @ w_hh + b_hh)\n", _both("rnn_cell")),
    "each_squashed_by_itself": _rnn("torch.tanh(x @ w_ih.T + b_ih) + torch.tanh(h @ w_hh.T + b_hh)"),
    "batch_last": _rnn("torch.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).T"),
}

# ----------------------------------------------------------------------------------------------------------- gru_cell
_GRU = "def gru_cell(x, h, w_ih, w_hh, b_ih, b_hh):\n"
_BLOCKS = """    a = (x @ w_ih.T + b_ih).chunk(3, -1)
    b = (h @ w_hh.T + b_hh).chunk(3, -1)
    r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
"""
RIGHT["gru_cell"] = {
    "chunks": _GRU + _BLOCKS + "    n = torch.tanh(a[2] + r * b[2])\n    return n + z * (h - n)\n",
    "torch's own": _GRU + "    return torch.gru_cell(x, h, w_ih, w_hh, b_ih, b_hh)\n",
    "torch's module": _GRU
    + """    cell = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=x.dtype)
    given = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), (w_ih, w_hh, b_ih, b_hh)))
    return torch.func.functional_call(cell, given, (x, h))
""",
    "slice by slice": _GRU
    + """    H = h.shape[1]
    f = torch.nn.functional.linear

    def part(k, gate=1.0):
        rows = slice(k * H, (k + 1) * H)
        return f(x, w_ih[rows], b_ih[rows]) + gate * f(h, w_hh[rows], b_hh[rows])

    r = 1 / (1 + torch.exp(-part(0)))
    z = 1 / (1 + torch.exp(-part(1)))
    return torch.lerp(torch.tanh(part(2, r)), h, z)
""",
    "numpy": _GRU
    + """    x, h, w_ih, w_hh, b_ih, b_hh = (np.asarray(t) for t in (x, h, w_ih, w_hh, b_ih, b_hh))
    a, b = np.split(x @ w_ih.T + b_ih, 3, axis=1), np.split(h @ w_hh.T + b_hh, 3, axis=1)
    r, z = 1 / (1 + np.exp(-a[0] - b[0])), 1 / (1 + np.exp(-a[1] - b[1]))
    return (1 - z) * np.tanh(a[2] + r * b[2]) + z * h
""",
    "name after name": _GRU
    + """    new = []
    for one, old in zip(x, h):
        a = (w_ih @ one + b_ih).view(3, -1)
        b = (w_hh @ old + b_hh).view(3, -1)
        r, z = torch.sigmoid(a[:2] + b[:2])
        new.append((1 - z) * torch.tanh(a[2] + r * b[2]) + z * old)
    return torch.stack(new)
""",
}


def _gru(body):
    return Wrong(_GRU + _BLOCKS + body, _both("gru_cell"))


_END = "    return (1 - z) * n + z * h\n"
WRONG["gru_cell"] = {
    "update_gate_first": _gru("    r, z = z, r\n    n = torch.tanh(a[2] + r * b[2])\n" + _END),
    "proposal_first": Wrong(
        _GRU
        + """    a = (x @ w_ih.T + b_ih).chunk(3, -1)
    b = (h @ w_hh.T + b_hh).chunk(3, -1)
    r, z = torch.sigmoid(a[1] + b[1]), torch.sigmoid(a[2] + b[2])
    n = torch.tanh(a[0] + r * b[0])
"""
        + _END,
        _both("gru_cell"),
    ),
    "share_of_the_new": _gru("    n = torch.tanh(a[2] + r * b[2])\n    return z * n + (1 - z) * h\n"),
    "reset_before_the_product": _gru(
        "    n = torch.tanh(a[2] + (r * h) @ w_hh.chunk(3)[2].T + b_hh.chunk(3)[2])\n" + _END
    ),
    "bias_outside_of_the_reset": _gru(
        "    n = torch.tanh(a[2] + r * (h @ w_hh.chunk(3)[2].T) + b_hh.chunk(3)[2])\n" + _END
    ),
    "no_reset": _gru("    n = torch.tanh(a[2] + b[2])\n" + _END),
    "reset_of_the_letter_too": _gru("    n = torch.tanh(r * (a[2] + b[2]))\n" + _END),
    "sigmoid_for_the_proposal": _gru("    n = torch.sigmoid(a[2] + r * b[2])\n" + _END),
    "tanh_for_the_gates": Wrong(
        _GRU + _BLOCKS.replace("sigmoid", "tanh") + "    n = torch.tanh(a[2] + r * b[2])\n" + _END,
        _both("gru_cell"),
    ),
    "nothing_kept": _gru("    n = torch.tanh(a[2] + r * b[2])\n    return (1 - z) * n\n"),
    "one_gate_for_both": _gru("    n = torch.tanh(a[2] + z * b[2])\n" + _END),
    "squashed_again": _gru("    n = torch.tanh(a[2] + r * b[2])\n    return torch.tanh((1 - z) * n + z * h)\n"),
}

# ----------------------------------------------------------------------------------------------- teacher_forcing_shift
_SHIFT = "def known_letters(x, start):\n"
RIGHT["teacher_forcing_shift"] = {
    "cat": _SHIFT + "    first = torch.full((len(x), 1), start)\n    return torch.cat([first, x[:, :-1]], dim=1)\n",
    "rolled, first replaced": _SHIFT + "    known = x.roll(1, 1)\n    known[:, 0] = start\n    return known\n",
    "pad": _SHIFT + "    return torch.nn.functional.pad(x, (1, 0), value=start)[:, :-1]\n",
    "lists": _SHIFT + "    return [[start] + row[:-1] for row in x.tolist()]\n",
    "numpy": _SHIFT + "    known = np.full(x.shape, start)\n    known[:, 1:] = x.numpy()[:, :-1]\n    return known\n",
}


_SHIFT_CELLS = _both("teacher_forcing_shift")


def _shift(body, loses=_SHIFT_CELLS):
    return Wrong(_SHIFT + body, loses)


WRONG["teacher_forcing_shift"] = {
    "not_shifted": _shift("    return x\n"),
    "first_letter_overwritten": _shift("    known = x.clone()\n    known[:, 0] = start\n    return known\n"),
    "shifted_the_other_way": _shift("    return torch.cat([x[:, 1:], torch.full_like(x[:, :1], start)], 1)\n"),
    "rolled_round": _shift("    return x.roll(1, 1)\n"),
    "rolled_without_a_dimension": _shift("    known = x.roll(1)\n    return known\n"),
    "along_the_batch": _shift("    return torch.cat([torch.full_like(x[:1], start), x[:-1]], 0)\n"),
    "one_longer": _shift("    return torch.cat([torch.full_like(x[:, :1], start), x], 1)\n"),
    "zero_for_the_start": _shift("    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)\n"),
    "two_places_late": _shift(
        "    first = torch.full_like(x[:, :1], start)\n    return torch.cat([first, first, x], 1)[:, : x.shape[1]]\n"
    ),
    "written_over_the_names": _shift(
        "    x[:, 1:] = x[:, :-1].clone()\n    x[:, 0] = start\n    return x\n", ("teacher_forcing_shift_kept",)
    ),
}

# ------------------------------------------------------------------------------------------------------ char_log_prob
_NAME = "def name_log_probs(logits, x):\n"
RIGHT["char_log_prob"] = {
    "mask from the first end": _NAME
    + """    each = torch.log_softmax(logits, 2).gather(2, x.unsqueeze(2)).squeeze(2)
    ends = x == 0
    last = torch.where(ends.any(1), ends.long().argmax(1), x.shape[1] - 1)
    return each.where(torch.arange(x.shape[1]) <= last[:, None], torch.zeros(())).sum(1)
""",
    "cross-entropy": _NAME
    + """    nats = torch.nn.functional.cross_entropy(logits.transpose(1, 2), x, reduction="none")
    alive = torch.ones(len(x), dtype=torch.bool)
    total = torch.zeros(len(x), dtype=logits.dtype)
    for i in range(x.shape[1]):
        total = total - nats[:, i] * alive
        alive = alive & (x[:, i] != 0)
    return total
""",
    "torch's categorical": _NAME
    + """    each = torch.distributions.Categorical(logits=logits).log_prob(x)
    letters = torch.cat([torch.ones_like(x[:, :1]), (x[:, :-1] != 0).long()], 1).cumprod(1)
    return (each * letters).sum(-1)
""",
    "letter by letter": _NAME
    + """    totals = []
    for name, row in zip(x.tolist(), logits):
        total = 0.0
        for i, letter in enumerate(name):
            total += float(row[i].log_softmax(0)[letter])
            if letter == 0:
                break
        totals.append(total)
    return totals
""",
    "ignored targets": _NAME
    + """    before = (x == 0).cumsum(1).roll(1, 1)
    before[:, 0] = 0
    target = x.masked_fill(before > 0, -100)
    return -torch.nn.functional.cross_entropy(logits.mT, target, reduction="none").sum(1)
""",
    "numpy": _NAME
    + """    logits, x = np.asarray(logits, dtype=np.float64), np.asarray(x)
    top = logits.max(-1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
    each = np.take_along_axis(log_p, x[..., None], -1)[..., 0]
    return np.array([row[: list(name).index(0) + 1 if 0 in name else None].sum() for row, name in zip(each, x)])
""",
}
_EACH = "    each = logits.log_softmax(-1).gather(-1, x[..., None])[..., 0]\n"
_COUNTS = "    counts = (x == 0).cumsum(1) - (x == 0).long() == 0\n"


_NAMED_CELLS = _both("char_log_prob")


def _named(body, loses=_NAMED_CELLS):
    return Wrong(_NAME + body, loses)


WRONG["char_log_prob"] = {
    "filling_counted": _named(_EACH + "    return each.sum(1)\n"),
    "end_not_counted": _named(_EACH + "    return (each * (x != 0)).sum(1)\n"),
    "mean_for_sum": _named(_EACH + _COUNTS + "    return (each * counts).sum(1) / counts.sum(1)\n"),
    "one_number_for_the_batch": _named(_EACH + _COUNTS + "    return (each * counts).sum()\n"),
    "softmax_over_the_batch": _named(
        _EACH.replace("(-1).g", "(0).g") + _COUNTS + "    return (each * counts).sum(1)\n"
    ),
    "softmax_over_places": _named(_EACH.replace("(-1).g", "(1).g") + _COUNTS + "    return (each * counts).sum(1)\n"),
    "logits_for_log_probs": _named(
        "    each = logits.gather(-1, x[..., None])[..., 0]\n" + _COUNTS + "    return (each * counts).sum(1)\n"
    ),
    "a_cost_for_a_log_prob": _named(_EACH + _COUNTS + "    return -(each * counts).sum(1)\n"),
    "bits": _named(_EACH + _COUNTS + "    return (each * counts).sum(1) / math.log(2)\n"),
    "product_of_probabilities": _named(_EACH + _COUNTS + "    return (each * counts).exp().prod(1)\n"),
    "softmax_twice": _named(
        _EACH.replace("logits.log", "logits.softmax(-1).log") + _COUNTS + "    return (each * counts).sum(1)\n"
    ),
    "predictions_one_place_off": _named(
        _EACH.replace("logits.log", "logits.roll(1, 1).log") + _COUNTS + "    return (each * counts).sum(1)\n",
        # even predictions are the same at every place; what else the visible check asks catches it
    ),
    "names_without_end_cost_nothing": _named(
        _EACH + _COUNTS + "    return (each * counts * (x == 0).any(1, keepdim=True)).sum(1)\n"
    ),
}

# ---------------------------------------------------------------------------------------------- sample_with_temperature
_DRAW = "def sample_letters(logits, temperature, seed):\n"
_GEN = "    g = torch.Generator().manual_seed(seed)\n"
RIGHT["sample_with_temperature"] = {
    "multinomial": _DRAW
    + _GEN
    + "    return torch.softmax(logits / temperature, 1).multinomial(1, generator=g).squeeze(1)\n",
    "running sums": _DRAW
    + _GEN
    + """    below = (logits.double() / temperature).softmax(-1).cumsum(-1)
    u = torch.rand(len(logits), 1, generator=g, dtype=torch.float64)
    return (u >= below).sum(-1).clamp(max=logits.shape[1] - 1)
""",
    "Gumbel's noise": _DRAW
    + _GEN
    + """    u = torch.rand(logits.shape, generator=g, dtype=torch.float64)
    return (logits / temperature - (-u.log()).log()).argmax(1)
""",
    "numpy, row by row": _DRAW
    + """    rng = np.random.default_rng(seed)
    z = np.asarray(logits, dtype=np.float64) / temperature
    p = np.exp(z - z.max(1, keepdims=True))
    below = (p / p.sum(1, keepdims=True)).cumsum(1)
    return [min(int(np.searchsorted(row, rng.random(), side="right")), len(row) - 1) for row in below]
""",
    "races": _DRAW
    + _GEN
    + """    p = (logits.double() / temperature).softmax(-1)
    return (p / torch.empty_like(p).exponential_(generator=g)).argmax(-1)
""",
    "power of the probabilities": _DRAW
    + _GEN
    + """    log_p = logits.log_softmax(-1) / temperature
    log_p = log_p - log_p.logsumexp(-1, keepdim=True)
    return torch.multinomial(log_p.exp(), 1, generator=g).flatten()
""",
}


_DRAW_CELLS = _both("sample_with_temperature")


def _draw(body, loses=_DRAW_CELLS):
    return Wrong(_DRAW + _GEN + body, loses)


_MULTI = ".multinomial(1, generator=g)[:, 0]\n"
WRONG["sample_with_temperature"] = {
    "temperature_multiplied": _draw("    return (logits * temperature).softmax(-1)" + _MULTI),
    "temperature_ignored": _draw("    return logits.softmax(-1)" + _MULTI),
    "probabilities_divided": _draw("    return (logits.softmax(-1) / temperature)" + _MULTI),
    "softmax_over_the_batch": _draw("    return (logits / temperature).softmax(0)" + _MULTI),
    "always_the_likeliest": _draw("    return (logits / temperature).argmax(-1)\n"),
    "one_draw_for_all": _draw(
        "    p = (logits / temperature).softmax(-1)\n"
        "    u = torch.rand(1, generator=g)\n"
        "    return (u >= p.cumsum(-1)).sum(-1).clamp(max=p.shape[1] - 1)\n"
    ),
    "exponentials_too_large": _draw(
        "    return (logits / temperature).exp()" + _MULTI, ("sample_with_temperature_kept",)
    ),
    "evenly": _draw("    return torch.randint(logits.shape[1], (len(logits),), generator=g)\n"),
    "a_column": _draw("    return (logits / temperature).softmax(-1).multinomial(1, generator=g)\n"),
    "the_seed_ignored": _draw(
        "    g.manual_seed(0)\n    return (logits / temperature).softmax(-1)" + _MULTI,
        ("sample_with_temperature_kept",),
    ),
    "the_global_stream": _draw(
        "    return (logits / temperature).softmax(-1).multinomial(1)[:, 0]\n", ("sample_with_temperature_kept",)
    ),
    "square_root_of_the_temperature": _draw("    return (logits / math.sqrt(temperature)).softmax(-1)" + _MULTI),
    "the_first_row_for_all": _draw(
        "    return (logits[:1] / temperature).softmax(-1).expand(len(logits), -1)" + _MULTI,
        ("sample_with_temperature_kept",),
    ),
}

# ------------------------------------------------------------------------------------------------------ bptt_jacobian
_BPTT = "def jacobian_over_steps(xs, h, w_ih, w_hh, b_ih, b_hh):\n"
_NEW = "        new = torch.tanh(w_ih @ x + b_ih + w_hh @ h + b_hh)\n"
RIGHT["bptt_jacobian"] = {
    "the product": _BPTT
    + "    J = torch.eye(h.shape[0])\n    for x in xs:\n"
    + _NEW
    + "        J, h = (1 - new**2)[:, None] * (w_hh @ J), new\n    return J\n",
    "autograd": _BPTT
    + """    def last(h):
        for x in xs:
            h = torch.tanh(w_ih @ x + b_ih + w_hh @ h + b_hh)
        return h

    return torch.autograd.functional.jacobian(last, h)
""",
    "forward mode, column by column": _BPTT
    + """    tangents = torch.eye(len(h))
    for x in xs:
        h = torch.tanh(w_ih @ x + b_ih + w_hh @ h + b_hh)
        tangents = torch.stack([(1 - h * h) * (w_hh @ t) for t in tangents])
    return tangents.T
""",
    "from the end to the start": _BPTT
    + """    states = []
    for x in xs:
        h = torch.tanh(w_ih @ x + b_ih + w_hh @ h + b_hh)
        states.append(h)
    back = torch.eye(len(h))
    for h in reversed(states):
        back = (back * (1 - h**2)) @ w_hh
    return back
""",
    "numpy": _BPTT
    + """    xs, h, w_ih, w_hh, b_ih, b_hh = (np.asarray(t, dtype=np.float64) for t in (xs, h, w_ih, w_hh, b_ih, b_hh))
    J = np.eye(len(h))
    for x in xs:
        h = np.tanh(w_ih @ x + b_ih + w_hh @ h + b_hh)
        J = np.diag(1 - h**2) @ w_hh @ J
    return J
""",
    "one over cosh squared": _BPTT
    + """    J = torch.eye(len(h))
    for x in xs:
        a = w_ih @ x + b_ih + w_hh @ h + b_hh
        h, J = a.tanh(), torch.diag(a.cosh() ** -2) @ w_hh @ J
    return J
""",
}


_BPTT_CELLS = _both("bptt_jacobian")


def _bptt(inside, loses=_BPTT_CELLS, after="    return J\n"):
    return Wrong(_BPTT + "    J = torch.eye(len(h))\n    for x in xs:\n" + _NEW + inside + after, loses)


WRONG["bptt_jacobian"] = {
    "factors_in_the_wrong_order": _bptt("        J = J @ torch.diag(1 - new**2) @ w_hh\n        h = new\n"),
    "slope_at_the_old_state": _bptt("        J = torch.diag(1 - h**2) @ w_hh @ J\n        h = new\n"),
    "diagonal_on_the_right": _bptt("        J = w_hh @ torch.diag(1 - new**2) @ J\n        h = new\n"),
    "weights_transposed": _bptt("        J = torch.diag(1 - new**2) @ w_hh.T @ J\n        h = new\n"),
    "no_slope": _bptt("        J = w_hh @ J\n        h = new\n"),
    "tanh_taken_twice": _bptt("        J = torch.diag(1 - new.tanh() ** 2) @ w_hh @ J\n        h = new\n"),
    "slope_without_a_square": _bptt("        J = torch.diag(1 - new) @ w_hh @ J\n        h = new\n"),
    "slope_of_a_sigmoid": _bptt("        J = torch.diag(new * (1 - new)) @ w_hh @ J\n        h = new\n"),
    "state_never_moves": _bptt("        J = torch.diag(1 - new**2) @ w_hh @ J\n"),
    "sum_of_factors": _bptt("        J = J + torch.diag(1 - new**2) @ w_hh\n        h = new\n"),
    "entry_by_entry": _bptt("        J = torch.diag(1 - new**2) @ w_hh * J\n        h = new\n"),
    "the_last_step_only": _bptt("        J = torch.diag(1 - new**2) @ w_hh\n        h = new\n"),
    "transposed_result": _bptt(
        "        J = torch.diag(1 - new**2) @ w_hh @ J\n        h = new\n", after="    return J.T\n"
    ),
    "derivative_by_the_letter": _bptt(
        "        J = torch.diag(1 - new**2) @ w_hh @ J\n        h = new\n",
        after="""
    return J @ w_ih
""",
    ),
}

# ------------------------------------------------------------------------------------------------- hidden_state_leaks
_HID = "def hidden_states(e, weights):\n"
RIGHT["hidden_state_leaks"] = {
    "transposed there and back": _HID + "    return their_states(e.transpose(0, 1), weights).transpose(0, 1)\n",
    "own cell": _HID
    + """    h, states = torch.zeros(len(e), weights[1].shape[1]), []
    for t in range(e.shape[1]):
        h = torch.as_tensor(gru_cell(e[:, t], h, *weights))
        states.append(h)
    return torch.stack(states, dim=1)
""",
    "name by name": _HID
    + "    return torch.cat([their_states(name[:, None], weights).transpose(0, 1) for name in e])\n",
    "torch's cell": _HID
    + """    states = torch.zeros(*e.shape[:2], weights[1].shape[1])
    h = states[:, 0]
    for t, letters in enumerate(e.unbind(1)):
        h = torch.gru_cell(letters, h, *weights)
        states[:, t] = h
    return states
""",
    "numpy": _HID
    + """    e, (w, v, b, c) = np.asarray(e), [np.asarray(t) for t in weights]
    h, states = np.zeros((len(e), v.shape[1])), []
    for t in range(e.shape[1]):
        i, j = np.split(e[:, t] @ w.T + b, 3, 1), np.split(h @ v.T + c, 3, 1)
        r, z = 1 / (1 + np.exp(-i[0] - j[0])), 1 / (1 + np.exp(-i[1] - j[1]))
        h = (1 - z) * np.tanh(i[2] + r * j[2]) + z * h
        states.append(h)
    return np.stack(states, 1)
""",
}


_HIDDEN_CELLS = _both("hidden_state_leaks")


def _hidden(body, loses=_HIDDEN_CELLS):
    return Wrong(_HID + body, loses)


_LOOP = "    h, states = torch.zeros(len(e), weights[1].shape[1]), []\n    for t in range(e.shape[1]):\n"
WRONG["hidden_state_leaks"] = {
    "unchanged": _hidden("    return their_states(e, weights)\n"),
    "reshaped_for_transposed": _hidden(
        "    B, T, I = e.shape\n    return their_states(e.reshape(T, B, I), weights).reshape(B, T, -1)\n"
    ),
    "not_transposed_back": _hidden("    return their_states(e.transpose(0, 1), weights)\n"),
    "state_reset_each_step": _hidden(
        _LOOP
        + "        states.append(torch.gru_cell(e[:, t], torch.zeros_like(h), *weights))\n"
        + "    return torch.stack(states, 1)\n"
    ),
    "carried_from_name_to_name": _hidden(
        "    h, states = torch.zeros(1, weights[1].shape[1]), []\n"
        "    for letter in e.flatten(0, 1):\n"
        "        h = torch.gru_cell(letter[None], h, *weights)\n        states.append(h)\n"
        "    return torch.cat(states).view(len(e), e.shape[1], -1)\n"
    ),
    "the_last_state_only": _hidden(_LOOP + "        h = torch.gru_cell(e[:, t], h, *weights)\n    return h\n"),
    "states_before_the_letters": _hidden(
        _LOOP
        + "        states.append(h)\n        h = torch.gru_cell(e[:, t], h, *weights)\n"
        + "    return torch.stack(states, 1)\n"
    ),
    "time_first": _hidden(
        _LOOP
        + "        h = torch.gru_cell(e[:, t], h, *weights)\n        states.append(h)\n"
        + "    return torch.stack(states)\n"
    ),
    "starts_from_ones": _hidden(
        _LOOP.replace("zeros", "ones")
        + "        h = torch.gru_cell(e[:, t], h, *weights)\n        states.append(h)\n"
        + "    return torch.stack(states, 1)\n"
    ),
    "read_backwards": _hidden("    return their_states(e.transpose(0, 1).flip(0), weights).transpose(0, 1)\n"),
}

# ------------------------------------------------------------------------------------------------------ longest_memory
_GUESS = "guesses = [5, 50, 500]\n\n\n"
_LONG = "def longest_memory(z, share):\n"
RIGHT["longest_memory"] = {
    "logarithms": _GUESS + _LONG + "    return int(math.log(share) / math.log(z))\n",
    "step by step": "guesses = (1, 2, 3)\n\n\n"
    + _LONG
    + """    left, k = z, 0
    while left >= share:
        left *= z
        k += 1
    return k
""",
    "numpy": _GUESS + _LONG + "    return int(np.floor(np.log(share) / np.log(z)))\n",
    "torch": _GUESS
    + _LONG
    + """    z, share = (torch.tensor(v, dtype=torch.float64) for v in (z, share))
    return (share.log() / z.log()).floor().long()
""",
    "a logarithm of base z": _GUESS + _LONG + "    return math.floor(math.log(share, z))\n",
    "halving the interval": _GUESS
    + _LONG
    + """    low, high = 0, 1
    while z**high >= share:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if z**middle >= share else (low, middle)
    return low
""",
}


_LONG_CELLS = _both("longest_memory")


def _long(body, guesses=_GUESS, loses=_LONG_CELLS):
    return Wrong(guesses + _LONG + body, loses)


_RIGHT = "    return math.floor(math.log(share) / math.log(z))\n"
WRONG["longest_memory"] = {
    "no_guesses": _long(_RIGHT, "guesses = None\n\n\n", ("longest_memory_checks",)),
    "two_guesses": _long(_RIGHT, "guesses = [1, 2]\n\n\n", ("longest_memory_checks",)),
    "guesses_in_words": _long(_RIGHT, 'guesses = ["few", "more", "many"]\n\n\n', ("longest_memory_checks",)),
    "one_step_too_many": _long("    return math.ceil(math.log(share) / math.log(z))\n"),
    "share_that_is_lost": _long("    return math.floor(math.log(1 - share) / math.log(z))\n"),
    "no_geometric_series": _long("    return math.floor((1 - share) / (1 - z))\n"),
    "not_whole": _long("    return math.log(share) / math.log(z)\n"),
    "upside_down": _long("    return math.floor(math.log(z) / math.log(share))\n"),
    "one_step_too_few": _long("    return math.floor(math.log(share) / math.log(z)) - 1\n"),
    "time_constant": _long("    return math.floor(1 / (1 - z))\n"),
    "rounded_to_the_nearest": _long("    return round(math.log(share) / math.log(z))\n"),
}

# ------------------------------------------------------------------------------------------------- surprise_per_letter
_BITS = "def letter_bits(logits, x):\n"
RIGHT["surprise_per_letter"] = {
    "log-softmax": _BITS
    + """    name = x.tolist()
    count = name.index(0) + 1 if 0 in name else len(name)
    return -torch.stack([logits[i].log_softmax(0)[name[i]] for i in range(count)]) / math.log(2)
""",
    "log2 of probabilities": _BITS
    + """    p = logits.softmax(1).gather(1, x[:, None])[:, 0]
    return -p.log2()[(x == 0).cumsum(0) - (x == 0).long() == 0]
""",
    "cross-entropy": _BITS
    + """    nats = torch.nn.functional.cross_entropy(logits, x, reduction="none")
    count = int(torch.cat([x[:-1] != 0, torch.zeros(1, dtype=torch.bool)]).long().cumprod(0).sum()) + 1
    return nats[:count] / 0.6931471805599453
""",
    "lists": _BITS
    + """    bits = []
    for row, letter in zip(logits.tolist(), x.tolist()):
        top = max(row)
        bits.append((math.log(sum(math.exp(v - top) for v in row)) + top - row[letter]) / math.log(2))
        if letter == 0:
            break
    return bits
""",
    "numpy": _BITS
    + """    logits, x = np.asarray(logits, dtype=np.float64), np.asarray(x)
    bits = np.log2(np.exp(logits).sum(1)) - logits[np.arange(len(x)), x] / np.log(2)
    return bits[: np.append(np.flatnonzero(x == 0), len(x))[0] + 1]
""",
    "torch's categorical": _BITS
    + """    bits = -torch.distributions.Categorical(logits=logits).log_prob(x) / math.log(2)
    keep = []
    for i in range(len(x)):
        keep.append(i)
        if x[i] == 0:
            break
    return bits[keep]
""",
}
_ALL = "    bits = -logits.log_softmax(-1)[torch.arange(len(x)), x] / math.log(2)\n"
_FIRST = "    ends = (x == 0).nonzero()[:, 0]\n    L = int(ends[0]) + 1 if len(ends) else len(x)\n"


_BITS_CELLS = _both("surprise_per_letter")


def _bits(body, loses=_BITS_CELLS):
    return Wrong(_BITS + body, loses)


WRONG["surprise_per_letter"] = {
    "nats": _bits(_ALL + _FIRST + "    return bits[:L] * math.log(2)\n"),
    "a_log_prob_for_a_cost": _bits(_ALL + _FIRST + "    return -bits[:L]\n"),
    "filling_shown": _bits(_ALL + "    return bits\n"),
    "filling_shown_as_free": _bits(_ALL + _FIRST + "    bits[L:] = 0\n    return bits\n"),
    "end_left_out": _bits(_ALL + _FIRST + "    return bits[: L - 1]\n"),
    "end_of_names_without_end_left_out": _bits(_ALL + "    return bits[: int((x != 0).long().argmin()) + 1]\n"),
    "their_sum": _bits(_ALL + _FIRST + "    return bits[:L].sum()\n"),
    "softmax_over_places": _bits(_ALL.replace("-1", "0") + _FIRST + "    return bits[:L]\n"),
    "times_ln_2": _bits(_ALL.replace("/", "*") + _FIRST + "    return bits[:L]\n"),
    "logits_taken_as_they_are": _bits(
        _ALL.replace(".log_softmax(-1)", "") + _FIRST + "    return bits[:L]\n", ("surprise_per_letter_kept",)
    ),
    "entropies": _bits(
        "    log_p = logits.log_softmax(-1)\n    bits = -(log_p.exp() * log_p).sum(-1) / math.log(2)\n"
        + _FIRST
        + "    return bits[:L]\n"
    ),
}

# ----------------------------------------------------------------------------------------------------- the_bottleneck
EXPLANATIONS = {
    "the_bottleneck": {
        "all four": Marked(
            "True: h is computed from all letters so far, none is cut off as in a Markov chain. But h has, say, 16 "
            "numbers, and two pasts that give the same h get the same predictions for ever after. A long text has more "
            "in it than fits, so the network must forget before it knows what will be asked. Also, what fits need "
            "not get there. The gradient has to come back through a product of Jacobians, one for each step. In part 6 "
            "with largest singular value 0.9 its norm was 8.5e-11 after 30 steps, so a letter 30 back teaches nothing. "
            "A GRU's gate near 1 helps: at z = 0.99 a hundredth is left for 458 steps, at 0.5 for 6. It costs three "
            "times the weights, and it is still a geometric series.",
            4,
            "Size, training, cure and price, with numbers.",
        ),
        "half of it": Marked(
            "The state has a fixed size, so it only sees the last few letters. With more hidden units it would see "
            "more of them. An LSTM solves this completely.",
            1,
            "A fixed size it has. But every letter enters; what fails is keeping it, or learning to. A gate slows "
            "forgetting, at a price, and you give no number.",
        ),
    }
}

# ---------------------------------------------------------------------------------------------------------- survivors
_COLUMN = "equivalent: there is one column only"
_LAST = "equivalent: the last dimension is dimension 1"
_STRICT = "equivalent: there are four parameters and four weights"
_BET = "no mistake: a prediction is not marked as right or wrong"
SURVIVORS = {
    "gru_cell: from_x = (x @ w_ih.T + b_ih).chunk(3, -1) -> from_x = (x @ w_ih.T + b_ih).chunk(3, 1)": _LAST,
    "gru_cell: from_h = (h @ w_hh.T + b_hh).chunk(3, -1) -> from_h = (h @ w_hh.T + b_hh).chunk(3, 1)": _LAST,
    "char_log_prob: each = logits.log_softmax(-1).gather(-1, x[..., None])[..., 0] -> "
    "each = logits.log_softmax(-1).gather(-1, x[..., None])[..., -1]": _COLUMN,
    "sample_with_temperature: probs = (logits / temperature).softmax(-1) -> "
    "probs = (logits / temperature).softmax(1)": _LAST,
    "sample_with_temperature: return probs.multinomial(1, generator=source)[:, 0] -> "
    "return probs.multinomial(2, generator=source)[:, 0]": "no mistake: the "
    "first of two draws without replacement is a draw like any",
    "sample_with_temperature: return probs.multinomial(1, generator=source)[:, 0] -> "
    "return probs.multinomial(1, generator=source)[:, -1]": _COLUMN,
    "bptt_jacobian: product = torch.eye(len(h), dtype=h.dtype) -> product = torch.eye(len(h))": "equivalent: the "
    "states are float32, which is torch's usual precision",
    "hidden_state_leaks: zip(gru.parameters(), weights, strict=True) -> zip(gru.parameters(), weights)": _STRICT,
    "hidden_state_leaks: zip(gru.parameters(), weights, strict=True) -> "
    "zip(gru.parameters(), weights, strict=False)": _STRICT,
    **{
        f"longest_memory: guesses = [10, 50, 200] -> guesses = {guess}": _BET
        for guess in ([11, 50, 200], [9, 50, 200], [10, 51, 200], [10, 49, 200], [10, 50, 201], [10, 50, 199])
    },
    "surprise_per_letter: bits = -logits.log_softmax(-1)[torch.arange(len(x)), x] / math.log(2) -> "
    "bits = -logits.log_softmax(1)[torch.arange(len(x)), x] / math.log(2)": _LAST,
    "surprise_per_letter: ends = (x == 0).nonzero()[:, 0] -> ends = (x == 0).nonzero()[:-1, 0]": "equivalent: what "
    "follows the first 0 is filled with 0, so a single 0 is at the last place, up to which all is shown anyway",
    "surprise_per_letter: ends = (x == 0).nonzero()[:, 0] -> ends = (x == 0).nonzero()[:, -1]": _COLUMN,
}

# ------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "the_bottleneck": "all four"},
    "another_way": {cell: list(answers)[3] for cell, answers in RIGHT.items()} | {"the_bottleneck": "half of it"},
    "in_numpy": {
        cell: next((a for a in answers if "numpy" in a), next(iter(answers))) for cell, answers in RIGHT.items()
    },
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "paper_of_2014": {**_ALL_RIGHT, "gru_cell": "reset_before_the_product", "the_bottleneck": "half of it"},
    "paid_for_silence": {**_ALL_RIGHT, "char_log_prob": "filling_counted"},
    "still_mixed_up": {**_ALL_RIGHT, "hidden_state_leaks": "unchanged"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "teacher_forcing_shift": "not_shifted",
        "sample_with_temperature": "temperature_multiplied",
        "bptt_jacobian": "factors_in_the_wrong_order",
    },
}
