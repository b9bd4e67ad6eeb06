"""Right and wrong answers to ``sgd``; see ``grading/answers.py`` for what this file defines."""

from grading.answers import Marked, Wrong

RIGHT, WRONG = {}, {}


def _both(cell):
    return (f"{cell}_checks", f"{cell}_kept")


def _def(head):
    """What makes a function of this head from its body."""
    return lambda body: f"def {head}:\n    {body}\n"


# ---------------------------------------------------------------------------------------------------------- first loss
_f, _F = _def("first_loss(event_shape, values)"), _both("first_loss")
RIGHT["first_loss"] = {
    "formula": _f("return math.prod(event_shape) * math.log(values)"),
    "size of a tensor": _f("return torch.zeros(event_shape).numel() * math.log(values)"),
    "numpy": _f("return np.prod(event_shape) * np.log(values)"),
    "a softmax of zeros": _f(
        "n = torch.Size(event_shape).numel()\n"
        "    return n * float(F.cross_entropy(torch.zeros(1, values), torch.tensor([0])))"
    ),
}
WRONG["first_loss"] = {
    "of_one_variable": Wrong(_f("return math.log(values)"), (_F[0], _F[1])),
    "bits": Wrong(_f("return math.prod(event_shape) * math.log2(values)"), _F),
    "log_of_the_dimensions": Wrong(_f("return values * math.log(math.prod(event_shape))"), _F),
    "sum_of_the_shape": Wrong(_f("return sum(event_shape) * math.log(values)"), _F),
    "negative": Wrong(_f("return -math.prod(event_shape) * math.log(values)"), _F),
    "always_binary": Wrong(_f("return math.prod(event_shape) * math.log(2)"), _F[1:]),
    "last_side_squared": Wrong(_f("return event_shape[-1] ** 2 * math.log(values)"), _F[1:]),
}

# ---------------------------------------------------------------------------------------------------- gradient by hand
_f, _G = _def("gradient(theta, x, y)"), _both("gradient_by_hand")
RIGHT["gradient_by_hand"] = {
    "matrices": _f("return x.T @ (torch.sigmoid(x @ theta) - y) / len(x)"),
    "autograd": _f("theta = theta.clone().requires_grad_()\n    loss(theta, x, y).backward()\n    return theta.grad"),
    "example by example": _f(
        "g = torch.zeros_like(theta)\n    for row, truth in zip(x, y):\n"
        "        p = 1 / (1 + torch.exp(-(row @ theta)))\n        g += (p - truth) * row / len(y)\n    return g"
    ),
    "mean of products": _f("return ((torch.sigmoid(x @ theta) - y)[:, None] * x).mean(0)"),
    "numpy": _f(
        "X, t = x.numpy(), theta.detach().numpy()\n    p = 1 / (1 + np.exp(-X @ t))\n"
        "    return (p - y.numpy()) @ X / X.shape[0]"
    ),
}
WRONG["gradient_by_hand"] = {
    "truth_minus_prediction": Wrong(_f("return x.T @ (y - torch.sigmoid(x @ theta)) / len(x)"), _G),
    "sum": Wrong(_f("return x.T @ (torch.sigmoid(x @ theta) - y)"), _G),
    "logits_for_probabilities": Wrong(_f("return x.T @ (x @ theta - y) / len(x)"), _G),
    "sigmoid_differentiated_too": Wrong(
        _f("p = torch.sigmoid(x @ theta)\n    return x.T @ ((p - y) * p * (1 - p)) / len(x)"), _G
    ),
    "no_inputs": Wrong(_f("return (torch.sigmoid(x @ theta) - y).mean() * torch.ones_like(theta)"), _G),
    "divided_by_parameters": Wrong(_f("return x.T @ (torch.sigmoid(x @ theta) - y) / len(theta)"), _G[1:]),
    "first_example_alone": Wrong(_f("return x[0] * (torch.sigmoid(x[0] @ theta) - y[0])"), _G),
    "normalised": Wrong(_f("g = x.T @ (torch.sigmoid(x @ theta) - y) / len(x)\n    return g / g.norm()"), _G),
}

# -------------------------------------------------------------------------------------------------- finite differences
_f, _D = _def("finite_differences(theta, x, y, h)"), _both("finite_differences")
RIGHT["finite_differences"] = {
    "rows of an identity": _f(
        "e = h * torch.eye(len(theta)).double()\n"
        "    return torch.stack([(loss(theta + s, x, y) - loss(theta - s, x, y)) / (2 * h) for s in e])"
    ),
    "copies": _f(
        "out = []\n    for j in range(len(theta)):\n        up, down = theta.clone(), theta.clone()\n"
        "        up[j] += h\n        down[j] -= h\n"
        "        out.append(float(loss(up, x, y) - loss(down, x, y)) / 2 / h)\n    return out"
    ),
    "in place and back": _f(
        "out = torch.empty_like(theta)\n    for j in range(len(theta)):\n        was = float(theta[j])\n"
        "        theta[j] = was + h\n        high = loss(theta, x, y)\n        theta[j] = was - h\n"
        "        low = loss(theta, x, y)\n        theta[j] = was\n"
        "        out[j] = (high - low) / (2 * h)\n    return out"
    ),
    "numpy": _f(
        "t = theta.numpy()\n    at = lambda v: float(loss(torch.from_numpy(v), x, y))\n"
        "    return np.array([(at(t + h * e) - at(t - h * e)) / (2 * h) for e in np.eye(len(t))])"
    ),
}
_E = "e = h * torch.eye(len(theta)).double()\n    "
WRONG["finite_differences"] = {
    "one_side": Wrong(_f(_E + "return torch.stack([(loss(theta + s, x, y) - loss(theta, x, y)) / h for s in e])"), _D),
    "h_for_two_h": Wrong(
        _f(_E + "return torch.stack([(loss(theta + s, x, y) - loss(theta - s, x, y)) / h for s in e])"), _D
    ),
    "not_divided": Wrong(_f(_E + "return torch.stack([loss(theta + s, x, y) - loss(theta - s, x, y) for s in e])"), _D),
    "other_way_round": Wrong(
        _f(_E + "return torch.stack([(loss(theta - s, x, y) - loss(theta + s, x, y)) / (2 * h) for s in e])"), _D
    ),
    "all_parameters_at_once": Wrong(
        _f("return (loss(theta + h, x, y) - loss(theta - h, x, y)) / (2 * h) * torch.ones_like(theta)"), _D
    ),
    "left_changed": Wrong(
        _f(
            "out = []\n    for j in range(len(theta)):\n        theta[j] += h\n        high = loss(theta, x, y)\n"
            "        theta[j] -= 2 * h\n        out.append((high - loss(theta, x, y)) / (2 * h))\n"
            "    return torch.stack(out)"
        ),
        _D[1:] + _D[:1],
    ),
    "exact_gradient": Wrong(_f("return x.T @ (torch.sigmoid(x @ theta) - y) / len(x)"), _D[1:]),
    "a_step_of_its_own": Wrong(
        _f(
            "h = 1e-4\n    "
            + _E
            + "return torch.stack([(loss(theta + s, x, y) - loss(theta - s, x, y)) / (2 * h) for s in e])"
        ),
        _D[1:],
    ),
    "accumulates": Wrong(
        _f(
            "out, t = [], theta.clone()\n    for j in range(len(t)):\n        t[j] += h\n        up = loss(t, x, y)\n"
            "        t[j] -= 2 * h\n        out.append((up - loss(t, x, y)) / (2 * h))\n    return torch.stack(out)"
        ),
        _D,
    ),
}

# --------------------------------------------------------------------------------------------------------- which way up
_f, _U = _def("climb(theta, slope, rate)"), _both("gradient_ascent_step")
RIGHT["gradient_ascent_step"] = {
    "plus": _f("return theta + rate * slope"),
    "torch.add": _f("return torch.add(theta, slope, alpha=rate)"),
    "a copy": _f("new = theta.clone()\n    new += rate * slope\n    return new"),
    "numpy": _f("return theta.numpy() + rate * slope.numpy()"),
    "descent on the loss": _f("g = -slope\n    return theta - rate * g"),
}
WRONG["gradient_ascent_step"] = {
    "minus": Wrong(_f("return theta - rate * slope"), _U),
    "in_place": Wrong(_f("theta += rate * slope\n    return theta"), _U[1:]),
    "no_rate": Wrong(_f("return theta + slope"), _U),
    "divided_by_the_rate": Wrong(_f("return theta + slope / rate"), _U),
    "sign_alone": Wrong(_f("return theta + rate * slope.sign()"), _U),
    "step_alone": Wrong(_f("return rate * slope"), _U),
    "towards_the_slope": Wrong(_f("return (1 - rate) * theta + rate * slope"), _U),
}

# ----------------------------------------------------------------------------------------------------------- mini-batch
_f, _M = _def("minibatch_gradient(theta, x, y, index)"), _both("minibatch_is_unbiased")
RIGHT["minibatch_is_unbiased"] = {
    "rows looked up": _f("a, b = x[index], y[index]\n    return a.T @ (torch.sigmoid(a @ theta) - b) / len(index)"),
    "with gradient": _f("return gradient(theta, x[index], y[index])"),
    "autograd": _f(
        "t = theta.clone().requires_grad_()\n    return torch.autograd.grad(loss(t, x[index], y[index]), t)[0]"
    ),
    "row after row": _f(
        "rows = [x[i] * (torch.sigmoid(x[i] @ theta) - y[i]) for i in index.tolist()]\n    return sum(rows) / len(rows)"
    ),
    "weights": _f(
        "w = torch.bincount(index, minlength=len(x)).double() / len(index)\n"
        "    return x.T @ (w * (torch.sigmoid(x @ theta) - y))"
    ),
}
_I = "a, b = x[index], y[index]\n    "
WRONG["minibatch_is_unbiased"] = {
    "divided_by_n": Wrong(_f(_I + "return a.T @ (torch.sigmoid(a @ theta) - b) / len(x)"), _M),
    "sum": Wrong(_f(_I + "return a.T @ (torch.sigmoid(a @ theta) - b)"), _M),
    "the_whole": Wrong(_f("return x.T @ (torch.sigmoid(x @ theta) - y) / len(x)"), _M),
    "first_rows": Wrong(
        _f("index = torch.arange(len(index))\n    " + _I + "return a.T @ (torch.sigmoid(a @ theta) - b) / len(a)"), _M
    ),
    "named_once": Wrong(
        _f("index = index.unique()\n    " + _I + "return a.T @ (torch.sigmoid(a @ theta) - b) / len(a)"), _M[1:]
    ),
    "scaled_up": Wrong(_f(_I + "return a.T @ (torch.sigmoid(a @ theta) - b) * len(x) / len(a)"), _M),
    "labels_not_looked_up": Wrong(_f(_I + "return a.T @ (torch.sigmoid(a @ theta) - y[: len(a)]) / len(a)"), _M[1:]),
    "sign": Wrong(_f(_I + "return a.T @ (b - torch.sigmoid(a @ theta)) / len(a)"), _M),
}

# ---------------------------------------------------------------------------------------------------------------- noise
_f, _N = _def("noise(gradients, batch)"), _both("variance_against_batch")
RIGHT["variance_against_batch"] = {
    "squared distances": _f("return (gradients - gradients.mean(0)).pow(2).sum(1).mean() / batch"),
    "variances added up": _f("return gradients.var(0, correction=0).sum() / batch"),
    "squares less square": _f(
        "g = gradients.mean(0)\n    return ((gradients**2).sum() / len(gradients) - g @ g) / batch"
    ),
    "numpy": _f("a = gradients.numpy()\n    return np.mean(np.linalg.norm(a - a.mean(0), axis=1) ** 2) / batch"),
}
WRONG["variance_against_batch"] = {
    "root": Wrong(_f("return (gradients.var(0, correction=0).sum() / batch).sqrt()"), _N),
    "batch_squared": Wrong(_f("return gradients.var(0, correction=0).sum() / batch**2"), _N),
    "n_minus_one": Wrong(_f("return gradients.var(0).sum() / batch"), _N),
    "not_divided": Wrong(_f("return gradients.var(0, correction=0).sum()"), _N),
    "mean_over_parameters": Wrong(_f("return gradients.var(0, correction=0).mean() / batch"), _N),
    "not_centred": Wrong(_f("return (gradients**2).sum(1).mean() / batch"), _N[1:]),
    "root_of_the_batch": Wrong(_f("return gradients.var(0, correction=0).sum() / math.sqrt(batch)"), _N),
    "centred_on_one_number": Wrong(_f("return (gradients - gradients.mean()).pow(2).sum(1).mean() / batch"), _N[1:]),
}

# ------------------------------------------------------------------------------------------------------------- the loop
_L = _both("sgd_loop")
_e, _s = _def("epoch_batches(n, batch, seed)"), _def("sgd(x, y, rate, batch, epochs, seed)")
_E1 = _e(
    "order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))\n    return list(order.split(batch))"
)
_S1 = _s(
    "theta = torch.zeros(x.shape[1]).double()\n    for e in range(epochs):\n"
    "        for i in epoch_batches(len(x), batch, seed + e):\n"
    "            g = x[i].T @ (torch.sigmoid(x[i] @ theta) - y[i]) / len(i)\n            theta = theta - rate * g\n"
    "    return theta"
)
_GAP = "\n\n"
RIGHT["sgd_loop"] = {
    "split": _E1 + _GAP + _S1,
    "slices, minibatch_gradient": _e(
        "order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))\n"
        "    return [order[i : i + batch] for i in range(0, n, batch)]"
    )
    + _GAP
    + _s(
        "theta = torch.zeros(x.size(1), dtype=x.dtype)\n    for e in range(epochs):\n"
        "        for index in epoch_batches(len(x), batch, seed + e):\n"
        "            theta -= rate * minibatch_gradient(theta, x, y, index)\n    return theta"
    ),
    "torch's optimiser": _E1
    + _GAP
    + _s(
        "theta = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)\n"
        "    optimiser = torch.optim.SGD([theta], lr=rate)\n    for e in range(epochs):\n"
        "        for i in epoch_batches(len(x), batch, seed + e):\n            optimiser.zero_grad()\n"
        "            loss(theta, x[i], y[i]).backward()\n            optimiser.step()\n    return theta.detach()"
    ),
    "sorted noise, numpy": _e(
        "order = torch.rand(n, generator=torch.Generator().manual_seed(seed)).argsort()\n"
        "    return torch.split(order, batch)"
    )
    + _GAP
    + _s(
        "X, Y, t = x.numpy(), y.numpy(), np.zeros(x.shape[1])\n    for e in range(epochs):\n"
        "        for i in epoch_batches(len(X), batch, seed + e):\n            i = i.numpy()\n"
        "            t = t - rate * (1 / (1 + np.exp(-X[i] @ t)) - Y[i]) @ X[i] / len(i)\n    return t"
    ),
}
RIGHT["sgd_loop"]["torch's loader"] = (
    _e(
        "g = torch.Generator().manual_seed(seed)\n"
        "    return list(torch.utils.data.DataLoader(range(n), batch_size=batch, shuffle=True, generator=g))"
    )
    + _GAP
    + _S1
)
_G0 = "g = torch.Generator().manual_seed(seed)\n    "
WRONG["sgd_loop"] = {
    "batches_shuffled_but_not_rows": Wrong(
        _e(
            _G0 + "b, k = list(torch.arange(n).split(batch)), n // batch\n"
            "    return [b[i] for i in torch.randperm(k, generator=g).tolist()] + b[k:]"
        )
        + _GAP
        + _S1,
        _L[1:],
    ),
    "begins_somewhere_and_goes_round": Wrong(
        _e(
            _G0 + "shift = int(torch.randint(n, (1,), generator=g))\n"
            "    return list(torch.arange(n).roll(shift).split(batch))"
        )
        + _GAP
        + _S1,
        _L[1:],
    ),
    "shuffled_within_batches_alone": Wrong(
        _e(_G0 + "return [b[torch.randperm(len(b), generator=g)] for b in torch.arange(n).split(batch)]") + _GAP + _S1,
        _L[1:],
    ),
    "the_same_order_each_epoch": Wrong(_E1 + _GAP + _S1.replace("seed + e", "seed"), _L[1:]),
    "last_batch_divided_by_batch": Wrong(_E1 + _GAP + _S1.replace("/ len(i)", "/ batch"), _L[1:]),
    "no_shuffling": Wrong(_e("return list(torch.arange(n).split(batch))") + _GAP + _S1, _L[1:]),
    "with_replacement": Wrong(
        _e(
            "g = torch.Generator().manual_seed(seed)\n"
            "    order = torch.randint(n, (n,), generator=g)\n    return list(order.split(batch))"
        )
        + _GAP
        + _S1,
        _L,
    ),
    "last_batch_dropped": Wrong(
        _E1.replace("list(order.split(batch))", "[b for b in order.split(batch) if len(b) == batch]") + _GAP + _S1, _L
    ),
    "every_seed_alike": Wrong(_E1.replace("manual_seed(seed)", "manual_seed(0)") + _GAP + _S1, _L[1:]),
    "number_of_batches_for_their_size": Wrong(_E1.replace("order.split(batch)", "order.chunk(batch)") + _GAP + _S1, _L),
    "first_batch_alone": Wrong(
        _E1
        + _GAP
        + _S1.replace("in epoch_batches(len(x), batch, seed + e):", "in epoch_batches(len(x), batch, seed)[:1]:"),
        _L[1:],
    ),
    "upwards": Wrong(_E1 + _GAP + _S1.replace("theta - rate * g", "theta + rate * g"), _L),
    "sum_over_the_batch": Wrong(_E1 + _GAP + _S1.replace(" / len(i)", ""), _L),
    "one_epoch_always": Wrong(_E1 + _GAP + _S1.replace("range(epochs)", "range(1)"), _L[1:]),
    "starts_at_random": Wrong(
        _E1 + _GAP + _S1.replace("torch.zeros(x.shape[1]).double()", "torch.randn(x.shape[1]).double()"), _L
    ),
    "whole_gradient_each_time": Wrong(
        _E1
        + _GAP
        + _S1.replace("x[i].T @ (torch.sigmoid(x[i] @ theta) - y[i])", "x.T @ (torch.sigmoid(x @ theta) - y)"),
        _L[1:],
    ),
}

# ------------------------------------------------------------------------------------------------------------- momentum
_f, _P = _def("momentum_step(theta, m, g, rate, mu)"), _both("momentum")
RIGHT["momentum"] = {
    "sum, then step": _f("m = mu * m + g\n    return theta - rate * m, m"),
    "torch.add": _f("m = torch.add(g, m, alpha=mu)\n    return torch.add(theta, m, alpha=-rate), m"),
    "written out": _f("return theta - rate * mu * m - rate * g, mu * m + g"),
    "in place": _f("m.mul_(mu).add_(g)\n    theta -= rate * m\n    return theta, m"),
    "a list": _f("new = m * mu\n    new = new + g\n    return [theta - new * rate, new]"),
}
WRONG["momentum"] = {
    "old_m_in_the_step": Wrong(_f("return theta - rate * m, mu * m + g"), _P),
    "running_mean": Wrong(_f("m = mu * m + (1 - mu) * g\n    return theta - rate * m, m"), _P),
    "minus_g": Wrong(_f("m = mu * m - g\n    return theta - rate * m, m"), _P),
    "upwards": Wrong(_f("m = mu * m + g\n    return theta + rate * m, m"), _P),
    "never_forgets": Wrong(_f("m = m + g\n    return theta - rate * m, m"), _P),
    "rate_in_the_sum": Wrong(_f("m = mu * m + rate * g\n    return theta - m, m"), _P),
    "forgets_at_once": Wrong(_f("return theta - rate * g, g"), _P),
    "nesterov": Wrong(_f("m = mu * m + g\n    return theta - rate * (g + mu * m), m"), _P),
    "other_order": Wrong(_f("m = mu * m + g\n    return m, theta - rate * m"), _P),
}

# ------------------------------------------------------------------------------------------------------- forgotten line
_f, _Z = _def("descend(theta, x, y, rate, steps)"), _both("forgot_zero_grad")
RIGHT["forgot_zero_grad"] = {
    "grad set to None": _f(
        "theta = theta.clone().requires_grad_()\n    for _ in range(steps):\n        theta.grad = None\n"
        "        loss(theta, x, y).backward()\n        with torch.no_grad():\n            theta -= rate * theta.grad\n"
        "    return theta.detach()"
    ),
    "zeroed afterwards": _f(
        "theta = theta.clone().requires_grad_()\n    for _ in range(steps):\n        loss(theta, x, y).backward()\n"
        "        theta.data -= rate * theta.grad\n        theta.grad.zero_()\n    return theta.data"
    ),
    "torch's optimiser": _f(
        "theta = theta.clone().requires_grad_()\n    optimiser = torch.optim.SGD([theta], lr=rate)\n"
        "    for _ in range(steps):\n        optimiser.zero_grad()\n        loss(theta, x, y).backward()\n"
        "        optimiser.step()\n    return theta.detach()"
    ),
    "autograd.grad": _f(
        "for _ in range(steps):\n        t = theta.detach().requires_grad_()\n"
        "        theta = theta - rate * torch.autograd.grad(loss(t, x, y), t)[0]\n    return theta.detach()"
    ),
    "by hand": _f(
        "for _ in range(steps):\n        theta = theta - rate * x.T @ (torch.sigmoid(x @ theta) - y) / len(x)\n"
        "    return theta"
    ),
}
_T = "theta = theta.clone().requires_grad_()\n    for _ in range(steps):\n        "
_W = "with torch.no_grad():\n            theta -= rate * theta.grad\n    return theta.detach()"
WRONG["forgot_zero_grad"] = {
    "unchanged": Wrong(_f("return their_descend(theta, x, y, rate, steps)"), _Z),
    "once_before_the_loop": Wrong(
        _f(
            "theta = theta.clone().requires_grad_()\n    theta.grad = None\n"
            "    for _ in range(steps):\n        loss(theta, x, y).backward()\n        " + _W
        ),
        _Z,
    ),
    "between_backward_and_the_step": Wrong(
        _f(_T + "loss(theta, x, y).backward()\n        theta.grad.zero_()\n        " + _W), _Z
    ),
    "theta_set_to_zero": Wrong(
        _f(_T + "theta.grad = None\n        theta.data.zero_()\n        loss(theta, x, y).backward()\n        " + _W),
        _Z,
    ),
    "upwards": Wrong(
        _f(_T + "theta.grad = None\n        loss(theta, x, y).backward()\n        " + _W.replace("-=", "+=")), _Z
    ),
    "smaller_rate": Wrong(_f("return their_descend(theta, x, y, rate / max(1, steps), steps)"), _Z),
    "averaged": Wrong(
        _f(
            _T.replace("for _ in range(steps)", "for s in range(steps)")
            + "loss(theta, x, y).backward()\n        "
            + _W.replace("theta.grad\n", "theta.grad / (s + 1)\n")
        ),
        _Z,
    ),
    "a_detached_copy_is_moved": Wrong(
        _f(
            _T + "theta.grad = None\n        loss(theta, x, y).backward()\n        free = theta.detach().clone()\n"
            "        free -= rate * theta.grad\n    return theta.detach()"
        ),
        _Z,
    ),
    "one_step_always": Wrong(_f("return their_descend(theta, x, y, rate, min(1, steps))"), _Z),
    "in_place": Wrong(
        _f(
            "for _ in range(steps):\n        theta -= rate * x.T @ (torch.sigmoid(x @ theta) - y) / len(x)\n"
            "    return theta"
        ),
        _Z,
    ),
}

# -------------------------------------------------------------------------------------------------------- learning rate
_f, _R = _def("after(w, curvature, rate, steps)"), _both("learning_rate")
_Q = 'guesses = ["slides", "swings", "flies"]\n\n\n'
_OK = _f("return w * (1 - rate * curvature) ** steps")
RIGHT["learning_rate"] = {
    "closed form": _Q + _OK,
    "step after step": 'guesses = ("flies", "flies", "flies")\n\n\n'
    + _f("for _ in range(steps):\n        w = w - rate * curvature * w\n    return w"),
    "a tensor": 'guesses = ["slides", "slides", "flies"]\n\n\n'
    + _f("factor = torch.tensor(1 - rate * curvature, dtype=torch.float64)\n    return w * factor.pow(steps)"),
    "numpy": 'guesses = ["swings", "slides", "slides"]\n\n\n'
    + _f("return np.prod([1.0 - rate * curvature] * steps) * w"),
}
WRONG["learning_rate"] = {
    "no_guesses": Wrong(_OK, _R[:1]),
    "two_guesses": Wrong('guesses = ["slides", "flies"]\n\n\n' + _OK, _R[:1]),
    "another_word": Wrong('guesses = ["down", "down", "up"]\n\n\n' + _OK, _R[:1]),
    "upwards": Wrong(_Q + _f("return w * (1 + rate * curvature) ** steps"), _R),
    "half_the_curvature": Wrong(_Q + _f("return w * (1 - rate * curvature / 2) ** steps"), _R),
    "straight_line": Wrong(_Q + _f("return w * (1 - steps * rate * curvature)"), _R),
    "exponential": Wrong(_Q + _f("return w * math.exp(-rate * curvature * steps)"), _R),
    "one_more": Wrong(_Q + _f("return w * (1 - rate * curvature) ** (steps + 1)"), _R),
    "without_the_start": Wrong(_Q + _f("return (1 - rate * curvature) ** steps"), _R[1:]),
    "never_crosses": Wrong(_Q + _f("return w * abs(1 - rate * curvature) ** steps"), _R),
}

# --------------------------------------------------------------------------------------------------------- explanations
EXPLANATIONS = {
    "why_noise_can_help": {
        "all four": Marked(
            "A mini-batch's gradient is right on average, so the steps go down in expectation; its squared error is "
            "sigma^2 / B. Sixty steps an epoch instead of one: my curve with batches of 20 was down after two epochs. "
            "Near the bottom the noise stays while the gradient goes, so one lowers the rate. Noise may get a network "
            "out of a saddle, though that is no theorem.",
            4,
            "All four, with the caution.",
        ),
        "half of it": Marked(
            "Noise helps to find the global minimum, and the batches are cheaper.",
            1,
            "Cheaper is right; 'the global minimum' is not promised. What does the noise cost at the bottom? A number "
            "from your notebook is missing.",
        ),
    }
}

# ----------------------------------------------------------------------------------------------------------- survivors
_WHY_0 = "no mistake: the step is added to float64, and a power of ten in float32 is near enough"
SURVIVORS = {
    "finite_differences: h * torch.eye(len(theta), dtype=theta.dtype) -> h * torch.eye(len(theta))": _WHY_0,
}

# -------------------------------------------------------------------------------------------------------- sample class
_ALL_RIGHT = {cell: next(iter(answers)) for cell, answers in RIGHT.items()}
SAMPLE_CLASS = {
    "all_right": {**_ALL_RIGHT, "why_noise_can_help": "all four"},
    "another_way": {cell: list(answers)[1] for cell, answers in RIGHT.items()} | {"why_noise_can_help": "half of it"},
    "untouched": {},
    "half_done": {cell: _ALL_RIGHT[cell] for cell in list(RIGHT)[:4]},
    "downhill": {**_ALL_RIGHT, "gradient_ascent_step": "minus", "gradient_by_hand": "truth_minus_prediction"},
    "forgets": {**_ALL_RIGHT, "forgot_zero_grad": "unchanged", "why_noise_can_help": "half of it"},
    "one_batch": {**_ALL_RIGHT, "sgd_loop": "first_batch_alone"},
    "several_mistakes": {
        **_ALL_RIGHT,
        "first_loss": "bits",
        "finite_differences": "one_side",
        "variance_against_batch": "root",
        "momentum": "running_mean",
    },
}
