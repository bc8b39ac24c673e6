/**
 * Loads the chat widget into a Shopify storefront, and says who is signed in there.
 *
 * Who that is, the app's proxy tells, which Shopify signs on the way. The answer is good for some minutes: it is asked
 * for again before it runs out, when the page comes back after a pause, and when the widget says that it has run out.
 */
(() => {
  const script = document.currentScript;
  const proxy = script.dataset.assistifyProxy;
  const EARLY = 0.7; // of its life, after which an identity is renewed
  const RETRY_MS = 30000;
  let customer = null; // whom the widget was told of
  let until = 0; // by the browser's own clock since it was told
  let timer = 0;
  let asking = null;

  function load({ server, widget_key }) {
    const widget = document.createElement("script");
    widget.src = `${new URL(server).origin}/widget.js`;
    widget.async = true;
    widget.dataset.widgetKey = widget_key;
    for (const name of ["locale", "shopName", "position", "colour", "greeting"]) {
      if (script.dataset[name]) widget.dataset[name] = script.dataset[name];
    }
    document.head.append(widget);
  }

  function tell(method, ...args) {
    window.Assistify = window.Assistify || [];
    window.Assistify.push([method, ...args]);
  }

  function take(answer) {
    if (answer.identity) {
      customer = answer.identity.id;
      tell("identify", answer.identity);
    } else if (customer !== null) {
      customer = null;
      tell("reset");
    }
    if (!document.querySelector('script[data-widget-key]')) load(answer);
    schedule(answer.expires_in * 1000 * EARLY);
  }

  function schedule(wait) {
    until = performance.now() + wait;
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  }

  function ask() {
    if (asking) return asking;
    asking = fetch(proxy, { headers: { accept: "application/json" }, cache: "no-store" })
      .then((response) => {
        if (!response.ok) throw new Error(`the app proxy answered ${response.status}`);
        return response.json();
      })
      .then(take)
      // Without the proxy there is no chat yet: the shop goes on, and it is asked again.
      .catch(() => schedule(RETRY_MS))
      .finally(() => {
        asking = null;
      });
    return asking;
  }

  window.addEventListener("assistify:unidentified", ask);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && performance.now() >= until) ask();
  });
  ask();
})();
