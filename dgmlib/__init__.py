"""Autoregressive generative models and maximum likelihood learning, held to laws."""

__version__ = "0.1.0"
