# %% [markdown] replaces="- Method II (encoder"
# **Method I (the assignment says 30 %)**
#
# ~32
#
# **Method II (the assignment says more than 40 %)**
#
# ~44
#
# **Method III**
#
# ~26

# %% [markdown] replaces="- Linear probe on CLIP"
# **CLIP (the assignment says 75 %)**
#
# ~80
