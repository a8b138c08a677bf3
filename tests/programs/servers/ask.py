# SPDX-License-Identifier: ISC
# ask.py tcp|udp HOST PORT: one client, which prints the answer of the server
# and the addresses of both ends as it sees them.
import socket
import sys

PATIENCE = 20  # seconds

protocol, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])

if protocol == "tcp":
    with socket.create_connection((host, port), PATIENCE) as s:
        said = s.makefile().read()
        here, there = s.getsockname(), s.getpeername()
    print(said.strip(), "|", here[0], there[0], there[1])
else:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        s.sendto(b"who\n", (host, port))
        said, there = s.recvfrom(2000)
    print(said.decode().strip(), "|", there[0], there[1])
