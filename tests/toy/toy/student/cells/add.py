# What `add` gives for two small numbers.
print("expected 3.5")
print("yours   ", add([1.0, 2.5]))
