// SPDX-License-Identifier: ISC
// Server TOKEN: HttpServer on every address (9926), ServerSocket on loopback
// (9925), ServerSocketChannel on every address (9932), DatagramSocket (9927).
import com.sun.net.httpserver.HttpServer;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

class Server {
	static String token;

	interface Work {
		void run() throws Exception;
	}

	static void forever(Work work) {
		new Thread(() -> {
			try {
				while (true)
					work.run();
			} catch (Exception e) {
				e.printStackTrace();
				System.exit(1);
			}
		}).start();
	}

	static byte[] line(String how, InetAddress peer, InetAddress here) {
		return (token + " " + how + " " + peer.getHostAddress() + " "
			+ here.getHostAddress() + "\n").getBytes();
	}

	static void http() throws Exception {
		HttpServer server = HttpServer.create(new InetSocketAddress(9926), 0);
		server.createContext("/", exchange -> {
			byte[] text = line("http",
				exchange.getRemoteAddress().getAddress(),
				exchange.getLocalAddress().getAddress());
			exchange.sendResponseHeaders(200, text.length);
			exchange.getResponseBody().write(text);
			exchange.close();
		});
		server.start();
	}

	static void sockets() throws Exception {
		ServerSocket server = new ServerSocket(9925, 50,
			InetAddress.getLoopbackAddress());
		forever(() -> {
			try (Socket s = server.accept()) {
				s.getOutputStream().write(line("socket",
					s.getInetAddress(), s.getLocalAddress()));
			}
		});
	}

	static InetAddress address(Object end) {
		return ((InetSocketAddress) end).getAddress();
	}

	static void channels() throws Exception {
		ServerSocketChannel server = ServerSocketChannel.open();
		server.bind(new InetSocketAddress(9932));
		forever(() -> {
			try (SocketChannel s = server.accept()) {
				s.write(ByteBuffer.wrap(line("channel",
					address(s.getRemoteAddress()),
					address(s.getLocalAddress()))));
			}
		});
	}

	static void datagrams() throws Exception {
		DatagramSocket socket = new DatagramSocket(9927);
		forever(() -> {
			DatagramPacket p = new DatagramPacket(new byte[100], 100);
			socket.receive(p);
			p.setData(line("datagram", p.getAddress(),
				socket.getLocalAddress()));
			socket.send(p);
		});
	}

	public static void main(String[] args) throws Exception {
		token = args[0];
		http();
		sockets();
		channels();
		datagrams();
	}
}
