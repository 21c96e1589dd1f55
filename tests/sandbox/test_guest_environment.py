"""What code from a Colab of 2022 finds in a guest: no GPU, packages that are missing, plots that nobody sees."""

import ast
import importlib.util

import pytest

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Fault, Reply
from autograder.ps7.student.assignment import PS7
from tests.sandbox.asking import program

PROBES = "tests.sandbox.asking"
WORKS = {
    "cuda method": "import torch\nvalue = torch.ones(2).cuda().sum().item()",
    "to cuda": "import torch\nvalue = torch.ones(2).to('cuda:0').sum().item()",
    "to a device object": "import torch\nvalue = torch.ones(2).to(torch.device('cuda')).sum().item()",
    "device keyword": "import torch\nvalue = torch.ones(2, device='cuda').sum().item()",
    "device number": "import torch\nvalue = torch.ones(2).to(0).sum().item()",
    "get_device": "import torch\nx = torch.ones(2)\nvalue = float(torch.arange(3, device=x.get_device())[2])",
    "module": "import torch\nvalue = float(sum(p.numel() for p in torch.nn.Linear(1, 1).cuda().to('cuda').parameters()))",
    "mps": "import torch\nvalue = torch.ones(2, device=torch.device('mps')).to('mps:0').sum().item()",
    "xpu": "import torch\nvalue = float(torch.nn.Linear(1, 1).xpu().to('xpu').weight.numel()) + torch.ones(1).xpu().item()",
    "another": "import torch\nvalue = torch.ones(2, device='cuda:1').pin_memory().sum().item()",
    "mps autocast": "import torch\nwith torch.autocast('mps'):\n    value = torch.ones(2).sum().item()",
    "mps housekeeping": "import torch\ntorch.mps.manual_seed(0)\ntorch.mps.empty_cache()\nvalue = 2.0 + torch.mps.current_allocated_memory()",
    "generator": "import torch\nmake = torch.Generator(device='cuda').manual_seed(0)\nvalue = float(torch.randperm(2, generator=make).sum()) + 1",
    "autocast": "import torch\nwith torch.autocast('cuda', dtype=torch.float16):\n    value = torch.ones(2).sum().item()",
    "old autocast": "import torch\nwith torch.cuda.amp.autocast():\n    value = torch.ones(2).sum().item()",
    "scaler": "import torch\nscaler = torch.cuda.amp.GradScaler()\nvalue = scaler.scale(torch.ones(2)).sum().item()",
    "seeds": "import torch\ntorch.cuda.manual_seed_all(0)\ntorch.cuda.synchronize()\nvalue = 2.0",
    "compile": "import torch\nvalue = torch.compile(lambda x: x + 1)(1.0)",
    "compile decorator": "import torch\n@torch.compile(mode='max-autotune')\ndef f(x): return x + 1\nvalue = f(1.0)",
    "half precision is not tried": "import torch\nwith torch.autocast('cpu', dtype=torch.float16):\n    value = float((torch.ones(1, 2) @ torch.ones(2, 1)).dtype == torch.float32) + 1",
    "events": "import torch\nstart, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event()\nstart.record(); end.record()\nvalue = 2.0 if start.elapsed_time(end) >= 0 else 0.0",
    "a GPU for the notebook": "import torch\nvalue = 1.0 + torch.cuda.is_available() + 0 * torch.cuda.get_device_properties(0).total_memory",
    "a folder that nothing has made": "import torch\ntorch.save(torch.ones(2), '/content/drive/MyDrive/x/ones.pt')\nvalue = torch.load('/content/drive/MyDrive/x/ones.pt').sum().item()",
    "bars of tqdm.contrib": "from tqdm.contrib import tenumerate, tzip\nvalue = float(sum(i for i, _ in tenumerate([5, 5])) + sum(a for a, _ in tzip([1], [2])))",
    "a histogram": "import matplotlib.pyplot as plt\ncounts, edges, _ = plt.hist([0.1, 0.9], bins=4)\nvalue = float(counts.sum())",
    "scikit-learn": "from sklearn.metrics import accuracy_score\nvalue = 1.0 + accuracy_score([1, 2], [1, 2])",
    "shell lines": "get_ipython().system('ls')\nvalue = 2.0",
    "workers": "from torch.utils.data import DataLoader\nvalue = float(sum(x.sum() for x in DataLoader([1., 1.], pin_memory=True)))",
    "missing packages": "import cv2, albumentations as A, torchsummary, google.colab\nfrom google.colab import drive\n"
    "drive.mount('/x')\nt = A.Compose([A.Resize(1, 1, always_apply=True)])\nvalue = 2.0",
    "plots": "import matplotlib.pyplot as plt\nf, a = plt.subplots(3, 3)\nfor x in a.flatten(): x.imshow(1)\na[1, 2].set_title('')\n"
    "plt.show()\nvalue = 2.0 if a.shape == (3, 3) else 0",
    "bars": "from tqdm import tqdm_notebook, trange\nb = tqdm_notebook([1.0, 1.0])\nb.set_postfix(a=1)\nvalue = sum(b) * len(b) / 2",
    "one axis": "import matplotlib.pyplot as plt\nf, a = plt.subplots()\na.plot([1])\nvalue = 2.0",
    "lazy weights": "import torchvision\nfrom torchvision.models import resnet50, ResNet50_Weights\n"
    "def make(weights=ResNet50_Weights.IMAGENET1K_V2): return resnet50(weights)\nvalue = 2.0",
    "tokenizer": "from transformers import DistilBertTokenizer\nt = DistilBertTokenizer.from_pretrained('x')\n"
    "e = t(['a dog', 'a'], padding=True, truncation=True, max_length=200)\nvalue = float(len(e['input_ids'][1]) - e.attention_mask[1][3] - 2)",
    "optimizers without the compiler": "import torch, sys\np = torch.nn.Parameter(torch.ones(1))\no = torch.optim.Adam([p])\n"
    "p.sum().backward()\no.step()\nvalue = 0.0 if 'sympy' in sys.modules else 2.0",
}


@pytest.mark.parametrize("text", WORKS.values(), ids=WORKS.keys())
def test_it_works_here_too(sandbox, text):
    with sandbox.open(PROBES, program(text), 30.0) as session:
        outcome = session.ask("value", {})
    assert outcome == Reply(facts={"value": 2.0}, arrays={}), outcome


@pytest.mark.slow
def test_a_lazy_package_is_real_once_it_is_used(sandbox):
    text = "import torch, torchvision\nclass N(torchvision.models.ResNet): pass\n"
    text += "value = float(torchvision.transforms.CenterCrop(2)(torch.ones(1, 4, 4)).sum()) / 2"
    with sandbox.open(PROBES, program(text), 60.0) as session:
        assert session.ask("value", {}) == Reply(facts={"value": 2.0}, arrays={})


@pytest.mark.parametrize(
    "source",
    [
        "def value():\n    import no_such_package\n    return 1",
        "import no_such_package\ndef value():\n    return no_such_package.one()",
        "import no_such_package.inside as n\nclass Base(n.Module): ...\nclass value(Base): ...",
    ],
)
def test_a_package_that_is_not_installed_is_the_graders_fault(sandbox, source):
    statements = [Source(1, number, text, binds) for number, (text, binds) in enumerate(_statements(source), start=1)]
    with sandbox.open(PROBES, statements, 30.0) as session:
        outcome = session.ask("call", {})
    assert isinstance(outcome, Fault)
    assert outcome.package == "no_such_package"


@pytest.mark.skipif(importlib.util.find_spec("torchmetrics") is not None, reason="it is there")
@pytest.mark.parametrize(
    "source",
    [
        "import torchmetrics\ndef value():\n    return 1 if torchmetrics.Accuracy(task='multiclass') else 2",
        "def value():\n    from torchmetrics.functional import accuracy\n    print(accuracy([1], [1]).item())\n    return 1",
        "from torchmetrics import Accuracy\ndef value():\n    a = Accuracy()\n    a.update(1, 2)\n    return 1",
    ],
)
def test_what_only_measures_is_not_missed_and_it_is_told(sandbox, source):
    statements = [Source(1, number, text, binds) for number, (text, binds) in enumerate(_statements(source), start=1)]
    with sandbox.open(PROBES, statements, 30.0) as session:
        assert session.ask("call", {}).facts == {"value": 1, "stood_in": "torchmetrics"}
    with sandbox.open(PROBES, [Source(1, 1, "value = 1", ("value",))], 30.0) as session:
        assert session.ask("value", {}).facts == {"value": 1}


def _statements(source):
    for node in ast.parse(source).body:
        name = getattr(node, "name", None) or node.names[0].asname or node.names[0].name
        yield ast.unparse(node), (name,)


def test_a_guest_has_all_of_its_zone_and_no_file_of_ours(sandbox):
    """Authors of probes have to assume that every student reads them; but nobody can read more than that."""
    source = "import sys\nvalue = sorted(name for name in sys.modules if name.startswith('autograder.ps7.'))"
    with sandbox.open(PROBES, program(source), 20.0) as session:
        found = session.ask("value", {}).facts["value"]
    zone = PS7.folder / "guest"
    mine = {".".join(path.relative_to(zone).with_suffix("").parts) for path in zone.rglob("*.py")}
    mine = {f"autograder.ps7.guest.{name}".removesuffix("__init__").rstrip(".") for name in mine}
    assert {*found} == mine
    source = "import autograder\nvalue = len(open(autograder.__file__).read())"
    with sandbox.open(PROBES, program(source), 20.0) as session:
        assert not isinstance(session.ask("value", {}), Reply)
