import { describe, expect, it } from "vitest";
import { emptyVariables, hasTemplates, matchTemplates, type Template, templatePieces } from "./templates";

const SHIPPED: Template = {
  id: "t1",
  name: "order_shipped",
  language: "en",
  category: "UTILITY",
  body: "Hello {{1}}, your order {{ order }} is on its way.",
  variables: ["1", "order"],
};

describe("a template", () => {
  it("is shown as the customer will read it, with names where values are missing", () => {
    const read = (values: Record<string, string>) =>
      templatePieces(SHIPPED.body, values)
        .map(({ text }) => text)
        .join("");
    expect(read({})).toBe("Hello {{1}}, your order {{order}} is on its way.");
    expect(read({ 1: "Ana", order: "#1042" })).toBe("Hello Ana, your order #1042 is on its way.");
    expect(read({ 1: "{{order}}", order: "x" })).toContain("Hello {{order}}, your order x");
  });

  it("can be sent once every variable has a value", () => {
    expect(emptyVariables(SHIPPED, { 1: "Ana", order: " " })).toEqual(["order"]);
    expect(emptyVariables(SHIPPED, { 1: "Ana", order: "#1" })).toEqual([]);
  });

  it("is found by words of its name and text", () => {
    expect(matchTemplates([SHIPPED], "shipped order")).toEqual([SHIPPED]);
    expect(matchTemplates([SHIPPED], "refund")).toEqual([]);
  });

  it("is there where channels have them", () => {
    expect([hasTemplates("whatsapp"), hasTemplates("web"), hasTemplates(null)]).toEqual([true, false, false]);
  });
});
