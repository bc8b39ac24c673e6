import {
  ChartColumn,
  FlaskConical,
  Inbox,
  Keyboard,
  LogOut,
  MessagesSquare,
  Settings,
  Sparkle,
  UserRound,
} from "lucide-react";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { may } from "@/features/auth/rights";
import { signOut } from "@/features/auth/session";
import { Logo } from "@/features/auth/sign-in-page";
import { titleWords } from "@/features/format/words";
import { useInbox } from "@/features/inbox/inbox";
import { QUEUES, type QueueName, queueCounts } from "@/features/inbox/queue";
import { useConsole } from "@/features/live/console-session";
import { useLive } from "@/features/live/use-session";
import { BellButton } from "@/features/notifications/bell";
import { SETTINGS } from "@/features/settings/sections";
import { ThemeSwitch } from "@/features/theme/theme-switch";
import { Avatar } from "@/features/ui/avatar";
import { IconButton } from "@/features/ui/button";
import { INSIGHTS, queuePath, SIMULATOR } from "./paths";

const ICONS: Record<QueueName, ReactNode> = {
  mine: <UserRound size={16} />,
  unassigned: <Inbox size={16} />,
  bot: <Sparkle size={16} />,
  all: <MessagesSquare size={16} />,
};

type NavProps = { onKeys: () => void; onBell: () => void; wide?: boolean };

/** Queues with their counts, the shop's own pages, and who is signed in; `wide` in the drawer of narrow screens. */
export function Nav({ onKeys, onBell, wide = false }: NavProps) {
  const { me } = useConsole();
  const counts = queueCounts(useInbox(), me.id);
  return (
    <nav
      aria-label="Console"
      className={`flex shrink-0 flex-col gap-0.5 bg-sub px-2.5 py-3.5 ${wide ? "h-full w-full" : "w-45 border-line border-r max-md:hidden min-[1440px]:w-53"}`}
    >
      <p className="flex items-center gap-2 px-2 pt-0.5 pb-3.5 text-14 font-semibold">
        <Logo />
        <span className="truncate">{me.shop}</span>
      </p>
      {QUEUES.map(({ name, title }, index) => (
        <Entry
          key={name}
          testId={`queue-${name}`}
          to={queuePath(name)}
          icon={ICONS[name]}
          title={title}
          keys={`Alt+${index + 1}`}
          count={counts[name]}
          urgent={name === "unassigned" && counts[name] > 0}
        />
      ))}
      <BellButton onClick={onBell} />
      <p className="px-2 pt-3.5 pb-1 text-12 text-ink-3">Shop</p>
      <Entry testId="insights" to={INSIGHTS} icon={<ChartColumn size={16} />} title="Insights" />
      <Entry testId="settings" to={SETTINGS} icon={<Settings size={16} />} title="Settings" keys="Mod+," />
      {me.demo && may(me.role, "settings.manage") && (
        <Entry testId="simulator" to={SIMULATOR} icon={<FlaskConical size={16} />} title="Simulator" />
      )}
      <footer className="mt-auto flex flex-col gap-2">
        <div className="flex gap-0.5">
          <ThemeSwitch />
          <IconButton name="Keys (?)" aria-keyshortcuts="?" onClick={onKeys}>
            <Keyboard size={16} />
          </IconButton>
          <IconButton name="Sign out" data-testid="sign-out" onClick={() => void signOut()}>
            <LogOut size={16} />
          </IconButton>
        </div>
        <Me />
      </footer>
    </nav>
  );
}

type EntryProps = {
  testId: string;
  to: string;
  icon: ReactNode;
  title: string;
  keys?: string;
  count?: number;
  urgent?: boolean;
};

function Entry({ testId, to, icon, title, keys, count, urgent = false }: EntryProps) {
  return (
    <NavLink
      to={to}
      data-testid={testId}
      aria-keyshortcuts={keys?.replace("Mod", "Control")}
      title={keys?.replace("Mod", "Ctrl")}
      className={({ isActive }) =>
        `flex items-center gap-2.5 rounded-1 px-2 py-1.5 transition-colors ${isActive ? "bg-bg font-medium text-ink ring-1 ring-line" : "text-ink-2 hover:bg-sunk hover:text-ink"}`
      }
    >
      <span aria-hidden>{icon}</span>
      {title}
      {count !== undefined && (
        <span className={`ml-auto text-12 font-normal ${urgent ? "font-semibold text-warn" : "text-ink-3"}`}>
          {count}
        </span>
      )}
    </NavLink>
  );
}

const LINK_WORDS = {
  idle: ["Not connected", "text-ink-3"],
  connecting: ["Connecting", "text-warn"],
  open: ["Connected", "text-ok"],
  waiting: ["Reconnecting", "text-warn"],
  ended: ["Disconnected", "text-bad"],
} as const;

function Me() {
  const { me } = useConsole();
  const [words, tone] = LINK_WORDS[useLive((state) => state.link)];
  return (
    <div className="flex items-center gap-2 px-2 py-1">
      <Avatar kind="agent" name={me.name} />
      <div className="min-w-0 leading-tight">
        <p className="truncate" title={me.email}>
          {me.name}
        </p>
        <p data-testid="link" className={`text-12 ${tone}`} title={titleWords(me.role)}>
          {words}
        </p>
      </div>
    </div>
  );
}
