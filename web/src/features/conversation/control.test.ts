import { describe, expect, it } from "vitest";
import {
  type Confirmed,
  type ControlState,
  controlView,
  IDLE,
  type Pending,
  reduceControl,
  refusalReason,
  replyGate,
} from "./control";

const ME = "ada";
const BEN = { id: "ben", name: "Ben" };
const bot: Confirmed = { controller: "bot", holder: null, epoch: 3, closed: false };
const mine: Confirmed = { controller: "agent", holder: { id: ME, name: "Ada" }, epoch: 4, closed: false };
const bens: Confirmed = { controller: "agent", holder: BEN, epoch: 4, closed: false };

const take: Pending = { attempt: 1, kind: "take", to: "bot", baseEpoch: 3 };
const taking = reduceControl(IDLE, { type: "requested", pending: take });

describe("taking over", () => {
  it("shows on key-down, before the server has answered", () => {
    expect(controlView(bot, IDLE, ME)).toMatchObject({ shown: "bot", canTake: true, pending: false });
    expect(controlView(bot, taking, ME)).toMatchObject({
      shown: "you",
      canTake: false,
      canRelease: false,
      pending: true,
    });
  });

  it("settles when the log says so, not when the acknowledgement overtakes it", () => {
    const accepted = reduceControl(taking, { type: "accepted", attempt: 1, epoch: 4 });
    expect(controlView(bot, accepted, ME)).toMatchObject({ shown: "you", pending: true });
    expect(controlView(mine, accepted, ME)).toMatchObject({ shown: "you", canRelease: true, pending: false });
  });

  it("shows the log again when the command had been in effect before", () => {
    const accepted = reduceControl(taking, { type: "accepted", attempt: 1, epoch: 3 });
    expect(controlView(bot, accepted, ME)).toMatchObject({ shown: "bot", pending: false });
  });

  it("goes back with a reason when it is refused", () => {
    const refused = reduceControl(taking, {
      type: "refused",
      attempt: 1,
      reason: "Ben is already in control.",
    });
    expect(controlView(bot, refused, ME).shown).toBe("bot");
    expect(refused.refusal).toBe("Ben is already in control.");
    expect(reduceControl(refused, { type: "dismissed" }).refusal).toBeNull();
  });

  it("shows the winner at once when somebody was faster, even before the refusal", () => {
    expect(controlView(bens, taking, ME)).toMatchObject({ shown: "other", holder: BEN, canTake: false });
  });

  it("still tells the reason when the winner's event came before the refusal", () => {
    const refused = reduceControl(taking, {
      type: "refused",
      attempt: 1,
      reason: "Ben is already in control.",
    });
    expect(controlView(bens, refused, ME).shown).toBe("other");
    expect(refused.refusal).toBe("Ben is already in control.");
  });

  it("lets an old refusal change nothing about a newer attempt", () => {
    const again = reduceControl(taking, { type: "requested", pending: { ...take, attempt: 2 } });
    expect(reduceControl(again, { type: "refused", attempt: 1, reason: "old" })).toBe(again);
  });

  it("forgets the last reason when it is tried again", () => {
    const refused: ControlState = { pending: null, refusal: "no" };
    expect(reduceControl(refused, { type: "requested", pending: take }).refusal).toBeNull();
  });
});

describe("handing back", () => {
  const release: Pending = { attempt: 2, kind: "release", to: "queue", baseEpoch: 4 };

  it("shows the new controller at once", () => {
    const state = reduceControl(IDLE, { type: "requested", pending: release });
    expect(controlView(mine, state, ME).shown).toBe("queue");
    const toBot = reduceControl(IDLE, { type: "requested", pending: { ...release, to: "bot" } });
    expect(controlView(mine, toBot, ME).shown).toBe("bot");
  });

  it("is not offered for somebody else's conversation, nor for a closed one", () => {
    expect(controlView(bens, IDLE, ME).canRelease).toBe(false);
    expect(controlView({ ...mine, closed: true }, IDLE, ME)).toMatchObject({
      shown: "closed",
      canRelease: false,
    });
  });
});

describe("replyGate", () => {
  it("tells why it is closed and who holds it", () => {
    expect(replyGate(controlView(bens, IDLE, ME))).toEqual({
      open: false,
      takesControl: false,
      placeholder: "Ben is in control. You can leave a note.",
    });
    expect(replyGate(controlView({ ...bot, closed: true }, IDLE, ME)).open).toBe(false);
  });

  it("takes control by sending while the assistant or nobody has it", () => {
    expect(replyGate(controlView(bot, IDLE, ME))).toMatchObject({ open: true, takesControl: true });
    expect(replyGate(controlView({ ...bot, controller: "queue" }, IDLE, ME)).takesControl).toBe(true);
    expect(replyGate(controlView(mine, IDLE, ME))).toMatchObject({ open: true, takesControl: false });
  });
});

describe("refusalReason", () => {
  it("names the holder of a conflict, and never shows nothing", () => {
    expect(refusalReason("conflict", "taken", "Ben")).toBe("Ben is already in control.");
    expect(refusalReason("conflict", "", null)).not.toBe("");
    expect(refusalReason("a_new_code", "", null)).not.toBe("");
    expect(refusalReason("a_new_code", "Because.", null)).toBe("Because.");
  });

  it("tells a closed conversation from a channel's closed window by the reason, not by the words", () => {
    const words = "the customer wrote more than 24 hours ago";
    expect(refusalReason("closed", words, null, "window")).toBe("The customer wrote more than 24 hours ago.");
    expect(refusalReason("closed", words, null)).toContain("Reopen it first");
  });
});
