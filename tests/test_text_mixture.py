"""The mixture that codes text in the compression benchmark: always a distribution, and its files decode."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dgmlib.compression import WrongDecoder, compress, decompress, size
from dgmlib.likelihood import to_bits

PATH = Path(__file__).parents[1] / "benchmarks" / "text_mixture.py"
spec = importlib.util.spec_from_file_location("text_mixture", PATH)
text_mixture = sys.modules["text_mixture"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(text_mixture)

V = 5


@pytest.fixture(scope="module")
def text():
    """Words of a language with few words, so that longer contexts help; and all five characters."""
    generator = torch.Generator().manual_seed(0)
    words = [[0, 1, 2, 4], [2, 1, 4], [3, 3, 0, 4], [1, 0, 2, 2, 4]]
    return torch.tensor([x for k in torch.randint(4, (260,), generator=generator) for x in words[k]])


@pytest.fixture(scope="module")
def network(text):
    return text_mixture.train_network(text[:600].repeat(6), V, hidden=8, steps=20)


def mixture(x, network=None, **options):
    options = {"memory": 3, "mixing_rate": 0.02, "network_rate": 0.1} | options
    return text_mixture.Mixture((len(x),), V, network=network, **options)


def bits(model, x):
    return to_bits(-model.log_prob(x[None]).item())


@pytest.mark.parametrize("discount", [0.1, 0.9, 1.0])
def test_every_prediction_of_the_counts_is_a_distribution_without_zeros(text, discount):
    counts = text_mixture.Counts(V, 3, discount)
    for x in [0, 0, 0, 1, *text[:300].tolist()]:
        for p in counts.predict():
            assert abs(p.sum() - 1) < 1e-12 and p.min() > 0
        counts.learn(x)
    assert len(counts.predict()) == 4


def test_the_counts_are_kneser_ney():
    """By hand: a b a c a b a, with discount 1/2 and one character of context."""
    counts = text_mixture.Counts(3, 1, 0.5)
    for x in [0, 1, 0, 2, 0, 1, 0]:
        counts.learn(x)
    # after a: b twice, c once. Below, each character counts in how many contexts it came up: the text's beginning and
    # b and c before a, a before b, a before c; a second a after b is not told.
    shorter = np.array([(3 - 0.5), (1 - 0.5), (1 - 0.5)]) / 5 + 0.5 * 3 / 5 / 3
    longer = np.array([0, 2 - 0.5, 1 - 0.5]) / 3 + 0.5 * 2 / 3 * shorter
    np.testing.assert_allclose(counts.predict(), [shorter, longer], atol=1e-15)


def test_every_prediction_of_the_mixture_is_a_distribution_without_zeros(text, network):
    reader = mixture(text, network, before=text[:200]).init_state(1)
    for x in text[200:600].tolist():
        p = np.exp(reader.predict())
        assert abs(p.sum() - 1) < 1e-12 and p.min() > 0
        reader.learn(x)


@pytest.mark.parametrize("rate", [0.0, 0.1])
@pytest.mark.parametrize("halves", ["both", "counts"])
def test_what_is_coded_comes_back_and_has_the_promised_length(text, network, halves, rate):
    x = text[600:]
    model = mixture(x, network if halves == "both" else None, before=text[:600], network_rate=rate)
    file = compress(model, x[None])
    assert torch.equal(decompress(model, file)[0], x)
    assert bits(model, x) <= 8 * size(file).payload <= 1.0005 * bits(model, x) + 64
    assert model.fingerprint() == mixture(x, model.network, before=text[:600]).fingerprint()  # nothing has learnt in it


def test_each_part_earns_its_place(text, network):
    x = text[600:]
    whole = bits(mixture(x, network, before=text[:600]), x)
    assert whole < bits(mixture(x, network), x)
    assert whole < bits(mixture(x, network, before=text[:600], memory=1), x)
    assert bits(mixture(x, before=text[:600]), x) < bits(mixture(x), x) < len(x) * np.log2(V)


def test_a_decoder_with_another_past_is_refused(text, network):
    x = text[600:]
    file = compress(mixture(x, network, before=text[:600]), x[None])
    with pytest.raises(WrongDecoder, match="model"):
        decompress(mixture(x, network, before=text[:599]), file)


class Peeking(text_mixture.Mixture):
    """Wrong: counts each character before it is predicted."""

    answers = iter(())

    def step(self, x_prev, state):
        counts, x, past = state.counts, next(self.answers, 0), state.counts.past
        counts.learn(x)
        now, counts.past = counts.past, past
        logits = torch.from_numpy(np.log(counts.predict()[-1]))[None]
        counts.past = now
        return logits, state


def test_who_peeks_has_a_shorter_code_that_does_not_decode(text):
    honest, peeking = mixture(text, mixing_rate=0.0), Peeking((len(text),), V, memory=3)
    peeking.answers = iter(text.tolist())
    file = compress(peeking, text[None])
    assert size(file).payload < size(compress(honest, text[None])).payload
    with pytest.raises(WrongDecoder, match="decodes to something else"):
        decompress(peeking, file)


def test_no_prediction_sees_its_character_or_later_ones(text, network):
    x = text[600:700]
    other = torch.cat([x[:70], (x[70:] + 1) % V])
    model = mixture(x, network, before=text[:600])
    first, second = model(x[None])[0], model(other[None])[0]
    assert torch.equal(first[:71], second[:71]) and not torch.equal(first[71], second[71])


def test_a_text_is_read_alone(text):
    with pytest.raises(ValueError, match="got 2 examples, wanted one"):
        mixture(text[:10]).log_prob(text[:20].view(2, 10))
