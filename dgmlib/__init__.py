"""Autoregressive generative models and maximum likelihood learning, held to laws."""

import os

# Apple's GPUs lack some of torch's operations. With this, torch computes them on the CPU and warns of each by name. It
# is read when torch is imported; where that came first, torch's error says the same.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

__version__ = "0.1.0"
