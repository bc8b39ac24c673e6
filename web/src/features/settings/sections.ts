/** The pages of the settings, in the order of their navigation. */

import { may, type Right } from "../auth/rights";

export const SETTINGS = "/settings";

export type SectionName = "channels" | "team" | "rules" | "models" | "privacy" | "account";

export type Section = { name: SectionName; title: string; hint: string; right: Right | null };

export const SECTIONS: readonly Section[] = [
  { name: "channels", title: "Channels", hint: "Where customers can write to", right: "settings.manage" },
  { name: "team", title: "Team", hint: "Who may sign in", right: "users.manage" },
  { name: "rules", title: "Shop rules", hint: "How conversations are handled", right: "settings.manage" },
  { name: "models", title: "Models", hint: "How well the assistant understands", right: "analytics.read" },
  { name: "privacy", title: "Privacy", hint: "Export and erase what is held", right: "settings.manage" },
  { name: "account", title: "Your account", hint: "Password and sign-ins", right: null },
];

export function sectionPath(name: SectionName): string {
  return `${SETTINGS}/${name}`;
}

/** The sections that somebody of this role can use. */
export function sectionsOf(role: string): Section[] {
  return SECTIONS.filter(({ right }) => right === null || may(role, right));
}
