"""The classifier at the end of every network of the comparison."""

from torch import Tensor, nn

DROPOUT = 0.5  # published training setting of all these networks


class ConsensusHead(nn.Module):
    """Dropout and a linear layer for each frame; a clip's logits are the mean of its frames'."""

    def __init__(self, features: int, num_classes: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear(features, num_classes)
        nn.init.normal_(self.classifier.weight, 0, 0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, features: Tensor, clips: int) -> Tensor:
        """Map (N*T) x features of N `clips`, frame after frame, to N x classes."""
        logits = self.classifier(self.dropout(features))  # (N*T) x classes
        return logits.unflatten(0, (clips, -1)).mean(dim=1)  # N x classes
