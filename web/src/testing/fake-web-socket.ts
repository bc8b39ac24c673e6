/** A WebSocket under the test's hand: what was sent, and what the server says. */
export class FakeWebSocket {
  static all: FakeWebSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeWebSocket.all.push(this);
  }

  static get last(): FakeWebSocket {
    const socket = FakeWebSocket.all.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  static get open(): FakeWebSocket[] {
    return FakeWebSocket.all.filter((socket) => !socket.isClosed);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  /** The last command of a type that was sent. */
  command(type: string): Record<string, unknown> {
    const found = this.sent.findLast((frame) => frame.type === type);
    if (!found) throw new Error(`no ${type} was sent`);
    return found;
  }

  serverOpens(): void {
    this.onopen?.();
  }

  serverSays(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  serverCloses(code: number): void {
    this.isClosed = true;
    this.onclose?.({ code });
  }
}
