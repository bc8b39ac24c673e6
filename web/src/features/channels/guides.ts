/** Where the keys of each vendor are found, and what to do there with ours. */

export type Guide = {
  /** One line: what customers get. */
  about: string;
  /** Where to find what the form asks for. */
  find: readonly string[];
  /** What to do at the vendor once the account is connected. */
  finish: readonly string[];
  /** Words to be ticked or pasted there. */
  paste: readonly { label: string; value: string }[];
  /** Hints by the name of a field. */
  fields: Readonly<Record<string, string>>;
};

const META_FIELDS = {
  app_secret: "App settings, Basic. Meta signs its webhooks with it.",
  verify_token: "Any text of yours; Meta sends it back once, when you subscribe the webhook.",
  app_id: "Only when other apps answer on this account too.",
  graph_version: "Empty: the version this release was tested with.",
};

const GUIDES: Readonly<Record<string, Guide>> = {
  whatsapp: {
    about: "Customers write to your WhatsApp number; Twilio carries the messages.",
    find: [
      "Open Twilio's console. The Account SID and the primary auth token are on its first page.",
      "The number is that of your WhatsApp sender, with the country's code: +14155550199.",
    ],
    finish: [
      "In Twilio, open the WhatsApp sender (or the messaging service) and its webhooks.",
      "Paste this address for incoming messages, with all that stands behind the #. It makes Twilio try again when the server is away.",
      "Write a message to the number. It shows below as soon as it arrives.",
    ],
    paste: [],
    fields: {
      auth_token: "The primary one: an API key cannot verify webhooks.",
      number: "With the country's code, as +14155550199.",
      messaging_service_sid: "Only if the number belongs to a messaging service.",
    },
  },
  messenger: {
    about: "Customers write to your Facebook page.",
    find: [
      "In Meta's app dashboard, open your app and add the product Messenger.",
      "Connect the page there and generate its access token; the page id stands beside it.",
    ],
    finish: [
      "In the app's Messenger settings, add a callback address and the verify token.",
      "Subscribe the fields below for the page.",
      "Write a message to the page. It shows below as soon as it arrives.",
    ],
    paste: [
      {
        label: "Fields to subscribe",
        value:
          "messages, messaging_postbacks, message_deliveries, message_reads, message_echoes, message_reactions, messaging_referrals, messaging_handovers, standby, messaging_policy_enforcement",
      },
    ],
    fields: META_FIELDS,
  },
  instagram: {
    about: "Customers write to your Instagram account.",
    find: [
      "In Meta's app dashboard, open your app and add the product Instagram.",
      "Generate the access token of the account there; its id stands beside it.",
    ],
    finish: [
      "In the app's Instagram settings, add a callback address and the verify token.",
      "Subscribe the fields below for the account.",
      "Write a message to the account. It shows below as soon as it arrives.",
    ],
    paste: [
      {
        label: "Fields to subscribe",
        value:
          "messages, message_reactions, messaging_postbacks, messaging_seen, messaging_referral, standby",
      },
    ],
    fields: {
      ...META_FIELDS,
      app_secret: "Of the Instagram app with Instagram login, of the Meta app with Facebook login.",
      setup: "How the account is connected at Meta; each way signs with another secret.",
      page_id: "Only with Facebook login.",
    },
  },
  telegram: {
    about: "Customers write to your Telegram bot.",
    find: [
      "In Telegram, write to @BotFather and send /newbot; it answers with the bot's token.",
      "The secret of the webhook is yours to choose: Telegram sends it back with every message.",
    ],
    finish: [
      "Nothing has to be pasted: this server tells Telegram its address by itself.",
      "Write to the bot. It shows below as soon as it arrives.",
    ],
    paste: [],
    fields: { bot_token: "As 7001001:AA…, from @BotFather." },
  },
  shopify: {
    about: "Orders, products and customers stay in step, and the widget knows who is signed in.",
    find: [
      "In Shopify's admin, open Settings, Apps and sales channels, Develop apps, and your app.",
      "The client secret is under API credentials; the Admin API access token is shown once, at installation.",
    ],
    finish: [
      "Let the app send its webhooks, the three compliance topics among them, to this address. Webhooks made by hand in the admin are signed with another secret, and are refused.",
      "Point the app proxy at the second address: it tells the widget who is signed in.",
      "Change an order or a product. It shows below as soon as it arrives.",
    ],
    paste: [],
    fields: {
      shop_domain: "The one that ends in .myshopify.com.",
      access_token: "Only for reading what no webhook told.",
    },
  },
  webhook: {
    about: "A system of your own sends and receives messages by signed requests.",
    find: ["The name and the secret are yours to choose; the other system must have both."],
    finish: [
      "Let the other system send its messages to this address, signed with the secret.",
      "Send a message. It shows below as soon as it arrives.",
    ],
    paste: [],
    fields: { url: "What the shop says is sent here." },
  },
};

const UNKNOWN: Guide = { about: "", find: [], finish: [], paste: [], fields: {} };

export function guideOf(kind: string): Guide {
  return GUIDES[kind] ?? UNKNOWN;
}

/** Where Shopify's app proxy is to point, beside the webhook address. */
export function proxyUrl(webhookUrl: string): string {
  return new URL("/api/storefront/shopify/", webhookUrl).href;
}
