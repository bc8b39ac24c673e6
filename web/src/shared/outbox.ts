import { createStore, type StoreApi } from "zustand/vanilla";
import type { Attachment } from "@/wire/wire.gen";
import { CommandError } from "./socket";

/** A message of this side on its way: `sent` is acknowledged but not yet seen in the log. */
export type OutgoingMessage = {
  clientId: string;
  /** Null while the conversation has not been opened. */
  conversation: string | null;
  text: string;
  /** Files that were uploaded for it; left out when there are none. */
  attachments?: readonly Attachment[];
  at: string;
  state: "queued" | "sending" | "sent" | "failed";
  /** Why it failed, in the server's words. */
  error: string | null;
  /** As the error's `reason`. */
  reason?: string | null;
};

export type OutboxOptions = {
  /** Keys of stored messages begin with it; another visitor must have another one. */
  scope: string;
  storage: Storage | null;
  /** Send one message and wait for its acknowledgement; rejects with CommandError. */
  deliver: (message: OutgoingMessage) => Promise<void>;
  uuid?: () => string;
  now?: () => Date;
};

const BUSY_RETRY_MS = 2000;

/** Messages wait here until the server has them: sent in order, one at a time, kept over a reload. */
export class Outbox {
  readonly messages: StoreApi<readonly OutgoingMessage[]>;
  private running = false;
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: OutboxOptions) {
    this.messages = createStore<readonly OutgoingMessage[]>(() => this.stored());
  }

  add(text: string, conversation: string | null, attachments?: readonly Attachment[]): OutgoingMessage {
    const message: OutgoingMessage = {
      clientId: (this.options.uuid ?? (() => crypto.randomUUID()))(),
      conversation,
      text,
      ...(attachments && { attachments }),
      at: (this.options.now?.() ?? new Date()).toISOString(),
      state: "queued",
      error: null,
    };
    this.messages.setState([...this.messages.getState(), message], true);
    this.persist(message);
    void this.flush();
    return message;
  }

  /** Send a failed message again under its old `client_id`. */
  retry(clientId: string): void {
    this.change(clientId, { state: "queued", error: null });
    void this.flush();
  }

  discard(clientId: string): void {
    this.messages.setState(
      this.messages.getState().filter((message) => message.clientId !== clientId),
      true,
    );
    this.unpersist(clientId);
  }

  /** Drop what the log holds by now. */
  settle(isLogged: (clientId: string) => boolean): void {
    for (const message of this.messages.getState()) {
      if (isLogged(message.clientId)) this.discard(message.clientId);
    }
  }

  /** Forget everything: the visitor is another one. Nothing is sent after this. */
  clear(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const message of this.messages.getState()) this.discard(message.clientId);
  }

  /** Send what is queued, in order. Call it when the connection is there. */
  async flush(): Promise<void> {
    if (this.running || this.stopped) return;
    this.running = true;
    clearTimeout(this.timer);
    try {
      for (let next = this.next(); next; next = this.next()) {
        if (!(await this.attempt(next))) break;
      }
    } finally {
      this.running = false;
    }
  }

  private next(): OutgoingMessage | undefined {
    return this.messages.getState().find((message) => message.state === "queued");
  }

  /** Try one message; false when the rest has to wait. */
  private async attempt(message: OutgoingMessage): Promise<boolean> {
    this.change(message.clientId, { state: "sending" });
    try {
      await this.options.deliver(message);
      this.change(message.clientId, { state: "sent" });
      this.unpersist(message.clientId);
      return true;
    } catch (error) {
      return this.notDelivered(message, error);
    }
  }

  private notDelivered(message: OutgoingMessage, error: unknown): boolean {
    const code = error instanceof CommandError ? error.code : "unavailable";
    if (code === "offline") {
      this.change(message.clientId, { state: "queued" });
      return false;
    }
    if (code === "rate_limited" || code === "unavailable") {
      this.change(message.clientId, { state: "queued" });
      const after = (error instanceof CommandError && error.retryAfterMs) || BUSY_RETRY_MS;
      this.timer = setTimeout(() => void this.flush(), after);
      return false;
    }
    this.change(message.clientId, {
      state: "failed",
      error: error instanceof Error ? error.message : null,
      reason: error instanceof CommandError ? error.reason : null,
    });
    return true;
  }

  private change(clientId: string, fields: Partial<OutgoingMessage>): void {
    const changed = this.messages
      .getState()
      .map((message) => (message.clientId === clientId ? { ...message, ...fields } : message));
    this.messages.setState(changed, true);
    const message = changed.find((candidate) => candidate.clientId === clientId);
    if (message && (message.state === "queued" || message.state === "failed")) this.persist(message);
  }

  /** One key per message, so that two tabs of one visitor do not overwrite each other's. */
  private key(clientId: string): string {
    return `${this.options.scope}:outbox:${clientId}`;
  }

  private persist(message: OutgoingMessage): void {
    try {
      this.options.storage?.setItem(this.key(message.clientId), JSON.stringify(message));
    } catch {
      // A full or forbidden storage costs the message only if the page is left before it is sent.
    }
  }

  private unpersist(clientId: string): void {
    this.options.storage?.removeItem(this.key(clientId));
  }

  private stored(): OutgoingMessage[] {
    const { storage } = this.options;
    if (!storage) return [];
    const found: OutgoingMessage[] = [];
    for (let index = 0; index < storage.length; index += 1) {
      const key = storage.key(index);
      if (!key?.startsWith(this.key(""))) continue;
      const message = readStored(storage.getItem(key));
      if (message) found.push(message);
    }
    return found.sort((one, other) => one.at.localeCompare(other.at));
  }
}

function readStored(text: string | null): OutgoingMessage | null {
  try {
    const value = JSON.parse(text ?? "") as OutgoingMessage;
    if (typeof value.clientId !== "string" || typeof value.text !== "string") return null;
    return value.state === "failed" ? value : { ...value, state: "queued" };
  } catch {
    return null;
  }
}
