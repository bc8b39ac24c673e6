import type { Identity } from "@/wire/wire.gen";

/** What this browser keeps of one visitor: never in a URL, never shared between identities. */
export type VisitorSlot = {
  /** Storage keys of this visitor begin with it. */
  scope: string;
  token: string | null;
  conversation: string | null;
  /** The newest event that the visitor has seen. */
  read: number;
};

/** The frame's local storage, or null where the browser keeps it from framed pages. */
export function openStorage(): Storage | null {
  try {
    const probe = "assistify:probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return null;
  }
}

function root(widgetKey: string): string {
  return `assistify:${widgetKey}:`;
}

function scopeOf(widgetKey: string, identity: Identity | null): string {
  return `${root(widgetKey)}${identity ? `customer:${identity.id}` : "guest"}`;
}

/**
 * Open the slot of an identity. Slots of other identified customers are wiped, so that nobody finds another's
 * conversation on a shared computer; a guest's stays beside the one of the customer who signed in.
 */
export function openSlot(storage: Storage | null, widgetKey: string, identity: Identity | null): VisitorSlot {
  const scope = scopeOf(widgetKey, identity);
  if (identity) {
    const guest = scopeOf(widgetKey, null);
    wipe(storage, (key) => key.startsWith(root(widgetKey)) && !isIn(key, scope) && !isIn(key, guest));
  }
  const empty = { scope, token: null, conversation: null, read: 0 };
  try {
    const stored: unknown = JSON.parse(storage?.getItem(scope) ?? "null");
    return typeof stored === "object" && stored !== null ? { ...empty, ...stored, scope } : empty;
  } catch {
    return empty;
  }
}

export function saveSlot(storage: Storage | null, slot: VisitorSlot): void {
  const { scope, ...kept } = slot;
  try {
    storage?.setItem(scope, JSON.stringify(kept));
  } catch {
    // A full storage costs the conversation on the next page, not this one.
  }
}

/** Forget every visitor of this widget. */
export function wipeSlots(storage: Storage | null, widgetKey: string): void {
  wipe(storage, (key) => key.startsWith(root(widgetKey)));
}

function isIn(key: string, scope: string): boolean {
  return key === scope || key.startsWith(`${scope}:`);
}

function wipe(storage: Storage | null, matches: (key: string) => boolean): void {
  if (!storage) return;
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const key of keys) {
    if (key !== null && matches(key)) storage.removeItem(key);
  }
}
