/** What each role may do over REST, as the server has it; what is not allowed is not offered. */

export type Right = "conversations.write" | "analytics.read" | "settings.manage" | "users.manage";

const RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  owner: ["conversations.write", "analytics.read", "settings.manage", "users.manage"],
  admin: ["conversations.write", "analytics.read", "settings.manage"],
  agent: ["conversations.write", "analytics.read"],
  viewer: ["analytics.read"],
};

export function may(role: string, right: Right): boolean {
  return RIGHTS[role]?.includes(right) ?? false;
}

/** The roles, the widest first, each with what its people do. */
export const ROLES = [
  { value: "owner", title: "Owner", hint: "Everything, the team included." },
  { value: "admin", title: "Admin", hint: "Conversations and all settings but the team." },
  { value: "agent", title: "Agent", hint: "Reads and answers conversations." },
  { value: "viewer", title: "Viewer", hint: "Reads along and sees the insights; never writes." },
] as const;
