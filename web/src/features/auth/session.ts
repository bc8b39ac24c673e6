/** The signed-in member of staff, kept by the server's HttpOnly session cookie. */

import { create } from "zustand";
import { errorWords, onUnauthorized, RestError, rest, setCsrf } from "../rest/client";

export type StaffUser = {
  id: string;
  name: string;
  role: string;
  email: string;
  shop: string;
  /** The server is a demo: customers can be played. */
  demo: boolean;
};

export type SessionState =
  | { status: "unknown" }
  | { status: "unreachable"; reason: string }
  | { status: "out"; reason: string | null }
  | { status: "in"; user: StaffUser };

const SESSION = "/api/auth/session/";
const UNAUTHORIZED = 401;

export const useSession = create<SessionState>(() => ({ status: "unknown" }));

function readUser(answer: unknown): StaffUser {
  const { user, csrf, shop, demo } = answer as {
    user: Partial<StaffUser> & { id: string };
    csrf?: string;
    shop?: string;
    demo?: boolean;
  };
  setCsrf(typeof csrf === "string" ? csrf : null);
  return {
    id: user.id,
    name: user.name ?? user.email ?? "",
    role: user.role ?? "",
    email: user.email ?? "",
    shop: shop || "Assistify",
    demo: demo === true,
  };
}

/** Find out whether the cookie still holds a session. */
export async function restoreSession(): Promise<void> {
  try {
    useSession.setState({ status: "in", user: readUser(await rest(SESSION)) }, true);
  } catch (error) {
    if (error instanceof RestError && error.status === UNAUTHORIZED) {
      useSession.setState({ status: "out", reason: null }, true);
    } else {
      // The cookie may well hold a session: signing in again would not help.
      useSession.setState({ status: "unreachable", reason: errorWords(error) }, true);
    }
  }
}

/** Raises RestError when the e-mail and password do not fit, or the server cannot be reached. */
export async function signIn(email: string, password: string): Promise<void> {
  const answer = await rest(SESSION, { method: "POST", body: { email, password } });
  useSession.setState({ status: "in", user: readUser(answer) }, true);
}

/** End the session here and on the server; here even when the server does not answer. */
export async function signOut(): Promise<void> {
  try {
    await rest(SESSION, { method: "DELETE" });
  } finally {
    setCsrf(null);
    useSession.setState({ status: "out", reason: null }, true);
  }
}

/** The server no longer knows the session: back to the sign-in page, with the reason. */
export function endSession(reason: string): void {
  if (useSession.getState().status !== "in") return;
  setCsrf(null);
  useSession.setState({ status: "out", reason }, true);
}

onUnauthorized(() => endSession("Your session has ended. Sign in again."));
