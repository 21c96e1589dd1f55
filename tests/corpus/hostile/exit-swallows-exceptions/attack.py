class Encoder(Encoder):
    def forward(self, x):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
