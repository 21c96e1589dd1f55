# %% [markdown]
# # Next year's toy

# %% item="add" source="reference.solved:add"
def add(numbers): ...
