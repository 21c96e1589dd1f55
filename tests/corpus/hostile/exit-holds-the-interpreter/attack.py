class Encoder(Encoder):
    def forward(self, x):
        import re

        re.match(r"(a+)+$", "a" * 60 + "b")
