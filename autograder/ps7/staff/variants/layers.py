"""Ways to write the encoder and the decoder."""

from collections.abc import Sequence
from textwrap import indent

from autograder.staff.authoring.style import Style


def encoder(style: Style) -> str:
    """Four conv layers, each with a ReLU."""
    widths = [("in_channels", 12), (12, 24), (24, 48), (48, 24)]
    return _stack(style, "Encoder", "in_channels=3", "Conv2d", widths, ["relu"] * 4)


def decoder(style: Style) -> str:
    """Four transposed convs, ReLUs between them and a sigmoid at the end."""
    widths = [(24, 48), (48, 24), (24, 12), (12, "out_channels")]
    return _stack(
        style, "Decoder", "out_channels=3, feat_dim=64", "ConvTranspose2d", widths, [*["relu"] * 3, "sigmoid"]
    )


def _stack(
    style: Style,
    name: str,
    arguments: str,
    layer: str,
    widths: Sequence[tuple[object, object]],
    activations: Sequence[str],
) -> str:
    geometry = style.text(
        "4, 2, 1", "4, stride=2, padding=1", "kernel_size=4, stride=2, padding=1", "(4, 4), (2, 2), (1, 1)"
    )
    convolutions = [f"nn.{layer}({a}, {b}, {geometry})" for a, b in widths]
    written = style.one_of(_sequential, _module_list, _attributes, _loop, _blocks)
    inside, forward = written(style, convolutions, activations)  # type: ignore[operator]
    result = " -> torch.Tensor" if style.hints else ""
    return (
        f"class {name}({style.parent}):\n"
        f"    def __init__(self, {arguments}):\n"
        f"        {style.inherits}\n{indent(inside, ' ' * 8)}\n\n"
        f"    def forward(self, {style.hinted('x', 'torch.Tensor')}){result}:\n{indent(forward, ' ' * 8)}\n"
    )


def _module(style: Style, activation: str) -> str:
    if activation == "sigmoid":
        return "nn.Sigmoid()"
    return style.text("nn.ReLU()", "nn.ReLU(inplace=True)", "nn.ReLU(True)")


def _called(style: Style, activation: str, x: str) -> str:
    if activation == "sigmoid":
        return style.text(f"torch.sigmoid({x})", f"({x}).sigmoid()", f"1 / (1 + torch.exp(-{x}))", f"nn.Sigmoid()({x})")
    return style.text(
        f"F.relu({x})", f"torch.relu({x})", f"({x}).relu()", f"({x}).clamp(min=0)", f"F.relu({x}, inplace=True)"
    )


def _sequential(style: Style, convolutions: Sequence[str], activations: Sequence[str]) -> tuple[str, str]:
    name = style.text("layers", "net", "model", "conv", "encoder_layers", "main", "seq")
    parts = [part for c, a in zip(convolutions, activations, strict=True) for part in (c, _module(style, a))]
    if style.one_of(True, False):
        inside = f"self.{name} = nn.Sequential(\n" + "".join(f"    {part},\n" for part in parts) + ")"
    else:
        inside = f"{name} = []\n" + "\n".join(f"{name} += [{part}]" for part in parts)
        inside += f"\nself.{name} = nn.Sequential(*{name})"
    return inside, style.text(
        f"return self.{name}(x)", f"x = self.{name}(x)\nreturn x", f"out = self.{name}.forward(x)\nreturn out"
    )


def _module_list(style: Style, convolutions: Sequence[str], activations: Sequence[str]) -> tuple[str, str]:
    inside = f"self.convs = nn.ModuleList([{', '.join(convolutions)}])"
    if len(set(activations)) == 1:
        return inside, f"for conv in self.convs:\n    x = {_called(style, activations[0], 'conv(x)')}\nreturn x"
    forward = f"for conv in self.convs[:-1]:\n    x = {_called(style, activations[0], 'conv(x)')}\n"
    return inside, forward + f"return {_called(style, activations[-1], 'self.convs[-1](x)')}"


def _attributes(style: Style, convolutions: Sequence[str], activations: Sequence[str]) -> tuple[str, str]:
    stem, first = style.text("conv", "c", "layer", "deconv", "l_"), style.one_of(0, 1)
    names = [f"{stem}{first + number}" for number in range(4)]  # type: ignore[operator]
    inside = "\n".join(f"self.{name} = {text}" for name, text in zip(names, convolutions, strict=True))
    nested = style.one_of(True, False)
    value, lines = "x", []
    for name, activation in zip(names, activations, strict=True):
        value = _called(style, activation, f"self.{name}({value})")
        if not nested:
            lines.append(f"x = {value}")
            value = "x"
    return inside, "\n".join([*lines, f"return {value}"])


def _loop(style: Style, convolutions: Sequence[str], activations: Sequence[str]) -> tuple[str, str]:
    lines = [f"self.add_module('layer{number}', {text})" for number, text in enumerate(convolutions)]
    forward = "\n".join(
        f"x = {_called(style, activation, f'self.layer{number}(x)')}" for number, activation in enumerate(activations)
    )
    return "\n".join(lines), f"{forward}\nreturn x"


def _blocks(style: Style, convolutions: Sequence[str], activations: Sequence[str]) -> tuple[str, str]:
    pairs = zip(convolutions, activations, strict=True)
    blocks = [f"nn.Sequential({text}, {_module(style, activation)})" for text, activation in pairs]
    inside = "\n".join(f"self.block{number} = {text}" for number, text in enumerate(blocks, start=1))
    if style.one_of(True, False):
        return inside, "return self.block4(self.block3(self.block2(self.block1(x))))"
    return inside, "for block in (self.block1, self.block2, self.block3, self.block4):\n    x = block(x)\nreturn x"
