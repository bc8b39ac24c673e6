import { describe, expect, it } from "vitest";
import { placeName } from "./sessions";

const browser = (agent: string | null) => placeName({ kind: "browser", agent });

describe("a place where somebody is signed in", () => {
  it("has the name of its browser and system", () => {
    const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
    expect(browser(`${windows} Chrome/140.0.0.0 Safari/537.36`)).toBe("Chrome on Windows");
    expect(browser(`${windows} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`)).toBe("Edge on Windows");
    const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15";
    expect(browser(`${phone} Version/18.0 Mobile/15E148 Safari/604.1`)).toBe("Safari on iOS");
    expect(browser("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe(
      "Firefox on Linux",
    );
  });

  it("is a program by the name that it gives, or one without a name", () => {
    expect(placeName({ kind: "program", agent: "stock-sync/2.1 (python)" })).toBe("stock-sync/2.1");
    expect(placeName({ kind: "program", agent: null })).toBe("A program");
    expect(browser(null)).toBe("A browser");
  });
});
