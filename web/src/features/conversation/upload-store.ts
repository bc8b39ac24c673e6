/** Files that are being attached to replies, per conversation; they live as long as the page. */

import { useStore } from "zustand";
import { type Upload, Uploads } from "@/shared/uploads";
import type { Attachment } from "@/wire/wire.gen";
import { errorWords } from "../rest/client";
import { complain } from "../ui/notices";
import { fileProblem, uploadFile } from "./files";

const known = new Map<string, Uploads>();

/** The files of the reply that is being written in a conversation. */
export function uploadsOf(conversation: string): Uploads {
  let uploads = known.get(conversation);
  if (uploads === undefined) {
    uploads = new Uploads({
      upload: (file, onProgress, signal) =>
        uploadFile("/api/attachments/", conversation, file, { onProgress, signal }),
      check: fileProblem,
      words: errorWords,
    });
    known.set(conversation, uploads);
  }
  return uploads;
}

/** Begin to upload files for a conversation; what cannot be sent is told of at once. */
export function attachFiles(conversation: string, files: readonly File[]): void {
  const refusal = uploadsOf(conversation).add(files);
  if (refusal !== null) complain(refusal);
}

/** The files that are there for a message, which then belong to it. */
export function takeUploads(conversation: string): Attachment[] {
  return uploadsOf(conversation).take();
}

export function useUploads(conversation: string): readonly Upload[] {
  return useStore(uploadsOf(conversation).list);
}
