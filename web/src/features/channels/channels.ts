/** Channel accounts, as GET /api/channels/accounts/ has them. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type AccountField = {
  name: string;
  label: string;
  required: boolean;
  secret: boolean;
  choices: string[];
};

export type ChannelKind = {
  kind: string;
  name: string;
  fields: AccountField[];
  /** The address to give to the vendor. */
  webhook_url: string | null;
  /** To be opened in the browser where accounts are connected by signing in at the vendor; older servers have none. */
  sign_in?: string | null;
  sign_in_at_instagram?: string | null;
};

export type WayIn = { at: string; address: string; about: string };

/** Where accounts of a channel are connected by signing in at the vendor. */
export function waysIn(kind: ChannelKind): WayIn[] {
  const facebook = {
    at: "facebook",
    about: "Choose your pages at Facebook. The Instagram accounts behind them are connected, too.",
  };
  const instagram = { at: "instagram", about: "Sign in to an Instagram account that has no Facebook page." };
  return [
    { ...facebook, address: kind.sign_in },
    { ...instagram, address: kind.sign_in_at_instagram },
  ].flatMap(({ address, ...way }) => (address == null ? [] : [{ ...way, address }]));
}

export type ChannelAccount = {
  id: string;
  kind: string;
  external_id: string;
  name: string;
  active: boolean;
  fields: Record<string, string>;
  /** The names of the secrets that are set. */
  secrets: string[];
  /** What the vendor refuses the credentials with, so that nothing is sent. */
  problem?: string | null;
};

export type Channels = { kinds: ChannelKind[]; accounts: ChannelAccount[] };

export type LogEntry = {
  id: string;
  channel: string;
  status: string;
  received_at: string;
  account: string | null;
  kind: string | null;
  error: string | null;
};

export type AccountChange = { fields?: Record<string, string | null>; name?: string; active?: boolean };

const ACCOUNTS = "/api/channels/accounts/";
const LOG_ROWS = 50;

export const channelsQuery = queryOptions({
  queryKey: ["channels"],
  queryFn: async ({ signal }) => (await rest(ACCOUNTS, { signal })) as Channels,
});

/** What a channel brought last, the newest first. */
export function logQuery(kind: string) {
  return queryOptions({
    queryKey: ["webhook-log", kind],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ channel: kind, limit: String(LOG_ROWS) });
      return (await rest(`/api/webhook-logs/?${query}`, { signal })) as LogEntry[];
    },
  });
}

export async function connectAccount(
  kind: string,
  fields: Record<string, string>,
  name: string,
): Promise<ChannelAccount> {
  return (await rest(ACCOUNTS, { method: "POST", body: { kind, fields, name } })) as ChannelAccount;
}

export async function changeAccount(id: string, change: AccountChange): Promise<ChannelAccount> {
  return (await rest(`${ACCOUNTS}${id}/`, { method: "PATCH", body: change })) as ChannelAccount;
}

/** Give a secret a new value; the old one stays good beside it. */
export async function rotateSecret(id: string, secret: string, value: string): Promise<void> {
  await rest(`${ACCOUNTS}${id}/rotate/`, { method: "POST", body: { secret, value } });
}

export async function disconnectAccount(id: string): Promise<ChannelAccount> {
  return (await rest(`${ACCOUNTS}${id}/`, { method: "DELETE" })) as ChannelAccount;
}

/** What an account is called: its own name, or the vendor's for it. */
export function accountTitle(account: ChannelAccount): string {
  return account.name || account.external_id;
}

/** Connected, switched off, or disconnected for good: then its secrets are forgotten. */
export function accountState(account: ChannelAccount): "on" | "off" | "gone" {
  if (account.active) return "on";
  return account.secrets.length > 0 ? "off" : "gone";
}

/** A secret that can be changed while the vendor still signs with the old one, and the field for the old one. */
export type Rotation = { current: AccountField; previous: AccountField };

const PREVIOUS = /^previous_/;

/** The pairs of secrets of a kind: `auth_token` with `previous_auth_token`, and so on. */
export function rotations(kind: ChannelKind): Rotation[] {
  return kind.fields.flatMap((previous) => {
    if (!previous.secret || !PREVIOUS.test(previous.name)) return [];
    const ending = previous.name.replace(PREVIOUS, "");
    const current = kind.fields.find(
      ({ name, secret }) =>
        secret && !PREVIOUS.test(name) && (name === ending || name.endsWith(`_${ending}`)),
    );
    return current === undefined ? [] : [{ current, previous }];
  });
}

/** What nobody types: tests set another send API, an installation its own tokens. */
const UNTYPED: ReadonlySet<string> = new Set([
  "api_base",
  "refresh_token",
  "token_expires_at",
  "scopes",
  "installed_at",
]);

/** The fields of a form; former secrets belong to a rotation. */
export function formFields(kind: ChannelKind): AccountField[] {
  return kind.fields.filter(({ name }) => !PREVIOUS.test(name) && !UNTYPED.has(name));
}

/** What is still missing, by the names of the fields; `kept` are secrets that need not be given again. */
export function missingFields(
  fields: readonly AccountField[],
  values: Readonly<Record<string, string>>,
  kept: readonly string[] = [],
): string[] {
  return fields
    .filter(({ name, required }) => required && !kept.includes(name) && (values[name] ?? "").trim() === "")
    .map(({ name }) => name);
}

const TOKEN_BYTES = 18;

/** A text nobody can guess, for tokens that are ours to choose. */
export function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

/** What a form changes of an account: an emptied field is removed, a secret left empty stays. */
export function changedFields(
  fields: readonly AccountField[],
  account: ChannelAccount,
  values: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const { name, secret } of fields) {
    const value = (values[name] ?? "").trim();
    if (secret ? value !== "" : value !== (account.fields[name] ?? "")) changes[name] = value || null;
  }
  return changes;
}
