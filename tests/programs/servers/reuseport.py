# SPDX-License-Identifier: ISC
# reuseport.py TOKEN: a server that lets others have its port too.
import socket
import sys

with socket.create_server(("", 9926), family=socket.AF_INET6,
                          reuse_port=True, dualstack_ipv6=True) as listener:
    while True:
        s, peer = listener.accept()
        with s:
            s.sendall(f"{sys.argv[1]} {peer[0]}\n".encode())
