import { act, cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { showHeld } from "@/testing/console-rig";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { CONVERSATION, message } from "@/testing/frames";
import type { DeliveryChanged } from "@/wire/wire.gen";
import { Bubble } from "./bubble";

afterEach(cleanup);

let seq = 1;
const moves = (fields: Partial<DeliveryChanged>) =>
  act(async () => {
    seq += 1;
    FakeWebSocket.last.serverSays({
      type: "delivery.changed",
      conversation: CONVERSATION,
      seq,
      at: "2026-01-05T09:00:00Z",
      message: "m1",
      ...fields,
    });
  });

describe("a message on a channel", () => {
  beforeEach(() => {
    seq = 1;
    showHeld(
      [message(1, "agent", "Größe 42", { delivery: { status: "queued" } })],
      <Bubble conversation={CONVERSATION} id="m1" endsGroup rises={false} />,
    );
  });

  it("gets its ticks one after the other", async () => {
    expect(screen.getByTestId("delivery").textContent).toBe("on its way");
    await moves({ status: "delivered" });
    expect(screen.getByTestId("delivery").textContent).toBe("delivered");
    await moves({ status: "read" });
    expect(screen.getByTestId("delivery").dataset.status).toBe("read");
  });

  it("that failed says why, and is sent again once however often that is pressed", async () => {
    await moves({ status: "failed", error: "account_broken", to: 0 });
    expect(screen.getByTestId("delivery").textContent).toContain("needs to be connected again");
    await userEvent.click(screen.getByRole("button", { name: "Send again" }));
    const first = FakeWebSocket.last.command("delivery.resend");
    await act(async () => FakeWebSocket.last.serverSays({ type: "ack", id: first.id }));
    await userEvent.click(screen.getByRole("button", { name: "Send again" }));
    const keys = FakeWebSocket.last.sent
      .filter((one) => one.type === "delivery.resend")
      .map((one) => one.client_id);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });

  it("that a takeover cut short says how much went out, and cannot be sent again", async () => {
    await moves({ status: "canceled", to: 5 });
    expect(screen.getByTestId("delivery").textContent).toBe("only the beginning was delivered");
    expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
  });
});
