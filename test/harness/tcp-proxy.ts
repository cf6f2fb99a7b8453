import net from "node:net";

/**
 * What becomes of connections. `down`: refused. `reset`: taken and reset. `hang`: taken and never answered. `cut`: the answer breaks
 * off after so many bytes. `slow`: every piece, there and back, comes so much later.
 */
export type Weather =
  | { kind: "up" }
  | { kind: "down" }
  | { kind: "reset" }
  | { kind: "hang" }
  | { kind: "cut"; afterBytes: number }
  | { kind: "slow"; ms: number };

export type TcpProxy = {
  port: number;
  /** Changes the weather for new connections; those that are open break off, unless it only gets slow. */
  turn(weather: Weather): Promise<void>;
  stop(): Promise<void>;
};

/** Stands between a client and the server on `targetPort` of this machine, in every weather. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  let weather: Weather = { kind: "up" };

  const server = net.createServer((client) => {
    keep(client);
    if (weather.kind === "reset") return void client.resetAndDestroy();
    if (weather.kind === "hang") return void client.resume();
    const target = keep(net.connect(targetPort, "127.0.0.1"));
    client.once("close", () => target.destroy());
    target.once("close", () => client.destroy());
    pass(client, target, () => Infinity);
    pass(target, client, () => (weather.kind === "cut" ? weather.afterBytes : Infinity));
  });
  const port = await listen(server, 0);

  function keep(socket: net.Socket): net.Socket {
    sockets.add(socket);
    // A broken line is what this proxy is for; the close that follows does what is to be done.
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    return socket;
  }

  /** Hands on what comes, at most `limit` bytes of it. A connection may outlast a change of weather, so both are asked each time. */
  function pass(from: net.Socket, to: net.Socket, limit: () => number): void {
    let passed = 0;
    from.on("data", (bytes: Buffer) => {
      const rest = limit() - passed;
      passed += bytes.length;
      const deliver = () => {
        if (to.destroyed) return;
        if (bytes.length <= rest) return void to.write(bytes);
        to.end(bytes.subarray(0, Math.max(rest, 0)), () => to.destroy());
      };
      if (weather.kind === "slow") setTimeout(deliver, weather.ms);
      else deliver();
    });
  }

  return {
    port,
    async turn(next) {
      weather = next;
      if (next.kind !== "slow" && next.kind !== "up") for (const socket of sockets) socket.destroy();
      if (next.kind === "up") for (const socket of sockets) if (socket.bytesWritten === 0) socket.destroy();
      if (next.kind === "down" && server.listening) server.close();
      if (next.kind !== "down" && !server.listening) await listen(server, port);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function listen(server: net.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}
