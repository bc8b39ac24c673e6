import { describe, expect, it } from "vitest";
import { orderSteps, readCustomer } from "./record";

describe("readCustomer", () => {
  it("reads a full record", () => {
    const record = readCustomer({
      id: "1",
      name: "Ana Demo",
      email: "ana@demo.test",
      verified: true,
      since: "2024-03-01",
      channel_addresses: ["whatsapp:+491", "jo.summits", "customer:cust_42"],
      orders: [
        {
          number: "1042",
          state: "shipped",
          carrier: "UPS",
          tracking: "1Z999AA10123456784",
          arrives: "2026-11-27",
          total: 12900,
          currency: "EUR",
          items: [{ title: "Jacket", quantity: 2 }, { title: "Beanie" }],
        },
      ],
      conversations: [{ id: "c0", channel: "whatsapp", last_at: "2026-10-02T10:00:00Z", summary: "Return" }],
      recommendations: [{ id: "p1", title: "Fleece", price: 7400, currency: "EUR", reason: "goes with it" }],
    });
    expect(record.alsoOn).toEqual(["WhatsApp +491", "jo.summits"]);
    expect(record.orders[0]).toMatchObject({ number: "#1042", carrier: "UPS", items: 3, total: 12900 });
    expect(record.conversations[0]).toMatchObject({ id: "c0", summary: "Return" });
    expect(record.recommendations[0]).toMatchObject({ title: "Fleece", reason: "goes with it" });
  });

  it.each([null, {}, { orders: null, conversations: 3, recommendations: "x" }])("stands %j", (answer) => {
    expect(readCustomer(answer)).toMatchObject({
      name: "Visitor",
      orders: [],
      conversations: [],
      alsoOn: [],
    });
  });

  it("shows an order of which little is known", () => {
    expect(readCustomer({ orders: [{ number: "#7", items: 4 }] }).orders[0]).toEqual({
      number: "#7",
      state: "placed",
      carrier: null,
      tracking: null,
      arrives: null,
      total: null,
      currency: "",
      items: 4,
    });
  });
});

describe("orderSteps", () => {
  it("counts the way to the door and knows none for a cancelled order", () => {
    expect(orderSteps("awaiting payment")).toBe(1);
    expect(orderSteps("out_for_delivery")).toBe(3);
    expect(orderSteps("shipped")).toBe(3);
    expect(orderSteps("delivered")).toBe(4);
    expect(orderSteps("cancelled")).toBeNull();
  });
});
