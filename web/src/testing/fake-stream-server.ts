type Request = { method: string; headers: Record<string, string>; body: Record<string, unknown> | null };
type Pending = Request & { answer: (response: Response) => void; fail: () => void };

/** The server's side of `/sse/chat` under the test's hand: requests wait until the test answers them. */
export class FakeStreamServer {
  readonly requests: Request[] = [];
  private pending: Pending[] = [];
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  isStreaming = false;

  readonly fetch: typeof fetch = (_url, init) =>
    new Promise<Response>((resolve, reject) => {
      const request: Request = {
        method: init?.method ?? "GET",
        headers: { ...(init?.headers as Record<string, string>) },
        body: typeof init?.body === "string" ? JSON.parse(init.body) : null,
      };
      this.requests.push(request);
      const fail = () => reject(new TypeError("Failed to fetch"));
      init?.signal?.addEventListener("abort", () => {
        this.isStreaming = false;
        fail();
      });
      this.pending.push({ ...request, answer: resolve, fail });
    });

  /** Wait until a request of this kind came: "GET", or the type of a command. */
  async until(kind: string): Promise<Pending> {
    for (let turn = 0; turn < 50; turn += 1) {
      const index = this.pending.findIndex(({ method, body }) => (body?.type ?? method) === kind);
      if (index >= 0) return this.pending.splice(index, 1)[0] as Pending;
      await Promise.resolve();
    }
    throw new Error(`no ${kind} was sent`);
  }

  /** Answer the next request of a kind; an ack and an error carry its id. */
  async answer(kind: string, frame: Record<string, unknown>, status = 200): Promise<void> {
    const request = await this.until(kind);
    request.answer(new Response(JSON.stringify({ id: request.body?.id, ...frame }), { status }));
    await settled();
  }

  /** Answer hello and stream, and welcome the visitor. */
  async accept(welcome: Record<string, unknown>): Promise<void> {
    await this.answer("hello", { type: "ack", token: "visitor-token" });
    const { answer } = await this.until("GET");
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
    });
    this.isStreaming = true;
    answer(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
    await this.say(welcome);
  }

  async say(...frames: object[]): Promise<void> {
    for (const frame of frames) await this.write(`data: ${JSON.stringify(frame)}\n\n`);
  }

  async write(text: string): Promise<void> {
    this.controller?.enqueue(new TextEncoder().encode(text));
    await settled();
  }

  async cutOff(): Promise<void> {
    this.controller?.close();
    await settled();
  }
}

/** Let what was resolved reach those who wait for it. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
