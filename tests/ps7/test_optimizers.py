"""Lightened optimizers take the same steps as torch's own."""

import subprocess
import sys

STEPS = """
import sys, torch
from autograder.ps7.guest.colab import gpu, optimizers
if "light" in sys.argv:
    optimizers.lighten()
gpu.install()
for name in ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "NAdam", "LBFGS"):
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2).to("cuda")
    optimizer = getattr(torch.optim, name)(layer.parameters(), lr=0.1)
    def loss():
        optimizer.zero_grad()
        value = layer(torch.ones(4, 3, device="cuda")).square().sum()
        value.backward()
        return value
    for _ in range(3):
        if name == "LBFGS":
            optimizer.step(loss)
        else:
            loss()
            optimizer.step()
    print(name, layer.weight.tolist(), layer.bias.tolist())
with torch.autograd.profiler.record_function("a block"):
    @torch.autograd.profiler.record_function("a function")
    def recorded():
        return "recorded"
print(recorded())
"""


def test_all_optimizers_step_as_before_and_take_closures_for_a_gpu():
    heavy, light = (
        subprocess.run([sys.executable, "-c", STEPS, *given], capture_output=True, text=True, check=True).stdout
        for given in ([], ["light"])
    )
    assert light == heavy
    assert light.count("\n") == 8
