# SPDX-License-Identifier: ISC
# streams.py TOKEN: asyncio's TCP server on every address of both families
# (9926), and a datagram endpoint in each family (9927).
import asyncio
import sys

TOKEN = sys.argv[1]


async def answer(reader, writer):
    peer = writer.get_extra_info("peername")
    here = writer.get_extra_info("sockname")
    writer.write(f"{TOKEN} tcp {peer[0]} {here[0]} {here[1]}\n".encode())
    await writer.drain()
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        here = self.transport.get_extra_info("sockname")
        text = f"{TOKEN} udp {peer[0]} {here[0]} {here[1]}\n"
        self.transport.sendto(text.encode(), peer)


async def main():
    loop = asyncio.get_running_loop()
    for host in "0.0.0.0", "::1":
        await loop.create_datagram_endpoint(Datagrams, (host, 9927))
    server = await asyncio.start_server(answer, None, 9926)
    for s in server.sockets:
        print(*s.getsockname()[:2], flush=True)
    await server.serve_forever()


asyncio.run(main())
