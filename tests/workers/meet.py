# SPDX-License-Identifier: ISC
# What meet.cjs does, for pytest.
import http.client
import http.server
import os
import socket
import threading

PORT = int(os.environ['PORT'])


def meet(name):
	with socket.socket(socket.AF_UNIX) as s:
		s.connect(os.environ['MEETING'])
		s.sendall(name.encode() + b'\n')
		assert s.recv(16) == b'go\n'


def listen(name):
	class Answer(http.server.BaseHTTPRequestHandler):
		def do_GET(self):
			self.send_response(200)
			self.end_headers()
			self.wfile.write(name.encode())

	class Server(http.server.HTTPServer):
		allow_reuse_address = False

	return Server(('127.0.0.1', PORT), Answer)


def ask():
	client = http.client.HTTPConnection('localhost', PORT, timeout=60)
	client.request('GET', '/')
	return client.getresponse().read().decode()


def serve(name):
	server = heard = error = None
	try:
		server = listen(name)
		threading.Thread(target=server.serve_forever, daemon=True).start()
	except OSError as e:
		error = e
	meet('tried')
	if server:
		heard = ask()
	meet('asked')
	if error:
		raise error
	server.shutdown()
	server.server_close()
	assert heard == name
