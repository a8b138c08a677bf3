// SPDX-License-Identifier: ISC
// Client: asks everything of Server, some of it in a child process whose
// environment is empty; one line for each answer.
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;

class Client {
	static final int PATIENCE = 20_000; // milliseconds

	static void say(String said, Object here, Object there) {
		System.out.println(said.trim() + " | " + here + " " + there);
	}

	static void http(String host) throws Exception {
		HttpRequest request = HttpRequest
			.newBuilder(URI.create("http://" + host + ":9926/"))
			.timeout(Duration.ofMillis(PATIENCE)).build();
		System.out.print(HttpClient.newHttpClient()
			.send(request, HttpResponse.BodyHandlers.ofString()).body());
	}

	static void socket(String host, int port) throws Exception {
		try (Socket s = new Socket()) {
			s.connect(new InetSocketAddress(host, port), PATIENCE);
			s.setSoTimeout(PATIENCE);
			String said = new String(s.getInputStream().readAllBytes());
			say(said, s.getLocalAddress(), s.getRemoteSocketAddress());
		}
	}

	static void channel(String host) throws Exception {
		try (SocketChannel s =
				SocketChannel.open(new InetSocketAddress(host, 9932))) {
			ByteBuffer b = ByteBuffer.allocate(200);
			while (s.read(b) > 0)
				;
			say(new String(b.array(), 0, b.position()),
				((InetSocketAddress) s.getLocalAddress()).getAddress(),
				s.getRemoteAddress());
		}
	}

	static void datagram(String host) throws Exception {
		try (DatagramSocket s = new DatagramSocket()) {
			s.setSoTimeout(PATIENCE);
			s.send(new DatagramPacket("who".getBytes(), 3,
				InetAddress.getByName(host), 9927));
			DatagramPacket p = new DatagramPacket(new byte[200], 200);
			s.receive(p);
			say(new String(p.getData(), 0, p.getLength()), "",
				p.getSocketAddress());
		}
	}

	static void child() throws Exception {
		ProcessBuilder b = new ProcessBuilder(
			ProcessHandle.current().info().command().get(), "-Xmx64m",
			"-cp", System.getProperty("java.class.path"), "Client",
			"child").inheritIO();
		b.environment().clear();
		if (b.start().waitFor() != 0)
			throw new Exception("the child failed");
	}

	public static void main(String[] args) throws Exception {
		if (args.length > 0) {
			socket("127.0.0.1", 9925);
			return;
		}
		for (String host : new String[] { "127.0.0.1", "[::1]" })
			http(host);
		for (String host : new String[] { "127.0.0.1", "::1" })
			channel(host);
		socket("localhost", 9932);
		datagram("127.0.0.1");
		child();
	}
}
