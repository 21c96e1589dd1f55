class Encoder(Encoder):
    def forward(self, x):
        import signal

        signal.setitimer(signal.ITIMER_REAL, 0.0001)
        return super().forward(x)
