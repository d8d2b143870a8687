"""Video action-recognition networks. A clip is N x C x T x H x W; the answer is N x classes."""

from models.checkpoint import LoadReport, load_checkpoint, load_image_checkpoint
from models.errors import CheckpointError, MissingLibraryError, NetworkError
from models.registry import Network, create_model, did_you_mean, get_network, list_models
from models.saved import load_model, save_checkpoint, save_weights

__all__ = [
    "CheckpointError",
    "LoadReport",
    "MissingLibraryError",
    "Network",
    "NetworkError",
    "create_model",
    "did_you_mean",
    "get_network",
    "list_models",
    "load_checkpoint",
    "load_image_checkpoint",
    "load_model",
    "save_checkpoint",
    "save_weights",
]
