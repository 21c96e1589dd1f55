class Odd(BaseException):
    def __str__(self):
        raise self

    __repr__ = __str__


class Encoder(Encoder):
    def forward(self, x):
        raise Odd
