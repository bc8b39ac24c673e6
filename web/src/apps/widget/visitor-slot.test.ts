import { beforeEach, describe, expect, it } from "vitest";
import { openSlot, openStorage, saveSlot, wipeSlots } from "./visitor-slot";

const ana = { id: "cust_42", hash: "a" };
const ben = { id: "cust_7", hash: "b" };
const key = "wk_demo";

function remember(identity: typeof ana | null, token: string): void {
  saveSlot(localStorage, { ...openSlot(localStorage, key, identity), token, conversation: `c-${token}` });
}

beforeEach(() => localStorage.clear());

describe("what a browser keeps of its visitors", () => {
  it("is there on the next page", () => {
    remember(null, "guest");
    expect(openSlot(localStorage, key, null)).toMatchObject({ token: "guest", conversation: "c-guest" });
  });

  it("is never handed to another identity", () => {
    remember(null, "guest");
    expect(openSlot(localStorage, key, ana)).toMatchObject({ token: null, conversation: null });
    remember(ana, "ana");
    expect(openSlot(localStorage, key, ben)).toMatchObject({ token: null, conversation: null });
  });

  it("is gone for one customer once another has signed in, and for a guest it stays", () => {
    remember(null, "guest");
    remember(ana, "ana");
    localStorage.setItem("assistify:wk_demo:customer:cust_42:outbox:u1", "{}");
    remember(ben, "ben");
    expect(JSON.stringify({ ...localStorage })).not.toContain("cust_42");
    expect(openSlot(localStorage, key, null).token).toBe("guest");
    expect(openSlot(localStorage, key, ben).token).toBe("ben");
  });

  it("is told apart when one id begins like another", () => {
    remember({ id: "cust_4", hash: "c" }, "four");
    expect(openSlot(localStorage, key, ana).token).toBeNull();
    expect(localStorage.length).toBe(0);
  });

  it("is wiped for this widget alone", () => {
    remember(null, "guest");
    localStorage.setItem("assistify:wk_other:guest", '{"token":"x"}');
    wipeSlots(localStorage, key);
    expect(Object.keys({ ...localStorage })).toEqual(["assistify:wk_other:guest"]);
  });

  it("is begun anew when it cannot be read, and not kept where the browser forbids it", () => {
    localStorage.setItem("assistify:wk_demo:guest", "{");
    expect(openSlot(localStorage, key, null)).toMatchObject({ token: null, read: 0 });
    expect(openSlot(null, key, ana)).toMatchObject({ token: null });
    expect(openStorage()).toBe(localStorage);
  });
});
