import { Menu } from "lucide-react";
import type { ReactNode } from "react";
import { Logo } from "@/features/auth/sign-in-page";
import { useConsole } from "@/features/live/console-session";
import { IconButton } from "@/features/ui/button";

/** On narrow screens: the way to the navigation, and what must be in sight there. */
export function TopBar({ onMenu, children }: { onMenu: () => void; children?: ReactNode }) {
  const { me } = useConsole();
  return (
    <header className="flex h-11 shrink-0 items-center gap-2 border-line border-b bg-sub px-2 md:hidden">
      <IconButton name="Menu" data-testid="menu" onClick={onMenu}>
        <Menu size={18} />
      </IconButton>
      <Logo />
      <span className="min-w-0 flex-1 truncate text-14 font-semibold">{me.shop}</span>
      {children}
    </header>
  );
}
