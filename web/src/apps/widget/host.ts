import { type HostMessage, type PanelMessage, sealed, unsealed } from "@/shared/embed";

/** The shop's page around the panel. */
export type Host = { post(message: PanelMessage): void };

/**
 * Talk to the page that frames the panel. Its origin is what the loader wrote into the fragment; messages of
 * other origins or windows are not heard. Without a frame around it the panel stands alone: null.
 */
export function connectHost(onMessage: (message: HostMessage) => void): Host | null {
  if (window.parent === window) return null;
  const origin = decodeURIComponent(location.hash.slice(1));
  window.addEventListener("message", (event) => {
    const message = unsealed<HostMessage>(event, { source: window.parent, origin });
    if (message) onMessage(message);
  });
  return { post: (message) => window.parent.postMessage(sealed(message), origin) };
}
