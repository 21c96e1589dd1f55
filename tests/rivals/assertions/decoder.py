import torch

_decoder = Decoder()
_images = _decoder(torch.rand(2, 24, 4, 4))
assert _images.shape == (2, 3, 64, 64), f"the decoder should return (2, 3, 64, 64), not {tuple(_images.shape)}"
assert ((_images >= 0) & (_images <= 1)).all(), "the decoder should end with a sigmoid"
_convolutions = [each for each in _decoder.modules() if isinstance(each, torch.nn.ConvTranspose2d)]
assert [each.in_channels for each in _convolutions] == [24, 48, 24, 12], "the decoder has other layers"
