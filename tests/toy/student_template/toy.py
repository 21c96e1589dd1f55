# %% [markdown] points="1"
# # A toy ({points})

# %% [markdown] points="add"
# ## Adding ({points})

# %% item="add" source="reference.solved:add"
def add(numbers): ...


# %% item="largest" source="reference.solved:largest"
def largest(rows, k): ...


# %% [markdown] item="answer" only="template"
# The answer: ___

# %% [markdown] item="answer" only="solution"
# The answer: 42
