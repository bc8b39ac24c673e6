import { describe, expect, it, vi } from "vitest";
import { installAddress, type SyncProgress, shopDomain, syncLines } from "./shopify";

describe("shopDomain", () => {
  it("reads what people paste", () => {
    for (const typed of ["Outfit", "outfit.myshopify.com", " https://outfit.myshopify.com/admin "]) {
      expect(shopDomain(typed)).toBe("outfit.myshopify.com");
    }
    for (const typed of ["", "shop.example.com", "a b", "-x"]) expect(shopDomain(typed)).toBeNull();
  });
});

describe("installAddress", () => {
  it("says why an installation cannot begin instead of leaving the page", async () => {
    const refused = new Response(JSON.stringify({ detail: "there is no app: set its client id" }), {
      status: 409,
    });
    vi.stubGlobal("fetch", async () => refused);
    await expect(installAddress("outfit.myshopify.com")).rejects.toThrow("set its client id");
    vi.unstubAllGlobals();
  });
});

describe("syncLines", () => {
  const progress: SyncProgress = {
    account: "a",
    status: "running",
    kind: "products",
    phase: "pull",
    counts: { customers: { read: 40, taken: 40 }, products: { read: 7 } },
    started_at: "2026-11-22T10:00:00Z",
    due_at: "2026-11-23T10:00:00Z",
    finished_at: null,
    error: null,
  };

  it("tell where the walk is", () => {
    expect(syncLines(progress).map(({ kind, read, state }) => `${kind} ${read} ${state}`)).toEqual([
      "customers 40 done",
      "products 7 running",
      "orders 0 waiting",
    ]);
  });

  it("are all done at its end", () => {
    const states = syncLines({ ...progress, status: "done", kind: "orders" }).map(({ state }) => state);
    expect(states).toEqual(["done", "done", "done"]);
  });
});
