import torch

_encoder = Encoder()
_features = _encoder(torch.rand(2, 3, 64, 64))
assert _features.shape == (2, 24, 4, 4), f"the encoder should return (2, 24, 4, 4), not {tuple(_features.shape)}"
assert (_features >= 0).all(), "the encoder should end with a ReLU"
_convolutions = [each for each in _encoder.modules() if isinstance(each, torch.nn.Conv2d)]
assert [each.out_channels for each in _convolutions] == [12, 24, 48, 24], "the encoder has other layers"
