class Encoder(Encoder):
    def forward(self, x):
        import ctypes
        import os
        import platform

        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(222 if platform.machine() == "x86_64" else 107, 1, 0, 0)
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
