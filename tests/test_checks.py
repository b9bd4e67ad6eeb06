"""Each check lets right answers through, whatever their type, and says of a wrong one what came and where to look."""

import re

import numpy as np
import pytest
import torch

from dgmlib import checks
from dgmlib.checks import (
    close_to,
    equal_to,
    fresh_questions,
    has_shape,
    looks_only_back,
    random_joint,
    samples_follow,
    sums_to_one,
)

SEE = "chain_rule: Log space"


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


# What first attempts return: none of these may crash a check, pass it, or leave its reader without a hint.
NO_NUMBERS = {
    "none": None,
    "a string": "0.5",
    "a function": len,
    "a generator": (i for i in range(3)),
    "a dict": {"p": 0.5},
    "a set": {0.5},
    "an ellipsis": ...,
    "complex": torch.tensor([1j]),
    "ragged": [[1.0], [1.0, 2.0]],
    "tensors of unequal length": [torch.zeros(2), torch.zeros(3)],
    "a list with None": [0.5, None],
    "an array of objects": np.array([None, 1.0], dtype=object),
    "an array of strings": np.array(["a"]),
    "truth values": torch.tensor([True]),
    "a class with a broken repr": Broken(),
    "a distribution": torch.distributions.Bernoulli(probs=torch.tensor(0.5)),
}


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize(
    "check",
    [
        lambda v: close_to(v, [0.5], "the answer", see=SEE),
        lambda v: equal_to(v, 3, "the answer", see=SEE),
        lambda v: has_shape(v, (1,), "the answer", see=SEE),
        lambda v: sums_to_one("the answer", probs=v, see=SEE),
        lambda v: sums_to_one("the answer", log_probs=v, see=SEE),
        lambda v: samples_follow(v, torch.tensor([0.5, 0.5]), "the answer", see=SEE),
        lambda v: looks_only_back(lambda x: v, torch.zeros(1, 1, dtype=torch.long), "the answer", see=SEE),
    ],
    ids=["close_to", "equal_to", "has_shape", "sums_to_one", "log_probs", "samples_follow", "looks_only_back"],
)
def test_no_numbers_fail_with_a_message(check, value):
    with pytest.raises(AssertionError) as failure:
        check(value)
    message = str(failure.value)
    assert message.startswith("the answer\n  expected  ")
    assert "\n  came      " in message
    assert message.endswith('look in the book: chapter chain_rule, section "Log space"')
    assert len(message) < 500


def test_none_is_explained():
    with pytest.raises(AssertionError, match="reaches no `return`"):
        close_to(None, 1.0, "the answer")


@pytest.mark.parametrize(
    "value",
    [
        [0.25, 0.75],
        (0.25, 0.75),
        np.array([0.25, 0.75]),
        torch.tensor([0.25, 0.75], dtype=torch.float32),
        torch.tensor([0.25, 0.75], requires_grad=True),
        torch.tensor([0.25, 0.75]).to_sparse(),
        [torch.tensor(0.25), np.float32(0.75)],
    ],
)
def test_close_to_takes_any_array(value):
    close_to(value, [0.25, 0.75], "p")
    with pytest.raises(AssertionError, match=r"differs by up to 0.25 at index 1: expected 0.5, came 0.75"):
        close_to(value, [0.25, 0.5], "p")


def test_close_to_leaves_room_for_float32_and_no_more():
    exact = torch.full((784,), 1 / 3, dtype=torch.float64).log().sum()
    close_to(torch.full((784,), 1 / 3, dtype=torch.float32).log().sum(), exact, "log_prob")
    with pytest.raises(AssertionError):
        close_to(exact * 1.0001, exact, "log_prob")


def test_close_to_knows_infinity_from_nan_and_from_large():
    close_to([-np.inf, 0.0], [-np.inf, 0.0], "log_prob")
    for wrong in (-1e300, np.inf, np.nan):
        with pytest.raises(AssertionError):
            close_to([wrong, 0.0], [-np.inf, 0.0], "log_prob")
    with pytest.raises(AssertionError, match="1 of 2 is NaN"):
        close_to([np.nan, 0.0], [1.0, 0.0], "log_prob")
    with pytest.raises(AssertionError, match="came      inf"):
        close_to(np.inf, 1.0, "log_prob")


def test_close_to_takes_whole_numbers_beyond_64_bits():
    close_to([2**70, 1], [2.0**70, 1.0], "the counts")
    with pytest.raises(AssertionError, match="expected  a number"):
        close_to(10**400, 1.0, "the count")


def test_close_to_never_broadcasts():
    for wrong, came in (([[0.5], [0.5]], "(2, 1)"), (0.5, "one number"), ([0.5], "(1,)"), ([], "(0,)")):
        with pytest.raises(AssertionError, match=re.escape(came)):
            close_to(wrong, [0.5, 0.5], "p")


@pytest.mark.parametrize("expected", [None, "0.5", float("nan"), [1.0, float("nan")]])
def test_a_wrong_check_is_not_blamed_on_the_student(expected):
    with pytest.raises(ValueError, match="expected: got"):
        close_to(0.5, expected, "p")


def test_equal_to_is_exact_at_any_size():
    for right in (2**784 - 1, torch.tensor(7), np.int64(7), torch.tensor([7])):
        equal_to(right, int(right), "the count")
    for wrong in (2**784, 2.0**784 - 1, "7", True):
        with pytest.raises(AssertionError):
            equal_to(wrong, 2**784 - 1, "the count")
    with pytest.raises(AssertionError, match="a float: use whole numbers"):
        equal_to(3.0, 3, "the count")
    with pytest.raises(AssertionError):
        equal_to(1, True, "the answer")


def test_equal_to_compares_arrays_entry_by_entry():
    equal_to(torch.tensor([[0, 1], [1, 0]]), [[0, 1], [1, 0]], "the points")
    equal_to(np.array([True, False]), [True, False], "the points")
    with pytest.raises(AssertionError, match=r"1 of 4 differ, the first at index \[1, 0\]"):
        equal_to(torch.tensor([[0, 1], [0, 0]]), [[0, 1], [1, 0]], "the points")
    equal_to("float64", "float64", "the dtype")
    with pytest.raises(AssertionError, match="expected  'float64'\n  came      'float32'"):
        equal_to("float32", "float64", "the dtype")


def test_has_shape():
    has_shape(torch.zeros(3, 2, dtype=torch.long), (None, 2), "x", whole=True)
    with pytest.raises(AssertionError, match=r"expected  shape \(any, 2\)\n  came      shape \(2, 3\)"):
        has_shape(torch.zeros(2, 3), (None, 2), "x")
    with pytest.raises(AssertionError, match=r"expected  integers.*\n  came      torch.float32"):
        has_shape(torch.zeros(3, 2, dtype=torch.float32), (None, 2), "x", whole=True)
    with pytest.raises(AssertionError, match="1 of 2 entries are NaN"):
        has_shape(torch.tensor([0.0, float("nan")]), (2,), "x")


def test_sums_to_one():
    p = torch.softmax(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), -1)
    sums_to_one("p", probs=p, dim=-1)
    sums_to_one("p", log_probs=p.log(), dim=1)
    sums_to_one("p", probs=p / 3)
    sums_to_one("p", log_probs=torch.tensor([0.0, -float("inf")]))  # a certain value and an impossible one
    for wrong in ({"probs": p, "dim": 0}, {"probs": p}, {"log_probs": p, "dim": -1}, {"probs": p[0, 0], "dim": 1}):
        with pytest.raises(AssertionError):
            sums_to_one("p", **wrong)
    with pytest.raises(AssertionError, match="are these logarithms"):
        sums_to_one("p", probs=p.log(), dim=-1)
    with pytest.raises(AssertionError, match="NaN"):
        sums_to_one("p", probs=p * float("nan"), dim=-1)
    with pytest.raises(AssertionError):
        sums_to_one("p", probs=torch.tensor([1.5, -0.5]))
    with pytest.raises(ValueError, match="got both"):
        sums_to_one("p", probs=p, log_probs=p.log())


def logits(x, diagonal):
    weights = torch.tril(torch.ones(x[0].numel(), x[0].numel()), diagonal)
    return (x.flatten(1).to(weights) @ weights.T).view(x.shape)


@pytest.mark.parametrize("event", [(5,), (1, 2, 3)])
def test_looks_only_back(event):
    x = torch.randint(2, (4, *event), generator=torch.Generator().manual_seed(0))
    looks_only_back(lambda x: logits(x, -1), x, "the logits")
    looks_only_back(lambda x: logits(x, -1)[..., None].expand(*x.shape, 3), x, "the logits", values=3)
    with pytest.raises(AssertionError, match="sees the very variable"):
        looks_only_back(lambda x: logits(x, 0), x, "the logits")
    with pytest.raises(AssertionError, match=r"the output at position 0 not to depend on x\[1\](.|\n)*sees the future"):
        looks_only_back(lambda x: logits(x, 1) - logits(x, 0), x, "the logits")
    with pytest.raises(AssertionError, match="expected  shape"):
        looks_only_back(lambda x: logits(x, -1).flatten(1)[:, 1:], x, "the logits")
    with pytest.raises(AssertionError, match="outputs are NaN"):
        looks_only_back(lambda x: logits(x, -1) * float("nan"), x, "the logits")


def draw(p, count, seed):
    flat = torch.multinomial(p.flatten(), count, replacement=True, generator=torch.Generator().manual_seed(seed))
    return torch.stack(torch.unravel_index(flat, p.shape), -1)


def test_samples_follow_their_own_distribution_at_every_seed():
    for seed in range(50):
        p = random_joint((2, 3, 2), torch.Generator().manual_seed(seed))
        samples_follow(draw(p, 5000, seed), p, "the samples")


def test_samples_of_another_distribution_are_found_at_every_seed():
    for seed in range(50):
        p = random_joint((2, 2, 2), torch.Generator().manual_seed(seed))
        independent = torch.einsum("a,b,c->abc", p.sum((1, 2)), p.sum((0, 2)), p.sum((0, 1)))
        with pytest.raises(AssertionError, match="how often each point came"):
            samples_follow(draw(independent, 20000, seed), p, "the samples")


def test_samples_that_cannot_be():
    p = torch.tensor([[0.5, 0.5], [0.0, 0.0]])
    with pytest.raises(AssertionError, match=r"x = \(1, 0\) never"):
        samples_follow(torch.tensor([[0, 0], [1, 0]]), p, "x")
    with pytest.raises(AssertionError, match=r"values 0\.\.1"):
        samples_follow(torch.tensor([[0, 2]]), p, "x")
    with pytest.raises(AssertionError, match="came      none"):
        samples_follow(torch.zeros(0, 2, dtype=torch.long), p, "x")
    with pytest.raises(AssertionError, match="expected  integers"):
        samples_follow(torch.zeros(4, 2), p, "x")


def test_questions_are_fresh_for_each_seed_and_each_check(monkeypatch):
    def first(name):
        return torch.randint(2**60, (1,), generator=fresh_questions(name)).item()

    monkeypatch.delenv(checks.SEED, raising=False)
    assert first("a") == first("a") != first("b")
    before = first("a")
    monkeypatch.setenv(checks.SEED, "spring")
    assert first("a") == first("a") != before


def test_random_joint_is_a_distribution_with_a_floor():
    for seed in range(20):
        p = random_joint((3, 2, 2), torch.Generator().manual_seed(seed))
        sums_to_one("p", probs=p, atol=1e-12)
        assert p.min() >= 0.2 / 12
