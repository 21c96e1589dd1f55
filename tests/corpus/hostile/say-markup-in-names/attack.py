class Encoder(Encoder):
    def forward(self, x):
        raise type("<img src=x onerror=alert(1)>`", (Exception,), {})("`<b>")
