import type { AckOf, Cursor, ServerFrame } from "@/wire/wire.gen";
import { type CommandBody, CommandError, type HelloBody, Socket, type SocketOptions } from "../socket";
import { notificationCursor, resumeCursor } from "./resume";
import { createSessionStore, type SessionStore } from "./store";

/** One hello may name 100 conversations; one place is for the remembered one. */
const MAX_RESUME = 99;
const REPAIR_PAUSE_MS = 2000;
const READY_MS = 10_000;

export type SessionClientOptions = {
  url: string;
  /** The hello without `resume`, which the client fills in. */
  hello: () => HelloBody;
  /** A conversation of an earlier page, to be read when connecting. */
  remembered?: () => string | null;
  /** Called after a frame was applied. */
  onFrame?: (frame: ServerFrame) => void;
  store?: SessionStore;
  socket?: Pick<SocketOptions, "random" | "WebSocket" | "streamUrl" | "fetch">;
};

/** A session with the server: socket, state, and the repair of what went missing. */
export class SessionClient {
  readonly store: SessionStore;
  private readonly socket: Socket;
  /** What the server was told; null when that is not known. */
  private presence: "online" | "away" | null = "online";
  private readonly repairing = new Set<string>();

  constructor(private readonly options: SessionClientOptions) {
    this.store = options.store ?? createSessionStore();
    this.socket = new Socket({
      ...options.socket,
      url: options.url,
      hello: () => ({
        ...options.hello(),
        resume: this.cursors(),
        ...notificationCursor(this.store.current()),
      }),
      onFrame: (frame) => this.receive(frame),
      onStatus: (status) => {
        const endCode = status.link === "ended" ? { endCode: status.code } : {};
        this.store.apply({ type: "local.link", link: status.link, ...endCode });
      },
    });
  }

  open(): void {
    document.addEventListener("visibilitychange", this.tellPresence);
    this.socket.open();
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.tellPresence);
    this.socket.close();
    this.store.apply({ type: "local.link", link: "idle" });
  }

  retry(): void {
    this.socket.retry();
  }

  /** Wait for the line: until the server has said welcome. Rejects with CommandError `offline`. */
  ready(withinMs = READY_MS): Promise<void> {
    const { view } = this.store;
    if (view.getState().link === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (isOpen: boolean) => {
        clearTimeout(timer);
        unsubscribe();
        if (isOpen) resolve();
        else reject(new CommandError("offline", "there is no connection"));
      };
      const timer = setTimeout(() => settle(false), withinMs);
      const unsubscribe = view.subscribe(({ link }) => {
        if (link === "open" || link === "ended") settle(link === "open");
      });
    });
  }

  /** Send a command; rejects with CommandError. */
  request<Type extends CommandBody["type"]>(
    command: Extract<CommandBody, { type: Type }>,
  ): Promise<AckOf[Type]> {
    return this.socket.request(command) as Promise<AckOf[Type]>;
  }

  /** Follow a conversation, from where it is held; also after every reconnect, until `unwatch`. */
  async watch(conversation: string): Promise<void> {
    const held = this.store.current().conversations[conversation];
    const cursor = held ? resumeCursor(held) : { conversation };
    await this.request<"conversation.watch">({ type: "conversation.watch", ...cursor });
  }

  /** Stop following, and forget what was held. */
  async unwatch(conversation: string): Promise<void> {
    this.store.apply({ type: "local.forget", conversation });
    await this.request<"conversation.unwatch">({ type: "conversation.unwatch", conversation });
  }

  private cursors(): Cursor[] {
    const held = this.store.current().conversations;
    const cursors = Object.values(held).slice(-MAX_RESUME).map(resumeCursor);
    const remembered = this.options.remembered?.() ?? null;
    return remembered === null || remembered in held ? cursors : [{ conversation: remembered }, ...cursors];
  }

  /** Say whether the page is hidden; a connection begins as one that is looked at. */
  private readonly tellPresence = (): void => {
    const state = document.visibilityState === "hidden" ? "away" : "online";
    if (!this.socket.isReady || state === this.presence) return;
    this.presence = state;
    this.request<"presence">({ type: "presence", state }).catch(() => {
      this.presence = null;
    });
  };

  private receive(frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.presence = "online";
      this.tellPresence();
    }
    this.store.apply(frame);
    this.options.onFrame?.(frame);
    for (const conversation of Object.values(this.store.current().conversations)) {
      if (conversation.stale) void this.repair(conversation.id);
    }
  }

  /** Ask for what is missing until nothing is, one question at a time; the second one asks for everything. */
  private async repair(id: string): Promise<void> {
    if (this.repairing.has(id)) return;
    this.repairing.add(id);
    try {
      for (let tries = 1; this.isStale(id) && this.socket.isReady; tries += 1) {
        if (tries > 1) this.store.apply({ type: "local.needs_snapshot", conversation: id });
        if (tries > 2) await sleep(REPAIR_PAUSE_MS);
        await this.askFor(id);
      }
    } finally {
      this.repairing.delete(id);
    }
  }

  private isStale(id: string): boolean {
    return Boolean(this.store.current().conversations[id]?.stale);
  }

  private async askFor(id: string): Promise<void> {
    try {
      await this.watch(id);
    } catch (error) {
      const code = error instanceof CommandError ? error.code : null;
      if (code === "not_found" || code === "forbidden") {
        this.store.apply({ type: "local.forget", conversation: id });
      } else if (code !== "offline") {
        await sleep((error instanceof CommandError && error.retryAfterMs) || REPAIR_PAUSE_MS);
      }
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
