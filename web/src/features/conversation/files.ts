/** Files of messages: what may be shown, how they are named, and uploading with progress. */

import type { Attachment } from "@/wire/wire.gen";
import { RestError, type UploadParts, uploadRest } from "../rest/client";

/** The server's own limits. */
export const MOST_FILES = 10;
export const MOST_BYTES = 25_000_000;

/** Vector pictures can hold scripts; these cannot. "image/*" is a picture whose kind the channel did not tell. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|\*)$/;

export type FileKind = "picture" | "audio" | "video" | "file";

export function fileKind(mediaType: string): FileKind {
  if (PICTURES.test(mediaType)) return "picture";
  if (mediaType.startsWith("audio/")) return "audio";
  if (mediaType.startsWith("video/")) return "video";
  return "file";
}

/** The address of a file if it is one that a browser may follow; null for anything that could run. */
export function safeUrl(url: string): string | null {
  if (url.startsWith("/") && !url.startsWith("//")) return url;
  try {
    const { protocol } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

const UNITS = ["B", "KB", "MB", "GB"];

/** "34 KB"; empty when the channel did not tell. */
export function sizeWords(bytes: number): string {
  if (!(bytes > 0)) return "";
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

/** What customers may send; the server looks into a file whose type the browser does not know. */
export const CUSTOMER_TYPES =
  "image/png,image/jpeg,image/gif,image/webp,image/avif,image/heic,image/heif,application/pdf";

/** As `fileProblem`, for customers, who send pictures and PDF files. */
export function customerFileProblem(file: File, already: number): string | null {
  const isTaken = file.type === "" || CUSTOMER_TYPES.split(",").includes(file.type);
  return isTaken ? fileProblem(file, already) : `${file.name} is no picture and no PDF file.`;
}

/** Why a file cannot be sent, before a byte of it goes out; null when it can. */
export function fileProblem(file: { name: string; size: number }, already: number): string | null {
  if (already >= MOST_FILES) return `A message has at most ${MOST_FILES} files.`;
  if (file.size > MOST_BYTES) return `${file.name} is larger than ${sizeWords(MOST_BYTES)}.`;
  if (file.size === 0) return `${file.name} is empty.`;
  return null;
}

/** Upload a file for a conversation. Raises RestError, also when it is stopped. */
export async function uploadFile(
  path: string,
  conversation: string,
  file: File,
  parts: UploadParts,
): Promise<Attachment> {
  const query = new URLSearchParams({ conversation, name: file.name });
  const answer = await uploadRest(`${path}?${query}`, file, parts);
  if (typeof answer !== "object" || answer === null || !("id" in answer)) {
    throw new RestError(0, "The server did not say what became of the file. Try again.");
  }
  return answer as Attachment;
}
