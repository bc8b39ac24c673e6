import { createStore, type StoreApi } from "zustand/vanilla";
import type { Attachment } from "@/wire/wire.gen";

/** A file on its way into a message. */
export type Upload = {
  key: string;
  file: File;
  /** How much has gone out, as a part of 1. */
  part: number;
  done: Attachment | null;
  problem: string | null;
};

export type UploadsOptions = {
  /** Send a file, telling how far it is in parts of 1; rejects when it was not taken, or aborted. */
  upload: (file: File, onProgress: (part: number) => void, signal: AbortSignal) => Promise<Attachment>;
  /** Why a file cannot be sent, before a byte of it goes out; `already` are there. */
  check: (file: File, already: number) => string | null;
  /** What went wrong, in words. */
  words: (error: unknown) => string;
};

/** The files of one message that is being written; they live as long as the page. */
export class Uploads {
  readonly list: StoreApi<readonly Upload[]> = createStore<readonly Upload[]>(() => []);
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly options: UploadsOptions) {}

  /** Begin to upload; returns why the first of those that cannot be sent is refused. */
  add(files: readonly File[]): string | null {
    let refusal: string | null = null;
    for (const file of files) {
      const problem = this.options.check(file, this.list.getState().length);
      refusal ??= problem;
      if (problem !== null) continue;
      const upload = { key: crypto.randomUUID(), file, part: 0, done: null, problem: null };
      this.list.setState([...this.list.getState(), upload], true);
      void this.run(upload);
    }
    return refusal;
  }

  /** Take a file away, also in the middle of its upload. */
  remove(key: string): void {
    this.list.setState(
      this.list.getState().filter((one) => one.key !== key),
      true,
    );
    this.running.get(key)?.abort();
  }

  retry(key: string): void {
    const upload = this.list.getState().find((one) => one.key === key);
    if (upload === undefined || upload.problem === null) return;
    this.change(key, { problem: null, part: 0 });
    void this.run(upload);
  }

  /** The files that are there, which then belong to a message. */
  take(): Attachment[] {
    const files = this.list.getState().flatMap(({ done }) => done ?? []);
    this.clear();
    return files;
  }

  /** Take all away. */
  clear(): void {
    for (const { key } of this.list.getState()) this.remove(key);
  }

  private change(key: string, fields: Partial<Upload>): void {
    this.list.setState(
      this.list.getState().map((one) => (one.key === key ? { ...one, ...fields } : one)),
      true,
    );
  }

  private async run({ key, file }: Upload): Promise<void> {
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      const done = await this.options.upload(file, (part) => this.change(key, { part }), controller.signal);
      this.change(key, { done, part: 1 });
    } catch (error) {
      // One that was taken away is no longer in the list to say anything of.
      this.change(key, { problem: this.options.words(error) });
    } finally {
      this.running.delete(key);
    }
  }
}

/** Whether there is something to send, and none of it still under way. */
export function isReady(uploads: readonly Upload[]): boolean {
  return uploads.every(({ done }) => done !== null);
}
