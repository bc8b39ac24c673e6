import { describe, expect, it } from "vitest";
import {
  accountState,
  type ChannelAccount,
  type ChannelKind,
  changedFields,
  formFields,
  missingFields,
  randomToken,
  rotations,
  waysIn,
} from "./channels";
import { guideOf, proxyUrl } from "./guides";
import { isLocal } from "./webhook-address";

function field(name: string, given: Partial<ChannelKind["fields"][number]> = {}) {
  return { name, label: name, required: true, secret: false, choices: [], ...given };
}

const SHOPIFY: ChannelKind = {
  kind: "shopify",
  name: "Shopify",
  webhook_url: "https://chat.shop.example/api/webhooks/shopify/",
  fields: [
    field("shop_domain"),
    field("client_secret", { secret: true }),
    field("previous_secret", { secret: true, required: false }),
    field("access_token", { secret: true, required: false }),
    field("api_base", { required: false }),
  ],
};

const ACCOUNT: ChannelAccount = {
  id: "a1",
  kind: "shopify",
  external_id: "one.myshopify.com",
  name: "",
  active: true,
  fields: { shop_domain: "one.myshopify.com" },
  secrets: ["client_secret"],
};

describe("a form of an account", () => {
  it("asks for what somebody has at hand, not for former secrets", () => {
    expect(formFields(SHOPIFY).map(({ name }) => name)).toEqual([
      "shop_domain",
      "client_secret",
      "access_token",
    ]);
  });

  it("misses what is required and was not kept", () => {
    const fields = formFields(SHOPIFY);
    expect(missingFields(fields, { shop_domain: "  " })).toEqual(["shop_domain", "client_secret"]);
    expect(missingFields(fields, { shop_domain: "x" }, ["client_secret"])).toEqual([]);
  });

  it("changes what differs, removes what was emptied and leaves an empty secret alone", () => {
    const fields = [...formFields(SHOPIFY), field("page_id", { required: false })];
    const account = { ...ACCOUNT, fields: { ...ACCOUNT.fields, page_id: "7" } };
    expect(changedFields(fields, account, { ...account.fields, client_secret: "" })).toEqual({});
    expect(changedFields(fields, account, { ...account.fields, page_id: " ", access_token: "new " })).toEqual(
      {
        page_id: null,
        access_token: "new",
      },
    );
  });
});

describe("rotations", () => {
  it("pair a secret with the field for its former value, whatever the vendor calls it", () => {
    const names = rotations(SHOPIFY).map(({ current, previous }) => [current.name, previous.name]);
    expect(names).toEqual([["client_secret", "previous_secret"]]);
    const twilio = {
      ...SHOPIFY,
      fields: [
        field("auth_token", { secret: true }),
        field("previous_auth_token", { secret: true, required: false }),
      ],
    };
    expect(rotations(twilio)[0]?.current.name).toBe("auth_token");
  });
});

describe("accounts", () => {
  it("are gone when their secrets are forgotten, and off when they only rest", () => {
    expect(accountState(ACCOUNT)).toBe("on");
    expect(accountState({ ...ACCOUNT, active: false })).toBe("off");
    expect(accountState({ ...ACCOUNT, active: false, secrets: [] })).toBe("gone");
  });

  it("get tokens that fit into an address and are not twice the same", () => {
    expect(randomToken()).toMatch(/^[\w-]{24}$/);
    expect(randomToken()).not.toBe(randomToken());
  });
});

describe("addresses", () => {
  it("tell the app proxy's place beside the webhook", () => {
    expect(proxyUrl(SHOPIFY.webhook_url ?? "")).toBe("https://chat.shop.example/api/storefront/shopify/");
  });

  it("of the machine itself are told apart from public ones", () => {
    expect(isLocal("http://127.0.0.1:8000/api/webhooks/whatsapp/#rc=5&rp=all")).toBe(true);
    expect(isLocal("https://chat.shop.example/")).toBe(false);
  });

  it("of kinds without a guide are still shown", () => {
    expect(guideOf("carrier_pigeon").finish).toEqual([]);
  });
});

describe("signing in at the vendor", () => {
  it("is offered where the server has an app for it, at Instagram itself, too", () => {
    expect(waysIn(SHOPIFY)).toEqual([]);
    const both = { ...SHOPIFY, sign_in: "/facebook/", sign_in_at_instagram: "/instagram/" };
    expect(waysIn(both).map(({ at, address }) => [at, address])).toEqual([
      ["facebook", "/facebook/"],
      ["instagram", "/instagram/"],
    ]);
    expect(waysIn({ ...SHOPIFY, sign_in: null }).length).toBe(0);
  });
});
