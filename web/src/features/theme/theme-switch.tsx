import { Monitor, Moon, Sun } from "lucide-react";
import { IconButton } from "../ui/button";
import { useTheme } from "./theme";

const FACE = {
  system: { icon: <Monitor size={16} />, name: "Theme: as the system" },
  light: { icon: <Sun size={16} />, name: "Theme: light" },
  dark: { icon: <Moon size={16} />, name: "Theme: dark" },
};

export function ThemeSwitch() {
  const theme = useTheme((state) => state.theme);
  const next = useTheme((state) => state.next);
  return (
    <IconButton name={FACE[theme].name} onClick={next}>
      {FACE[theme].icon}
    </IconButton>
  );
}
