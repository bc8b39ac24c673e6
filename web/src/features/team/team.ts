/** The staff of the shop, as /api/users/ has it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type StaffUser = { id: string; name: string; email: string; role: string; active: boolean };

/** A password that the server made; it is told this once. */
export type NewPassword = { user: StaffUser; password: string };

const USERS = "/api/users/";

export const teamQuery = queryOptions({
  queryKey: ["team"],
  queryFn: async ({ signal }) => ((await rest(USERS, { signal })) as { users: StaffUser[] }).users,
});

export async function setActive(user: string, active: boolean): Promise<void> {
  await rest(`${USERS}${user}/${active ? "activate" : "deactivate"}/`, { method: "POST" });
}

export async function inviteUser(name: string, email: string, role: string): Promise<NewPassword> {
  return (await rest(USERS, { method: "POST", body: { name, email, role } })) as NewPassword;
}

export async function setRole(user: string, role: string): Promise<void> {
  await rest(`${USERS}${user}/`, { method: "PATCH", body: { role } });
}

export async function resetPassword(user: string): Promise<NewPassword> {
  return (await rest(`${USERS}${user}/reset_password/`, { method: "POST" })) as NewPassword;
}

/** What a colleague needs to sign in, to be sent on as it is. */
export function invitation(given: NewPassword, shop: string, console: string): string {
  const { name, email } = given.user;
  return [
    `Hello ${name}, here is your access to the conversations of ${shop}.`,
    `Address: ${console}`,
    `E-mail: ${email}`,
    `Password: ${given.password}`,
    "Please change the password after the first sign-in, in Settings, Your account.",
  ].join("\n");
}
