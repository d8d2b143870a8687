import torch

from models.head import ConsensusHead


def test_a_clips_logits_are_the_mean_of_its_frames() -> None:
    head = ConsensusHead(2, 3).eval()
    with torch.no_grad():
        head.classifier.weight.copy_(torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
        head.classifier.bias.copy_(torch.tensor([0.0, 0, 10]))
    features = torch.tensor([[1.0, 2], [3, 4], [10, 20], [30, 40]])  # two clips of two frames
    assert head(features, 2).tolist() == [[2, 3, 15], [20, 30, 60]]
    assert head(features, 1).tolist() == [[11, 16.5, 37.5]]


def test_a_classifier_starts_small_and_without_a_bias() -> None:
    torch.manual_seed(0)
    head = ConsensusHead(1000, 100)
    assert 0.0009 < head.classifier.weight.std() < 0.0011
    assert not head.classifier.bias.any()


def test_features_are_dropped_in_training_alone() -> None:
    head = ConsensusHead(64, 1)
    with torch.no_grad():
        head.classifier.weight.fill_(1.0)
    features = torch.ones(2, 64)
    assert head.eval()(features, 1).item() == 64
    torch.manual_seed(0)
    assert head.train()(features, 1).item() != 64
    assert head.dropout.p == 0.5
