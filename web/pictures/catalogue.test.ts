import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { catalogue, drawProduct } from "./catalogue";

describe("the pictures of the demo shop", () => {
  it("cover every product that is seeded", () => {
    const rows = readFileSync(`${import.meta.dirname}/../../app/demo/data/products.csv`, "utf-8")
      .trim()
      .split("\n")
      .slice(1);
    const ids = rows.map((row) => row.split(",")[0]);
    expect(ids.filter((id) => !id || !(id in catalogue))).toEqual([]);
  });

  it("are well-formed drawings without scripts or addresses of other places", () => {
    for (const id of Object.keys(catalogue)) {
      const svg = drawProduct(id) ?? "";
      const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
      expect(parsed.querySelector("parsererror"), id).toBeNull();
      expect(svg.replace("http://www.w3.org/2000/svg", ""), id).not.toMatch(/script|https?:|undefined|NaN/);
    }
  });

  it("are not made up for unknown products", () => {
    expect(drawProduct("nothing")).toBeNull();
  });
});
