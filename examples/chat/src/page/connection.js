// A connection, by either of the browser's interfaces: `onopen()`, `onmessage(text)`, `onclose(code, reason)`,
// `send(text)`, `close()`. Exactly one `onclose` is the last.

export const hasStream = "WebSocketStream" in window;

export function connect(url, useStream) {
  return useStream && hasStream ? new ByStream(url) : new BySocket(url);
}

class BySocket {
  kind = "WebSocket";

  constructor(url) {
    this.socket = new WebSocket(url);
    this.socket.onopen = () => this.onopen();
    this.socket.onmessage = (event) => this.onmessage(event.data);
    this.socket.onclose = (event) => this.onclose(event.code, event.reason);
  }

  send(text) {
    this.socket.send(text);
  }

  close() {
    this.socket.close(1000);
  }
}

class ByStream {
  kind = "WebSocketStream";

  constructor(url) {
    this.stream = new WebSocketStream(url);
    this.run();
  }

  async run() {
    // Whichever way it ends, `closed` says how.
    const closed = this.stream.closed.then(
      ({ closeCode, reason }) => [closeCode, reason],
      (error) => [error.closeCode ?? 1006, error.reason ?? ""],
    );
    try {
      const { readable, writable } = await this.stream.opened;
      this.writer = writable.getWriter();
      this.writer.closed.catch(() => {}); // `closed` of the stream says it
      this.onopen();
      const reader = readable.getReader();
      for (let read; !(read = await reader.read()).done; ) {
        this.onmessage(read.value);
      }
    } catch {
      // as above
    }
    this.onclose(...await closed);
  }

  send(text) {
    this.writer.write(text).catch(() => {}); // not sent: it is closed
  }

  close() {
    this.stream.close({ closeCode: 1000 });
  }
}
