"""What all tests share: doubles, fixed seeds, one thread."""

import os

import pytest
import torch

torch.set_num_threads(1)  # the models are small: more threads cost more than they bring


@pytest.fixture(autouse=True)
def exact():
    """Laws are stated in float64; a test that draws without a generator draws the same each time."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    torch.distributions.Distribution.set_default_validate_args(True)  # torch.compile turns it off for all that follow
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(autouse=True, scope="module")
def environment_as_it_was():
    """What a file's tests set, such as the paths that nbgrader_config.py sets for kernels, is not left to the next."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
