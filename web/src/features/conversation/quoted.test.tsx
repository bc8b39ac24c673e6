import { cleanup, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { showHeld } from "@/testing/console-rig";
import { CONVERSATION, message } from "@/testing/frames";
import type { Message } from "@/wire/wire.gen";
import { Bubble } from "./bubble";

function show(more: Partial<Message>, earlier: Partial<Message> = {}) {
  showHeld(
    [message(1, "agent", "Which size do you need?", earlier), message(2, "customer", "M", more)],
    <Bubble conversation={CONVERSATION} id="m2" endsGroup rises={false} />,
  );
}

afterEach(cleanup);

describe("a customer's reaction", () => {
  it("stands beneath the message", () => {
    show({ reaction: "❤" });
    expect(screen.getByTestId("reaction").textContent).toContain("❤");
    cleanup();
    show({});
    expect(screen.queryByTestId("reaction")).toBeNull();
  });
});

describe("what a message refers to", () => {
  it("is quoted above it", () => {
    show({ refers: { message: "m1" } });
    expect(screen.getByTestId("refers").textContent).toBe("Which size do you need?");
  });

  it("is not quoted when it was removed or is not loaded", () => {
    show({ refers: { message: "m1" } }, { redacted: true, text: "" });
    expect(screen.getByTestId("refers").textContent).toContain("removed");
    cleanup();
    show({ refers: { message: "m0" } });
    expect(screen.getByTestId("refers").textContent).toBe("in answer to an earlier message");
  });

  it("may be a story or an advertisement; only web addresses become links", () => {
    show({
      refers: { story: { url: "https://cdn.test/s" }, referral: { headline: "Warm coats", url: "data:x" } },
    });
    const links = screen.getAllByRole("link");
    expect(links.map((link) => link.getAttribute("href"))).toEqual(["https://cdn.test/s"]);
    expect(screen.getByText(/came from Warm coats/)).toBeTruthy();
  });
});
