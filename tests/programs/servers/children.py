# SPDX-License-Identifier: ISC
# children.py TOKEN: listen on 9925, run a thousand children and one that is a
# client of its parent, then listen on 9926 too.
import os
import socket
import subprocess
import sys
import threading

TOKEN = sys.argv[1]
CHILDREN = 1000
ASK = os.path.join(os.path.dirname(__file__), "ask.py")


def serve(listener, text):
    while True:
        s, peer = listener.accept()
        with s:
            s.sendall(f"{TOKEN} {text} {peer[0]}\n".encode())


def listen(port, text):
    listener = socket.create_server(("", port))
    threading.Thread(
        target=serve, args=(listener, text), daemon=True).start()
    return listener


def ask(port, **how):
    command = [sys.executable, ASK, "tcp", "127.0.0.1", str(port)]
    return subprocess.check_output(command, text=True, timeout=30, **how).strip()


first = listen(9925, "before")
for n in range(CHILDREN):
    subprocess.run(["/bin/true"], check=True, env=None if n % 2 else {})
told = [ask(9925, env={}), ask(9925, preexec_fn=os.getpid)]
assert all(TOKEN in text for text in told), told
second = listen(9926, f"{first.getsockname()[0]} after")
threading.Event().wait()
