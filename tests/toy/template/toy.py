# %% [markdown] points="1"
# # A toy ({points})

# %% [markdown] points="add"
# ## Adding ({points})

# %% item="add" source="tests.toy.solved:add"
def add(numbers): ...


# %% [markdown] item="answer" only="template"
# The answer: ___

# %% [markdown] item="answer" only="solution"
# The answer: 42
