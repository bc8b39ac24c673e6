/** The keys of the console: one table for the handler, the key sheet and the palette (pure). */

export type Action =
  | "queue.mine"
  | "queue.unassigned"
  | "queue.bot"
  | "queue.all"
  | "insights.open"
  | "settings.open"
  | "notifications.open"
  | "list.next"
  | "list.previous"
  | "list.open"
  | "list.search"
  | "conversation.take"
  | "conversation.release"
  | "conversation.reply"
  | "conversation.note"
  | "conversation.suggest"
  | "conversation.summary"
  | "conversation.close"
  | "panel.toggle"
  | "palette.open"
  | "keys.open";

export type Binding = {
  action: Action;
  title: string;
  group: "Go to" | "List" | "Conversation" | "Help";
  keys: string;
};

/** `keys`: modifiers and one key joined by "+"; "Mod" is Ctrl, or Cmd on a Mac. */
export const BINDINGS: readonly Binding[] = [
  { action: "queue.mine", title: "My conversations", group: "Go to", keys: "Alt+1" },
  { action: "queue.unassigned", title: "Unassigned", group: "Go to", keys: "Alt+2" },
  { action: "queue.bot", title: "Assistant", group: "Go to", keys: "Alt+3" },
  { action: "queue.all", title: "All conversations", group: "Go to", keys: "Alt+4" },
  { action: "insights.open", title: "Insights", group: "Go to", keys: "Alt+5" },
  { action: "notifications.open", title: "Notifications", group: "Go to", keys: "Alt+6" },
  { action: "settings.open", title: "Settings", group: "Go to", keys: "Mod+," },
  { action: "list.next", title: "Next conversation", group: "List", keys: "J" },
  { action: "list.previous", title: "Previous conversation", group: "List", keys: "K" },
  { action: "list.open", title: "Open it", group: "List", keys: "Enter" },
  { action: "list.search", title: "Search", group: "List", keys: "/" },
  { action: "conversation.take", title: "Take over", group: "Conversation", keys: "T" },
  { action: "conversation.release", title: "Hand back to the assistant", group: "Conversation", keys: "H" },
  { action: "conversation.reply", title: "Write a reply", group: "Conversation", keys: "R" },
  { action: "conversation.note", title: "Write a note", group: "Conversation", keys: "N" },
  { action: "conversation.suggest", title: "Suggest a reply", group: "Conversation", keys: "S" },
  { action: "conversation.summary", title: "Show or fold the summary", group: "Conversation", keys: "D" },
  { action: "conversation.close", title: "Close or reopen", group: "Conversation", keys: "E" },
  { action: "panel.toggle", title: "Show or fold the customer panel", group: "Conversation", keys: "I" },
  { action: "palette.open", title: "Command palette", group: "Help", keys: "Mod+K" },
  { action: "keys.open", title: "This key sheet", group: "Help", keys: "?" },
];

export type KeyPress = {
  key: string;
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  /** The press would type into a field or belongs to a button, link or open dialog. */
  typing: boolean;
  /** Enter on a focused button or link presses that one. */
  onControl: boolean;
  repeat: boolean;
};

/** The digit of a press by its place on the board: Alt+1 types "¡" on a Mac. */
function keyName(press: KeyPress): string {
  if (press.altKey && /^Digit[0-9]$/.test(press.code)) return press.code.slice(5);
  return press.key.length === 1 ? press.key.toUpperCase() : press.key;
}

function chord(press: KeyPress): string {
  const modifiers = [press.altKey ? "Alt+" : "", press.ctrlKey || press.metaKey ? "Mod+" : ""].join("");
  return modifiers + keyName(press);
}

const REPEATABLE: ReadonlySet<Action> = new Set(["list.next", "list.previous"]);

/** The action of a press, or null; single letters never act while somebody types. */
export function resolveKey(press: KeyPress): Action | null {
  const pressed = chord(press);
  const binding = BINDINGS.find((candidate) => candidate.keys === pressed);
  if (binding === undefined) return null;
  const plain = !binding.keys.includes("+");
  if (plain && press.typing) return null;
  if (binding.action === "list.open" && press.onControl) return null;
  if (press.repeat && !REPEATABLE.has(binding.action)) return null;
  return binding.action;
}

/** The keys as printed on this machine's keyboard, one entry per cap. */
export function keyCaps(keys: string, mac: boolean): string[] {
  return keys.split("+").map((part) => {
    if (part === "Mod") return mac ? "⌘" : "Ctrl";
    if (part === "Alt") return mac ? "⌥" : "Alt";
    return part;
  });
}

/** Bindings whose title holds every word of the search, in table order. */
export function matchBindings(search: string): Binding[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return BINDINGS.filter((binding) => {
    const haystack = `${binding.title} ${binding.group}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
