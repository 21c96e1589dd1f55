import torch

torch.manual_seed(0)
_data = torch.utils.data.TensorDataset(torch.rand(16, 3, 64, 64), torch.zeros(16, dtype=torch.long))
_loader = torch.utils.data.DataLoader(_data, batch_size=8)
_model = torch.nn.Conv2d(3, 3, 1)
_before = [each.detach().clone() for each in _model.parameters()]
_trained, _losses = train_ae(_model, _loader, epochs=20)
assert len(_losses) == 20, "there should be one loss an epoch"
assert _losses[-1] < _losses[0], "the loss should fall"
assert any((a != b.cpu()).any() for a, b in zip(_before, _trained.parameters())), "the model should have been trained"
