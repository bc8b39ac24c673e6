import { createStore, type StoreApi } from "zustand/vanilla";
import { customerFileProblem, uploadFile } from "@/features/conversation/files";
import { errorWords, RestError } from "@/features/rest/client";
import { Outbox, type OutgoingMessage } from "@/shared/outbox";
import { SessionClient, type SessionClientOptions } from "@/shared/session/client";
import type { ConversationState } from "@/shared/session/state";
import type { SessionStore } from "@/shared/session/store";
import { CommandError } from "@/shared/socket";
import { Uploads } from "@/shared/uploads";
import { CLOSE, type Identity, type Page, type ServerFrame } from "@/wire/wire.gen";
import { saveSlot, type VisitorSlot } from "./visitor-slot";

const TYPING_EVERY_MS = 4000;
const TYPING_PAUSE_MS = 3000;
const CONNECT_MS = 5000;
const UPLOAD = "/api/attachments/visitor/";

export type Notice = { text: string; retry: (() => void) | null };

/** What the panel shows besides the session itself. */
export type VisitorState = {
  conversation: string | null;
  /** True until it is known whether there is an earlier conversation to show. */
  isRestoring: boolean;
  notice: Notice | null;
  feedback: Readonly<Record<string, "up" | "down">>;
};

export type VisitorSessionOptions = {
  url: string;
  widgetKey: string;
  identity: Identity | null;
  locale: string | null;
  page: () => Page;
  slot: VisitorSlot;
  storage: Storage | null;
  /** The identity was refused, and its date says that the page can give a fresh one. */
  onUnidentified?: () => void;
  createStore?: () => SessionStore;
  socket?: SessionClientOptions["socket"];
};

/** Whether an identity is good for a while only; see app/auth/identity.py. */
export function isDated(identity: Identity | null): boolean {
  return /^\d+\./.test(identity?.hash ?? "");
}

/** Why a file is not there, as the visitor can act on it. */
function uploadWords(error: unknown): string {
  if (error instanceof RestError) return errorWords(error);
  if (error instanceof CommandError && error.code !== "offline") return error.message;
  return "There is no connection. Try again.";
}

/** One visitor's side of the chat, from the first page to the end of the visit. */
export class VisitorSession {
  readonly state: StoreApi<VisitorState>;
  readonly client: SessionClient;
  readonly outbox: Outbox;
  /** Files of the message that is being written. */
  readonly uploads = new Uploads({
    upload: (file, onProgress, signal) => this.upload(file, onProgress, signal),
    check: customerFileProblem,
    words: uploadWords,
  });
  private slot: VisitorSlot;
  private identity: Identity | null;
  private isWaitingForIdentity = false;
  private opening: Promise<string> | null = null;
  private renewed = false;
  private isOver = false;
  private lastTyping = Number.NEGATIVE_INFINITY;
  private typingPause: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: VisitorSessionOptions) {
    this.slot = options.slot;
    this.identity = options.identity;
    this.state = createStore<VisitorState>(() => ({
      conversation: this.slot.conversation,
      isRestoring: this.slot.conversation !== null,
      notice: null,
      feedback: {},
    }));
    this.client = new SessionClient({
      url: options.url,
      store: options.createStore?.(),
      socket: options.socket,
      hello: () => ({
        type: "hello",
        widget_key: options.widgetKey,
        token: this.slot.token,
        identity: this.identity,
        page: options.page(),
        locale: options.locale,
      }),
      remembered: () => this.slot.conversation,
      onFrame: (frame) => this.onFrame(frame),
    });
    this.outbox = new Outbox({
      scope: this.slot.scope,
      storage: options.storage,
      deliver: (message) => this.deliver(message),
    });
    this.client.store.view.subscribe((state) => {
      if (state.link === "ended") this.ended(state.endCode);
    });
  }

  /** Connect; a visitor without an earlier conversation needs it only once the panel is open. */
  connect(): void {
    this.client.open();
  }

  get hasHistory(): boolean {
    return this.slot.conversation !== null || this.outbox.messages.getState().length > 0;
  }

  get conversation(): ConversationState | null {
    const id = this.slot.conversation;
    return id === null ? null : (this.client.store.current().conversations[id] ?? null);
  }

  send(text: string): void {
    this.connect();
    const files = this.uploads.take();
    this.outbox.add(text, this.slot.conversation, files.length > 0 ? files : undefined);
    this.dismissNotice();
    this.stopTyping();
  }

  /** Begin to upload files for the next message; the first that cannot be sent is told of. */
  attach(files: readonly File[]): void {
    const text = this.uploads.add(files);
    this.state.setState({ notice: text === null ? null : { text, retry: null } });
  }

  private async upload(file: File, onProgress: (part: number) => void, signal: AbortSignal) {
    this.connect();
    await this.connected();
    const conversation = await this.openConversation();
    const headers = { Authorization: `Bearer ${this.slot.token}` };
    return uploadFile(UPLOAD, conversation, file, { onProgress, signal, headers });
  }

  stop(message: string): void {
    this.act((conversation) => ({ type: "reply.stop", conversation, message }) as const);
  }

  async talkToPerson(): Promise<void> {
    this.connect();
    await this.act((conversation) => ({ type: "handoff.request", conversation }) as const);
  }

  endConversation(): void {
    this.act((conversation) => ({ type: "conversation.close", conversation }) as const);
  }

  rate(score: number): void {
    this.act((conversation) => ({ type: "csat.rate", conversation, score }) as const);
  }

  giveFeedback(message: string, value: "up" | "down"): void {
    const before = this.state.getState().feedback;
    this.state.setState({ feedback: { ...before, [message]: value } });
    this.act(
      (conversation) => ({ type: "reply.feedback", conversation, message, value }) as const,
      () => this.state.setState({ feedback: before }),
    );
  }

  /** Say that the visitor is typing, at most every few seconds, and once that it paused. */
  typing(): void {
    const { conversation } = this;
    if (!conversation) return;
    clearTimeout(this.typingPause);
    this.typingPause = setTimeout(() => this.stopTyping(), TYPING_PAUSE_MS);
    if (Date.now() - this.lastTyping < TYPING_EVERY_MS) return;
    this.lastTyping = Date.now();
    this.quietly({ type: "typing", conversation: conversation.id, on: true });
  }

  private stopTyping(): void {
    clearTimeout(this.typingPause);
    const { conversation } = this;
    if (!conversation || this.lastTyping === Number.NEGATIVE_INFINITY) return;
    this.lastTyping = Number.NEGATIVE_INFINITY;
    this.quietly({ type: "typing", conversation: conversation.id, on: false });
  }

  /** How many messages of others the visitor has not seen. */
  get unread(): number {
    return this.unseen().length;
  }

  /** The visitor looks at the conversation: what others wrote is read. */
  markRead(): void {
    const { conversation } = this;
    const newest = Math.max(...this.unseen());
    if (!conversation || newest <= this.slot.read) return;
    this.keep({ read: newest });
    this.quietly({ type: "read", conversation: conversation.id, seq: newest });
  }

  private unseen(): number[] {
    return Object.values(this.conversation?.messages ?? {}).flatMap(({ seq, sender }) =>
      sender.kind !== "customer" && seq !== null && seq > this.slot.read ? [seq] : [],
    );
  }

  dismissNotice(): void {
    this.state.setState({ notice: null });
  }

  /** Leave for good: another visitor follows. */
  dispose(): void {
    clearTimeout(this.typingPause);
    this.uploads.clear();
    this.isOver = true;
    this.client.close();
  }

  private onFrame(frame: ServerFrame): void {
    if (frame.type === "welcome") this.welcomed(frame.token ?? null);
    const { conversation } = this;
    if (!conversation) return;
    if (this.state.getState().isRestoring) this.state.setState({ isRestoring: false });
    const logged = new Set(Object.values(conversation.messages).map((message) => message.clientId));
    this.outbox.settle((clientId) => logged.has(clientId));
  }

  private welcomed(token: string | null): void {
    this.isWaitingForIdentity = false;
    if (token) this.keep({ token });
    // The welcome brings the conversation of an earlier page; without it, it is gone.
    if (this.slot.conversation !== null && !this.conversation) this.setConversation(null);
    this.state.setState({ isRestoring: false });
    void this.outbox.flush();
  }

  /** The same customer with a fresh signature: it is for the next hello. */
  renew(identity: Identity): void {
    this.identity = identity;
    if (!this.isWaitingForIdentity) return;
    queueMicrotask(() => this.client.open());
  }

  /** The identity was refused, perhaps because it is old: ask for a fresh one. The token was: begin as a new visitor. */
  private ended(code: number | null): void {
    // Whoever was blocked must not come back as somebody else.
    if (code !== CLOSE.UNAUTHORIZED) return;
    if (isDated(this.identity) && !this.isWaitingForIdentity) {
      this.isWaitingForIdentity = true;
      this.options.onUnidentified?.();
      return;
    }
    if (this.renewed || this.slot.token === null) return;
    this.renewed = true;
    this.keep({ token: null, conversation: null, read: 0 });
    this.state.setState({ conversation: null, isRestoring: false });
    queueMicrotask(() => this.client.open());
  }

  private async deliver(message: OutgoingMessage): Promise<void> {
    const conversation = await this.openConversation();
    const { text, clientId, attachments } = message;
    const send = (id: string) =>
      this.client.request<"message.send">({
        type: "message.send",
        conversation: id,
        client_id: clientId,
        text,
        ...(attachments && { attachments: attachments.map(({ id }) => id) }),
      });
    try {
      await send(conversation);
    } catch (error) {
      const isGone = error instanceof CommandError && (error.code === "closed" || error.code === "not_found");
      if (!isGone) throw error;
      this.setConversation(null);
      await send(await this.openConversation());
    }
  }

  /** The id of the conversation, opened when there is none yet. */
  private openConversation(): Promise<string> {
    const { conversation } = this;
    if (conversation) return Promise.resolve(conversation.id);
    this.opening ??= this.client
      .request<"conversation.open">({ type: "conversation.open", page: this.options.page() })
      .then((ack) => {
        this.setConversation(ack.conversation.id);
        return ack.conversation.id;
      })
      .finally(() => {
        this.opening = null;
      });
    return this.opening;
  }

  private setConversation(id: string | null): void {
    if (id !== this.slot.conversation) this.keep({ conversation: id, read: 0 });
    this.state.setState({ conversation: id, isRestoring: false });
  }

  /** Carry out a command of the visitor; a failure is shown, with a way to try again. */
  private async act(
    command: (conversation: string) => Parameters<SessionClient["request"]>[0],
    undo?: () => void,
  ): Promise<void> {
    this.state.setState({ notice: null });
    try {
      await this.connected();
      await this.client.request(command(await this.openConversation()));
    } catch (error) {
      undo?.();
      const isOffline = error instanceof CommandError && error.code === "offline";
      const text = isOffline ? "That did not reach us: there is no connection." : "That did not work.";
      this.state.setState({ notice: { text, retry: () => void this.act(command) } });
    }
  }

  /** Wait a moment for a line that is just being made; without one, the command itself says so. */
  private async connected(): Promise<void> {
    if (this.client.store.view.getState().link !== "connecting") return;
    await this.client.ready(CONNECT_MS).catch(() => undefined);
  }

  private quietly(command: Parameters<SessionClient["request"]>[0]): void {
    // Typing and reading are told again on the next occasion; nothing is lost when one does not arrive.
    this.client.request(command).catch(() => undefined);
  }

  private keep(fields: Partial<VisitorSlot>): void {
    if (this.isOver) return;
    this.slot = { ...this.slot, ...fields };
    saveSlot(this.options.storage, this.slot);
  }
}
