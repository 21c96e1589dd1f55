class Encoder(Encoder, metaclass=type("Meta", (type(Encoder),), {"__new__": lambda *_: __import__("os")._exit(5)})):
    pass
