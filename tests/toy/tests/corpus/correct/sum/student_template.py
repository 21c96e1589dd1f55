# %% replaces="def add(numbers)"
def add(numbers):
    return sum(numbers, 0.0)
