import { useEffect, useState } from "react";

/** Below this width the conversation needs the room, in px. */
const ROOM = "(min-width: 1240px)";

/** Whether the customer panel is unfolded: as the agent chose, else where there is room. */
export function usePanel(): { open: boolean; toggle: () => void } {
  const [room, setRoom] = useState(() => matchMedia(ROOM).matches);
  const [chosen, setChosen] = useState<boolean | null>(null);

  useEffect(() => {
    const query = matchMedia(ROOM);
    const onChange = () => {
      setRoom(query.matches);
      setChosen(null);
    };
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);

  const open = chosen ?? room;
  return { open, toggle: () => setChosen(!open) };
}
