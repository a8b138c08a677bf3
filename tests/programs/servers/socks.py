# SPDX-License-Identifier: ISC
# socks.py PORT: a proxy for one kind of request, SOCKS5 to an IPv4 address
# without a password (RFC 1928).
import socket
import socketserver
import struct
import sys
import threading


def copy(a, b):
    while data := a.recv(4096):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)


class Request(socketserver.BaseRequestHandler):
    def handle(self):
        s = self.request
        n = s.recv(2, socket.MSG_WAITALL)[1]
        s.recv(n, socket.MSG_WAITALL)
        s.sendall(b"\5\0")
        head = s.recv(4, socket.MSG_WAITALL)
        assert head == b"\5\1\0\1", head
        ip, port = struct.unpack("!4sH", s.recv(6, socket.MSG_WAITALL))
        with socket.create_connection((socket.inet_ntoa(ip), port)) as to:
            s.sendall(b"\5\0\0\1" + bytes(6))
            back = threading.Thread(target=copy, args=(to, s))
            back.start()
            copy(s, to)
            back.join()


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Proxy(("127.0.0.1", int(sys.argv[1])), Request).serve_forever()
