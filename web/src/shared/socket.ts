import { parseFrame } from "@/wire/parse";
import {
  type AgentHello,
  type AnyAck,
  CLOSE,
  type Command,
  type ErrorCode,
  type ErrorFrame,
  type ServerFrame,
  SUBPROTOCOL,
  type VisitorHello,
  type Welcome,
} from "@/wire/wire.gen";
import { LineChoice } from "./line-choice";
import { type Line, StreamSocket } from "./stream-socket";

const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
const SILENCE_MS = 35_000;
const ANSWER_MS = 20_000;
/** Where there is another kind of line, one that has not said welcome by now is given up for it. */
const WELCOME_MS = 10_000;
const BUSY_MS = 1000;
const DRAIN_JITTER_MS = 250;
const PROTOCOL_FROM = 4000;
const FINAL_FROM = 4500;
const FINAL_TO = 4999;

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
/** A hello as its sender writes it; the socket adds the id. */
export type HelloBody = WithoutId<VisitorHello> | WithoutId<AgentHello>;
export type CommandBody = WithoutId<Exclude<Command, { type: "hello" }>>;

/** Why a command was not carried out: the server's code, or `offline` when its answer can no longer come. */
export class CommandError extends Error {
  constructor(
    readonly code: ErrorCode | "offline",
    message: string,
    readonly retryAfterMs: number | null = null,
    readonly holder: { id: string; name: string } | null = null,
    /** Why, where the code alone does not tell: `window` is a channel's time to answer. */
    readonly reason: string | null = null,
  ) {
    super(message);
    this.name = "CommandError";
  }
}

export type SocketStatus =
  | { link: "connecting" | "open" }
  | { link: "waiting"; delayMs: number }
  | { link: "ended"; code: number };

export type SocketOptions = {
  url: string;
  /** Where frames can be streamed over HTTP when WebSockets are blocked; without it they are the only line. */
  streamUrl?: string;
  hello: () => HelloBody;
  /** Every frame, in the order it came; answers come here before their promise settles. */
  onFrame: (frame: ServerFrame) => void;
  onStatus: (status: SocketStatus) => void;
  random?: () => number;
  WebSocket?: typeof WebSocket;
  fetch?: typeof fetch;
};

type Waiting = {
  resolve: (ack: AnyAck) => void;
  reject: (error: CommandError) => void;
  timer: ReturnType<typeof setTimeout>;
};

/** How long to wait before the next attempt: full jitter between 0.5 and at most 20 s. */
export function reconnectDelay(attempt: number, random: () => number): number {
  const ceiling = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** (attempt + 1));
  return MIN_DELAY_MS + random() * (ceiling - MIN_DELAY_MS);
}

/** One connection to the server that comes back by itself; never two sockets at a time. */
export class Socket {
  private socket: Line | null = null;
  private probe: WebSocket | null = null;
  private attempt = 0;
  /** How long the server asked to stay away when it refused the hello. */
  private pauseMs = 0;
  private nextId = 1;
  private helloId = "";
  private ready = false;
  private wanted = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private drainTimer: ReturnType<typeof setTimeout> | undefined;
  private welcomeTimer: ReturnType<typeof setTimeout> | undefined;
  private probeTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly choice: LineChoice;
  private readonly waiting = new Map<string, Waiting>();
  private readonly random: () => number;

  constructor(private readonly options: SocketOptions) {
    this.random = options.random ?? Math.random;
    this.choice = new LineChoice(options.streamUrl !== undefined);
  }

  /** Connect, and stay connected until `close`; calling it again changes nothing. */
  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    window.addEventListener("online", this.onOnline);
    this.connect();
  }

  close(): void {
    this.wanted = false;
    window.removeEventListener("online", this.onOnline);
    this.attempt = 0;
    this.drop();
  }

  /** Try at once instead of waiting for the next attempt. */
  retry(): void {
    this.onOnline();
  }

  get isReady(): boolean {
    return this.ready;
  }

  /** Send a command. Rejects with CommandError; `offline` means it is unknown whether it was carried out. */
  request<T extends AnyAck>(command: CommandBody): Promise<T> {
    if (!this.ready)
      return Promise.reject(new CommandError("offline", "There is no connection to the server."));
    const id = String(this.nextId++);
    return new Promise<AnyAck>((resolve, reject) => {
      const timer = setTimeout(() => this.restart(), ANSWER_MS);
      this.waiting.set(id, { resolve, reject, timer });
      this.socket?.send(JSON.stringify({ ...command, id }));
    }) as Promise<T>;
  }

  private readonly onOnline = () => {
    if (!this.wanted || this.socket) return;
    this.choice.reset();
    clearTimeout(this.retryTimer);
    this.connect();
  };

  private connect(): void {
    this.options.onStatus({ link: "connecting" });
    const socket = this.newLine();
    this.socket = socket;
    this.listen();
    if (this.options.streamUrl) this.welcomeTimer = setTimeout(() => this.restart(), WELCOME_MS);
    socket.onopen = () => {
      this.helloId = String(this.nextId++);
      socket.send(JSON.stringify({ ...this.options.hello(), id: this.helloId }));
    };
    socket.onmessage = (event: MessageEvent) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = (event: CloseEvent) => {
      if (socket === this.socket) this.closed(event.code);
    };
  }

  private newLine(): Line {
    const { streamUrl } = this.options;
    if (streamUrl === undefined || this.choice.next() === "socket") return this.newSocket();
    return new StreamSocket(streamUrl, this.options.fetch);
  }

  private newSocket(): WebSocket {
    const Constructor = this.options.WebSocket ?? WebSocket;
    return new Constructor(this.options.url, SUBPROTOCOL);
  }

  private receive(data: unknown): void {
    this.listen();
    const frame = parseFrame(data);
    if (frame === null) return;
    if (frame.type === "welcome" && frame.id === this.helloId) this.welcomed(frame);
    else this.options.onFrame(frame);
    if (frame.type === "ack") this.settle(frame.id, (waiting) => waiting.resolve(frame));
    else if (frame.type === "error" && frame.id) this.refused(frame, frame.id);
    else if (frame.type === "drain") this.drain(frame.reconnect_after_ms);
  }

  private refused(frame: ErrorFrame, id: string): void {
    if (id === this.helloId) this.pauseMs = frame.retry_after_ms ?? 0;
    else this.settle(id, (waiting) => waiting.reject(refusal(frame)));
  }

  private welcomed(frame: Welcome): void {
    this.attempt = 0;
    this.ready = true;
    clearTimeout(this.welcomeTimer);
    this.choice.welcomed();
    if (this.socket instanceof StreamSocket) this.probeLater(this.choice.probeMs);
    this.options.onFrame(frame);
    this.options.onStatus({ link: "open" });
  }

  private settle(id: string, end: (waiting: Waiting) => void): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    end(waiting);
  }

  /** Nothing heard for 35 s (a socket that never opened included): the line is dead. */
  private listen(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.restart(), SILENCE_MS);
  }

  /** The server goes away: leave it when it says so, unless it closes first. It spreads its clients; a little jitter is
   * for those that it told the same. */
  private drain(afterMs: number): void {
    clearTimeout(this.drainTimer);
    this.drainTimer = setTimeout(
      () => {
        if (this.wanted) this.move();
      },
      afterMs + this.random() * DRAIN_JITTER_MS,
    );
  }

  /** On a stream: see from time to time whether a WebSocket can be opened, and move to it when it can. */
  private probeLater(ms: number): void {
    clearTimeout(this.probeTimer);
    this.probeTimer = setTimeout(() => (this.waiting.size > 0 ? this.probeLater(BUSY_MS) : this.look()), ms);
  }

  private look(): void {
    const probe = this.newSocket();
    this.probe = probe;
    const found = (works: boolean) => {
      if (probe !== this.probe) return;
      this.endProbe();
      if (works && this.waiting.size > 0) {
        this.probeLater(BUSY_MS);
        return;
      }
      this.choice.probed(works);
      if (works) this.move();
      else this.probeLater(this.choice.probeMs);
    };
    probe.onopen = () => found(true);
    probe.onclose = () => found(false);
    this.probeTimer = setTimeout(() => found(false), WELCOME_MS);
  }

  private endProbe(): void {
    clearTimeout(this.probeTimer);
    const { probe } = this;
    this.probe = null;
    if (!probe) return;
    probe.onopen = null;
    probe.onclose = null;
    probe.close();
  }

  private move(): void {
    this.drop();
    this.connect();
  }

  private restart(): void {
    if (!this.ready) this.choice.failed();
    this.drop();
    this.wait();
  }

  private closed(code: number): void {
    // A code of the protocol was said by the server: the line itself works.
    if (!this.ready && code < PROTOCOL_FROM) this.choice.failed();
    this.drop();
    if (code >= FINAL_FROM && code <= FINAL_TO) {
      this.wanted = false;
      window.removeEventListener("online", this.onOnline);
      this.options.onStatus({ link: "ended", code });
    } else {
      this.wait();
    }
  }

  private wait(): void {
    if (!this.wanted) return;
    const delayMs = Math.max(this.pauseMs, reconnectDelay(this.attempt, this.random));
    this.pauseMs = 0;
    this.attempt += 1;
    this.options.onStatus({ link: "waiting", delayMs });
    this.retryTimer = setTimeout(() => this.connect(), delayMs);
  }

  /** Let go of the socket, so that nothing of it is heard any more. */
  private drop(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    clearTimeout(this.drainTimer);
    clearTimeout(this.welcomeTimer);
    this.endProbe();
    const socket = this.socket;
    this.socket = null;
    this.ready = false;
    if (socket) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    for (const id of [...this.waiting.keys()]) {
      this.settle(id, (waiting) => waiting.reject(new CommandError("offline", "The connection was lost.")));
    }
  }
}

function refusal(frame: ErrorFrame): CommandError {
  const { code, message, retry_after_ms = null, holder = null, reason = null } = frame;
  return new CommandError(code, message, retry_after_ms, holder, reason);
}

/** Whether a close code that ended the session asks for signing in again. */
export function needsSignIn(code: number | null): boolean {
  return code === CLOSE.UNAUTHORIZED || code === CLOSE.REVOKED;
}
