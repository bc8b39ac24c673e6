import { parseFrame } from "@/wire/parse";
import { CLOSE, type ErrorCode, type ServerFrame } from "@/wire/wire.gen";
import { EventReader } from "./event-stream";

const LOST = 1006;
const SILENCE_MS = 35_000;

/** What the socket needs of a line; a WebSocket is one. */
export type Line = {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(): void;
};

type Sent = { type: string; id: string; resume?: unknown };

/**
 * A line for networks that block WebSockets: frames come by a streamed response, each command is a request of its
 * own. It behaves as a WebSocket with the same frames; the first one sent must be the hello.
 */
export class StreamSocket implements Line {
  onopen: Line["onopen"] = null;
  onmessage: Line["onmessage"] = null;
  onclose: Line["onclose"] = null;
  private readonly abort = new AbortController();
  private headers: Record<string, string> = { "Content-Type": "application/json" };
  private helloId = "";
  private isOver = false;
  private queue: string[] = [];
  private isSending = false;
  /** Frames that came while a position was asked for: its answer must be applied before them. */
  private held: string[] | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {
    queueMicrotask(() => {
      if (!this.isOver) this.onopen?.(new Event("open"));
    });
  }

  send(text: string): void {
    if (this.helloId === "") void this.begin(text).catch(() => this.end(LOST));
    else {
      this.queue.push(text);
      if (!this.isSending) void this.sendQueued().catch(() => this.end(LOST));
    }
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.silence);
    this.abort.abort();
  }

  private async begin(text: string): Promise<void> {
    const { resume, ...hello } = JSON.parse(text) as Sent;
    this.helloId = hello.id;
    const answer = parseFrame(await this.post(JSON.stringify(hello)));
    if (answer?.type !== "ack" || !("token" in answer) || typeof answer.token !== "string") {
      this.refused(answer);
      return;
    }
    this.headers.Authorization = `Bearer ${answer.token}`;
    const headers = { ...this.headers, "Assistify-Resume": asciiJson(resume ?? []) };
    const response = await this.fetcher(this.url, { headers, ...this.manner() });
    if (!response.ok || !response.body) {
      this.refused(parseFrame(await response.text()));
      return;
    }
    await this.read(response.body.getReader());
    this.end(LOST);
  }

  private async read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const events = new EventReader();
    this.listen();
    for (let piece = await reader.read(); !piece.done && !this.isOver; piece = await reader.read()) {
      this.listen();
      for (const data of events.push(decoder.decode(piece.value, { stream: true }))) this.streamed(data);
    }
  }

  private streamed(data: string): void {
    const frame = parseFrame(data);
    if (frame?.type === "close") this.end(frame.code);
    else if (frame?.type === "welcome") {
      this.headers["Assistify-Connection"] = frame.connection;
      // The stream's hello is its request; here it answers the hello that was sent.
      this.give(JSON.stringify({ ...frame, id: this.helloId }));
    } else if (this.held) this.held.push(data);
    else this.give(data);
  }

  /** One request at a time, so that commands are carried out in the order they were sent. */
  private async sendQueued(): Promise<void> {
    this.isSending = true;
    for (let text = this.queue.shift(); text !== undefined && !this.isOver; text = this.queue.shift()) {
      const { type } = JSON.parse(text) as Sent;
      if (type === "conversation.open" || type === "conversation.watch") this.held = [];
      const answer = await this.post(text);
      if (parseFrame(answer) === null)
        throw new Error("expected the answer of a command, got something else");
      this.give(answer);
      const held = this.held ?? [];
      this.held = null;
      for (const data of held) this.give(data);
    }
    this.isSending = false;
  }

  private async post(body: string): Promise<string> {
    const response = await this.fetcher(this.url, {
      method: "POST",
      body,
      headers: this.headers,
      ...this.manner(),
    });
    return response.text();
  }

  private manner(): RequestInit {
    return { cache: "no-store", credentials: "omit", signal: this.abort.signal };
  }

  private refused(answer: ServerFrame | null): void {
    if (answer?.type !== "error") {
      this.end(LOST);
      return;
    }
    this.give(JSON.stringify(answer));
    this.end(closeCodeOf(answer.code));
  }

  /** Answers of commands do not break the stream's silence: they come by other requests. */
  private listen(): void {
    clearTimeout(this.silence);
    if (!this.isOver) this.silence = setTimeout(() => this.end(CLOSE.HEARTBEAT), SILENCE_MS);
  }

  private give(data: string): void {
    if (!this.isOver) this.onmessage?.(new MessageEvent("message", { data }));
  }

  private end(code: number): void {
    if (this.isOver) return;
    this.close();
    this.onclose?.(new CloseEvent("close", { code }));
  }
}

/** The code that a socket would be closed with after this error of its hello. */
function closeCodeOf(code: ErrorCode): number {
  if (code === "rate_limited" || code === "unavailable") return CLOSE.RESYNC;
  return code === "forbidden" ? CLOSE.REVOKED : CLOSE.UNAUTHORIZED;
}

/** A header holds no other characters than these. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
