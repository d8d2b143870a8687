"""Video action-recognition networks. A clip is N x C x T x H x W; the answer is N x classes."""

from models.errors import NetworkError
from models.registry import create_model, did_you_mean, get_network, list_models

__all__ = ["NetworkError", "create_model", "did_you_mean", "get_network", "list_models"]
