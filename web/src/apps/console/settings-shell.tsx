import { Database, KeyRound, Plug, SlidersHorizontal, UserRound, UsersRound } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Navigate, NavLink, Route, Routes, useLocation } from "react-router";
import { AccountPage } from "@/features/account/account-page";
import { ChannelsPage } from "@/features/channels/channels-page";
import { useInboxWatch } from "@/features/inbox/inbox";
import { useConsole } from "@/features/live/console-session";
import { ModelsPage } from "@/features/models/models-page";
import { PrivacyPage } from "@/features/privacy/privacy-page";
import { RulesPage } from "@/features/rules/rules-page";
import { type SectionName, sectionPath, sectionsOf } from "@/features/settings/sections";
import { TeamPage } from "@/features/team/team-page";

const ICONS: Record<SectionName, ReactNode> = {
  channels: <Plug size={16} />,
  team: <UsersRound size={16} />,
  rules: <SlidersHorizontal size={16} />,
  models: <Database size={16} />,
  privacy: <KeyRound size={16} />,
  account: <UserRound size={16} />,
};

const PAGES: Record<SectionName, ReactNode> = {
  channels: <ChannelsPage />,
  team: <TeamPage />,
  rules: <RulesPage />,
  models: <ModelsPage />,
  privacy: <PrivacyPage />,
  account: <AccountPage />,
};

/** The settings: what somebody of this role may see and change. */
export function SettingsShell() {
  const sections = sectionsOf(useConsole().me.role);
  const first = sections[0]?.name ?? "account";
  const nav = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useInboxWatch("all");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another tab, which a phone may hide
  useEffect(() => {
    nav.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [pathname]);
  return (
    <main className="flex min-w-0 flex-1 flex-col bg-sub md:flex-row">
      <nav
        ref={nav}
        aria-label="Settings"
        className="flex shrink-0 gap-0.5 overflow-x-auto border-line bg-bg p-2 max-md:border-b md:w-50 md:flex-col md:border-r md:px-2.5 md:py-3.5"
      >
        <p className="px-2 pt-0.5 pb-3 text-14 font-semibold max-md:hidden">Settings</p>
        {sections.map(({ name, title, hint }) => (
          <NavLink
            key={name}
            to={sectionPath(name)}
            title={hint}
            data-testid={`settings-${name}`}
            className={({ isActive }) =>
              `flex shrink-0 items-center gap-2.5 rounded-1 px-2 py-1.5 whitespace-nowrap transition-colors ${isActive ? "bg-brand-soft font-medium text-brand" : "text-ink-2 hover:bg-sunk hover:text-ink"}`
            }
          >
            <span aria-hidden>{ICONS[name]}</span>
            {title}
          </NavLink>
        ))}
      </nav>
      <div className="min-h-0 min-w-0 flex-1 overflow-y-auto">
        <Routes>
          {sections.map(({ name }) => (
            <Route key={name} path={name} element={PAGES[name]} />
          ))}
          <Route path="*" element={<Navigate to={sectionPath(first)} replace />} />
        </Routes>
      </div>
    </main>
  );
}
