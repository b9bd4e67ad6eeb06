"""dependency_matrix against models whose dependencies are known because they were made so."""

import pytest
import torch
from oracles import randomise
from torch import nn

from dgmlib.causality import dependency_matrix, is_causal, receptive_field
from dgmlib.model import AutoregressiveModel
from dgmlib.models import FVSBN, RNADE, Table


class Chosen(AutoregressiveModel):
    """Logits that depend on exactly the variables that a given matrix says."""

    def __init__(self, depends):
        super().__init__((len(depends),), 3)
        self.weight = nn.Parameter(torch.randn(len(depends), len(depends), 3) * depends[..., None])

    def forward(self, x):
        return torch.einsum("bj,ijv->biv", x.double(), self.weight)


def test_every_dependency_is_found_and_no_other():
    for seed in range(10):
        depends = torch.rand(6, 6, generator=torch.Generator().manual_seed(seed)) < 0.4
        assert torch.equal(dependency_matrix(Chosen(depends)), depends)


def test_one_dependency_that_is_faint_is_found():
    depends = torch.zeros(4, 4)
    depends[1, 3] = 1e-9
    assert dependency_matrix(Chosen(depends)).nonzero().tolist() == [[1, 3]]


def test_a_batch_of_any_size_gives_no_false_dependency():
    """Rounding in matrix products depends on a row's place; a comparison across rows would find leaks that are none."""
    model = randomise(FVSBN((67,), 2)).float()
    assert is_causal(model)


def test_causal_means_in_the_models_order():
    order = torch.tensor([2, 0, 1])
    model = randomise(FVSBN((3,), 2, order=order))
    assert is_causal(model)
    assert dependency_matrix(model).int().tolist() == [[0, 0, 1], [1, 0, 1], [0, 0, 0]]
    assert not is_causal(Chosen(torch.eye(3)))
    assert not is_causal(Chosen(torch.ones(3, 3).triu(1)))


def test_a_receptive_field_has_the_shape_of_the_event():
    model = randomise(Table((1, 3, 3), 2))
    field = receptive_field(model, 4)
    assert field.shape == (1, 3, 3)
    assert field.flatten().tolist() == [True] * 4 + [False] * 5


@pytest.mark.parametrize("position", [-1, 9, 1.0, True])
def test_a_position_outside_is_named(position):
    with pytest.raises(ValueError, match=f"position: got {position}, wanted an integer 0..8"):
        receptive_field(Table((1, 3, 3), 2), position)


@pytest.mark.parametrize("trials", [0, 1.5])
def test_a_wrong_number_of_trials_is_named(trials):
    with pytest.raises(ValueError, match=f"trials: got {trials}"):
        dependency_matrix(Table((2,), 2), trials=trials)


def test_a_model_of_nan_depends_on_nothing_that_could_be_said():
    model = FVSBN((3,), 2)
    model.bias.data[0] = float("nan")
    with pytest.raises(ValueError, match="model: predicts NaN"):
        is_causal(model)


@pytest.mark.parametrize("model", [FVSBN((3,), 2), RNADE((3,), components=2)], ids=["values", "reals"])
def test_nothing_is_made_on_a_default_device(model):
    """On "meta", which stands for any other device, there would be no numbers to compare."""
    model = randomise(model)
    with torch.device("meta"):
        matrix, field = dependency_matrix(model), receptive_field(model, 1)
    assert torch.equal(matrix, torch.ones(3, 3).tril(-1).bool()) and torch.equal(field, matrix[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_model_and_generator_may_be_on_different_devices():
    for of_model, of_generator in [("cuda", "cpu"), ("cpu", "cuda"), ("cuda", "cuda")]:
        model = randomise(FVSBN((3,), 2)).to(of_model)
        matrix = dependency_matrix(model, generator=torch.Generator(of_generator).manual_seed(0))
        assert torch.equal(matrix, torch.ones(3, 3).tril(-1).bool())


def test_many_variables_pass_through_in_parts():
    model = randomise(FVSBN((300,), 2))
    assert torch.equal(dependency_matrix(model, trials=1), torch.ones(300, 300).tril(-1).bool())
