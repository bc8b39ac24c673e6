import { createRoot } from "react-dom/client";
import { connectHost } from "./host";
import { Panel } from "./panel";
import { openStorage } from "./visitor-slot";
import { WidgetModel } from "./widget-model";
import "./widget.css";

const model = new WidgetModel({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/chat`,
  storage: openStorage(),
  post: (message) => host?.post(message),
  sessionParts: { socket: { streamUrl: `${location.origin}/sse/chat` } },
});
const host = connectHost((message) => model.receive(message));

const root = document.getElementById("root");
if (root) createRoot(root).render(<Panel model={model} />);

if (host) {
  host.post({ type: "ready" });
} else {
  // Opened as a page of its own, for instance from a link in an e-mail.
  model.receive({
    type: "init",
    widgetKey: new URLSearchParams(location.search).get("key") ?? "",
    identity: null,
    page: { url: location.href, title: document.title },
    theme: "auto",
    locale: navigator.language,
    shopName: null,
    hours: null,
    greeting: null,
    isOpen: true,
  });
}
