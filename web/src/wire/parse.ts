import type { ServerFrame } from "./wire.gen";

/** Read one text frame; null for anything that is not a JSON object with a `type`. */
export function parseFrame(text: unknown): ServerFrame | null {
  if (typeof text !== "string") return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    return typeof (value as { type?: unknown }).type === "string" ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
