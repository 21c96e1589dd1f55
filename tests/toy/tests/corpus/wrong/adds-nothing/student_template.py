# %% replaces="def add(numbers)"
def add(numbers):
    return 0.0
