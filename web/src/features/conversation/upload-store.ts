/** Files that are being attached to replies, per conversation; they live as long as the page. */

import { create } from "zustand";
import { useShallow } from "zustand/shallow";
import type { Attachment } from "@/wire/wire.gen";
import { errorWords } from "../rest/client";
import { complain } from "../ui/notices";
import { fileProblem, uploadFile } from "./files";

export type Upload = {
  key: string;
  conversation: string;
  file: File;
  /** How much has gone out, as a part of 1. */
  part: number;
  done: Attachment | null;
  problem: string | null;
};

type UploadState = { uploads: readonly Upload[] };

const useUploadStore = create<UploadState>(() => ({ uploads: [] }));
const running = new Map<string, AbortController>();

function change(key: string, fields: Partial<Upload>): void {
  useUploadStore.setState(({ uploads }) => ({
    uploads: uploads.map((one) => (one.key === key ? { ...one, ...fields } : one)),
  }));
}

async function run({ key, conversation, file }: Upload): Promise<void> {
  const controller = new AbortController();
  running.set(key, controller);
  try {
    const done = await uploadFile(conversation, file, (part) => change(key, { part }), controller.signal);
    change(key, { done, part: 1 });
  } catch (error) {
    // One that was taken away is no longer in the list to say anything of.
    change(key, { problem: errorWords(error) });
  } finally {
    running.delete(key);
  }
}

/** Begin to upload files for a conversation; those that cannot be sent are told of at once. */
export function attachFiles(conversation: string, files: readonly File[]): void {
  for (const file of files) {
    const { uploads } = useUploadStore.getState();
    const problem = fileProblem(file, uploads.filter((one) => one.conversation === conversation).length);
    if (problem !== null) {
      complain(problem);
      continue;
    }
    const upload = { key: crypto.randomUUID(), conversation, file, part: 0, done: null, problem: null };
    useUploadStore.setState({ uploads: [...uploads, upload] });
    void run(upload);
  }
}

/** Take a file away, also in the middle of its upload. */
export function removeUpload(key: string): void {
  useUploadStore.setState(({ uploads }) => ({ uploads: uploads.filter((one) => one.key !== key) }));
  running.get(key)?.abort();
}

export function retryUpload(key: string): void {
  const upload = useUploadStore.getState().uploads.find((one) => one.key === key);
  if (upload === undefined || upload.problem === null) return;
  change(key, { problem: null, part: 0 });
  void run(upload);
}

/** The files that are there for a message, which then belong to it. */
export function takeUploads(conversation: string): Attachment[] {
  const { uploads } = useUploadStore.getState();
  const own = uploads.filter((one) => one.conversation === conversation);
  useUploadStore.setState({ uploads: uploads.filter((one) => one.conversation !== conversation) });
  return own.flatMap(({ done }) => done ?? []);
}

export function useUploads(conversation: string): readonly Upload[] {
  return useUploadStore(
    useShallow(({ uploads }) => uploads.filter((one) => one.conversation === conversation)),
  );
}
