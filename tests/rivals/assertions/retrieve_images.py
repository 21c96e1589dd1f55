import sys
import types
from unittest import mock

import numpy
import torch


class _Tokenizer:
    @classmethod
    def from_pretrained(cls, *_, **__):
        return cls()

    def __call__(self, texts, **_):
        tokens = torch.ones(len(texts), 3, dtype=torch.long)
        return {"input_ids": tokens, "attention_mask": tokens}

    def encode_plus(self, text, **_):
        return self([text])


DistilBertTokenizer = _Tokenizer
clip_tokenizer = tokenizer = _Tokenizer()
torch.manual_seed(0)
_texts = torch.nn.functional.normalize(torch.randn(1, 6), dim=1)
_images = torch.nn.functional.normalize(torch.randn(20, 6), dim=1)
_model = types.SimpleNamespace(
    text_encoder=lambda input_ids=None, attention_mask=None: _texts,
    text_projection=lambda x: x,
    eval=lambda: None,
    to=lambda *_: _model,
)
_names = [f"{number}.jpg" for number in range(20)]
sys.modules["cv2"] = cv2 = mock.MagicMock()
plt = mock.MagicMock()
plt.subplots.side_effect = lambda *_, **__: (mock.Mock(), numpy.full((3, 3), mock.Mock(), dtype=object))
_matches = retrieve_images(_model, _images, "a dog", _names, k=9)
if _matches is None:  # the function only shows them
    _matches = [call.args[0].split("/")[-1] for call in cv2.imread.call_args_list]
_expected = [_names[place] for place in (_texts @ _images.T).squeeze(0).argsort(descending=True)[:9]]
assert list(_matches) == _expected, f"the matches should be the nine best, best first, not {_matches}"
