import torch

torch.manual_seed(0)
_data = torch.utils.data.TensorDataset(torch.rand(16, 3, 64, 64), torch.randint(0, 10, (16,)))
_loader = torch.utils.data.DataLoader(_data, batch_size=8)
for _supervised in (False, True):
    _small = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Conv2d(3, 4, 1))
    _head = torch.nn.Linear(64, 10)
    _before = [each.detach().clone() for each in _small.parameters()]
    _head_before = _head.weight.detach().clone()
    _trained = train_classifier(_small, _head, _loader, epochs=3, supervised=_supervised)
    _changed = any((a != b.detach().cpu()).any() for a, b in zip(_before, _small.parameters()))
    assert _changed == _supervised, "the encoder should change if, and only if, it is supervised"
    assert (_head_before != _head.weight.detach().cpu()).any(), "the classifier should have been trained"
