/** Labels of the classifiers and channels as people say them. */

const CHANNELS: Readonly<Record<string, string>> = {
  web: "Website",
  whatsapp: "WhatsApp",
  instagram: "Instagram",
  messenger: "Messenger",
  facebook: "Messenger",
  telegram: "Telegram",
  shopify: "Shopify",
  api: "API",
};

export function channelName(channel: string | null): string {
  if (channel === null || channel === "") return "Website";
  return CHANNELS[channel] ?? plainWords(channel);
}

export function isChannel(name: string): boolean {
  return name in CHANNELS;
}

/** "order_status" -> "order status". */
export function plainWords(label: string): string {
  return label.replaceAll(/[_-]+/g, " ").trim();
}

export function titleWords(label: string): string {
  const words = plainWords(label);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function plural(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}
