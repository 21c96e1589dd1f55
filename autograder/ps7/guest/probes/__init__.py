"""The questions that are asked inside the sandbox. Probes exercise one component and return plain facts and arrays,
never a judgement.

A probe is a function `probe(notebook: Namespace, **arguments) -> (facts, arrays)`. Its random numbers come from seeds
in its arguments, through numpy, so that they are the same on every version of torch.
"""
