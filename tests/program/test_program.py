"""What a statement binds, needs and does, on examples."""

import ast
import textwrap

import pytest

from autograder.student.program import Outline, Statement, outline
from autograder.student.submission.notebook import Cell, Notebook

SETUP = """
import torch, torch.nn as nn, torchvision, numpy as np, pandas as pd
import matplotlib.pyplot as plt
from torch.utils.data import DataLoader, random_split
from torchvision import datasets
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
layers = []
class Head(nn.Module):
    def __init__(self): self.backbone = timm.create_model("resnet50", pretrained=True)
    def fit_once(self, loss): loss.backward()
class Model(nn.Module):
    def __init__(self): self.head = Head()
def train_ae(model, dataloader, epochs=200):
    for x, _ in dataloader: model(x).backward()
    return model, []
def evaluate(model, data_loader): return [model(x) for x in data_loader]
def everything(): evaluate(None, None); train_ae(None, None)
def make_frame(): return pd.read_csv("captions.csv")
def count(model): print(model); return sum(p.numel() for p in model.parameters())
run = train_ae
"""


def outlined(*sources: str) -> Outline:
    return outline(Notebook(tuple(Cell("code", i, textwrap.dedent(text)) for i, text in enumerate(sources, 1))))


def last(source: str) -> Statement:
    return outlined(SETUP, source).statements[-1]


@pytest.mark.parametrize(
    ("source", "binds"),
    [
        ("a = b = 1", "a b"),
        ("(a, [b, *c]), d.e = f()", "a b c d"),
        ("x: int", ""),
        ("x: int = 3", "x"),
        ("x += 1", "x"),
        ("print(y := 3, [z := i for i in range(3)])", "y z"),
        ("def f(a, b=1):\n    global g\n    g = c = 1", "f"),
        ("class A:\n    b = 1\n    def c(self): pass", "A"),
        ("import a.b, c.d as e", "a e"),
        ("from a import b, c as d", "b d"),
        ("from a import *", "*"),
        ("for i, (j, k) in x:\n    m = 1", "i j k m"),
        ("with a as b, c() as (d, e): f = 1", "b d e f"),
        ("try:\n    a = 1\nexcept E as e:\n    b = 2\nelse:\n    c = 3\nfinally:\n    d = 4", "a b c d e"),
        ("if x:\n    a = 1\nelif y:\n    b = 1\nelse:\n    while z: c = 1", "a b c"),
        ("match x:\n    case {'a': [p, *q], **r}: s = 1\n    case C(t) as u: pass", "p q r s t u"),
        ("del a", "a"),
        ("Model.forward = train_ae", "Model"),
        ("config['a'].b += 1", "config"),
        ("setattr(Model, 'forward', train_ae)", "Model"),
        ("layers.append(nn.ReLU())", "layers"),
        ("torch.manual_seed(0)", ""),
        ("for _ in range(3):\n    layers.append(1)", "layers _"),
    ],
)
def test_binds(source: str, binds: str) -> None:
    assert last(source).binds == set(binds.split())


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("x = a + b.c[d]", "a b d"),
        ("x += 1", "x"),
        ("def f(a, *b, c=d, **e) -> F:\n    g = a + h\n    return g + i", "F d h i"),
        ("def f(a: T): return lambda b: a + b + c", "T c"),
        ("@d\ndef f():\n    def g(): return x + y\n    x = 1\n    return g", "d y"),
        ("def f():\n    global x\n    x = 1\n    return x", "x"),
        ("def f():\n    x = 1\n    def g():\n        global x\n        return x\n    return g", "x"),
        ("class A(B, metaclass=M):\n    a = b\n    c = a\n    def d(self): return a + super().e", "B M a b super"),
        ("class A:\n    size = size\n    n = 3\n    both = [n + i for i in range(n)]", "size n range"),
        ("x = [i + j + a for i in b for j in i if c]", "a b c"),
        ("x = {k: v for k, v in d.items()}", "d"),
        ("for i in a:\n    b = i\n    c = b", "a"),
        ("if a:\n    b = 1\nc = b", "b"),
        ("total = total + 1", "total"),
        ("for i in a:\n    total = total + i", "a total"),
        ("try:\n    import m\nexcept E as e:\n    x = e", "E"),
        ("with a as b: c = b.d", "a"),
        ("match a:\n    case C(b) if b: d = b", "a C"),
        ("f = lambda x: (y := x) + y + z", "z"),
        ("Model.forward = f", "Model f"),
        ("x = f'{a:{b}}'", "a b"),
    ],
)
def test_needs(source: str, needs: str) -> None:
    assert outlined(source).statements[-1].needs == set(needs.split())


ACTING = """
train_ae(1, 2)
ae, loss_traj = train_ae(Model(), loader, epochs=1)
x = run(1, 2)
everything()
acc = evaluate(None, None)
if __name__ == "__main__": train_ae(1, 2)
for epoch in range(3): loss.backward()
x = Head().fit_once(3)
model = Model().to(device)
frame = make_frame()
data = torchvision.datasets.STL10(".", download=True)
data = datasets.ImageFolder("x")
loader = DataLoader(x, batch_size=3)
a, b = random_split(x, [1, 2])
image, label = next(iter(test_loader))
for x, y in train_loader: pass
x = [b for b in test_loader]
tokenizer = DistilBertTokenizer.from_pretrained("distilbert-base-uncased")
resnet = torchvision.models.resnet50(pretrained=True)
resnet = torchvision.models.resnet50(torchvision.models.ResNet50_Weights.IMAGENET1K_V2)
state = torch.load("model.pt")
array = np.load("x.npy")
frame = pd.read_csv("captions.csv")
with open("x") as f: x = f.read()
text = input()
files = !ls
if True: get_ipython().system("ls")
fig, axes = plt.subplots(3)
import time; time.sleep(3)
import requests; page = requests.get("x")
from google.colab import drive; drive.mount("/content/drive")
import os; os.system("ls")
print(device)
del layers
x = await f()
""".strip().splitlines()

DEFINING = """
feat_dim = 24*4*4
x = nn.Linear(3, 4)
criterion = nn.CrossEntropyLoss()
array = np.array([1, 2])
config = {"a": [1, 2], "b": device}
layers.append(nn.Linear(3, 4))
n = count(nn.Linear(3, 4))
optimizer = torch.optim.Adam(x.parameters(), lr=1e-3)
if torch.cuda.is_available(): device = "cuda"; print(device)
f = lambda m, d: train_ae(m, d)
def main(): train_ae(1, 2)
class Trainer: data = make_frame
def f(loader=DataLoader(1)): pass
open = lambda: 3; handle = open()
resnet = torchvision.models.resnet50(pretrained=False, weights=None)
from torchvision.datasets import STL10
Model.forward = train_ae
""".strip().splitlines()


@pytest.mark.parametrize("source", ACTING)
def test_acts(source: str) -> None:
    assert str(last(source).acts).startswith("it ")


@pytest.mark.parametrize("source", DEFINING)
def test_defines(source: str) -> None:
    assert last(source).acts is None


def test_reasons_name_the_gravest_thing_done() -> None:
    assert last("everything()").acts == "it trains"
    assert last("x = Model()").acts == "it downloads"
    assert last("plt.plot(train_ae(1, 2))").acts == "it trains"


def test_an_import_with_a_fallback_stays() -> None:
    statement = last("try:\n    import timm\nexcept ImportError:\n    !pip install timm\n    import timm")
    assert statement.acts is None
    assert statement.binds == {"timm"}
    ast.parse(statement.source)


def test_what_uses_the_result_of_an_action_acts_too() -> None:
    found = outlined(SETUP, "df = make_frame()\nnames = df['x'].values\ndf['y'] = 1\ndf = 3\nafter = df")
    assert [s.acts for s in found.statements[-5:]] == [
        "it reads files",
        "it needs `df`, which is not made while grading",
        "it needs `df`, which is not made while grading",
        None,
        None,
    ]
