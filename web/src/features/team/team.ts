/** The staff of the shop, as GET /api/users/ has it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type StaffUser = { id: string; name: string; email: string; role: string; active: boolean };

export const teamQuery = queryOptions({
  queryKey: ["team"],
  queryFn: async ({ signal }) => ((await rest("/api/users/", { signal })) as { users: StaffUser[] }).users,
});

export async function setActive(user: string, active: boolean): Promise<void> {
  await rest(`/api/users/${user}/${active ? "activate" : "deactivate"}/`, { method: "POST" });
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The commands for the server's shell that add a colleague, or give one a new name, role and password. */
export function userCommand(email: string, name: string, role: string): string {
  const given = [shellQuoted(email.trim()), "--name", shellQuoted(name.trim()), "--role", role].join(" ");
  // The password is read unseen: on a command line it would stay in the shell's history.
  return `read -rs ASSISTIFY_USER_PASSWORD && export ASSISTIFY_USER_PASSWORD && assistify user add ${given}`;
}
