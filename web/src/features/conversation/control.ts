/** Who may speak, as the control bar shows it: the server's word, and what was asked but not yet answered (pure). */

export type Controller = "bot" | "agent" | "queue";
export type Holder = { id: string; name: string };

/** What the log says. */
export type Confirmed = {
  controller: Controller;
  holder: Holder | null;
  epoch: number;
  closed: boolean;
};

/** A control command on its way; shown as done until the server says otherwise. */
export type Pending = {
  attempt: number;
  kind: "take" | "release";
  to: "bot" | "queue";
  baseEpoch: number;
};

export type ControlState = { pending: Pending | null; refusal: string | null };

export const IDLE: ControlState = { pending: null, refusal: null };

export type ControlEvent =
  | { type: "requested"; pending: Pending }
  | { type: "accepted"; attempt: number; epoch: number }
  | { type: "refused"; attempt: number; reason: string }
  | { type: "dismissed" };

/** The next state; answers to an attempt that is no longer the current one change nothing. */
export function reduceControl(state: ControlState, event: ControlEvent): ControlState {
  switch (event.type) {
    case "requested":
      return { pending: event.pending, refusal: null };
    case "accepted":
      // Usually its event is still to come and settles the view; an epoch that did not grow has none.
      if (state.pending?.attempt !== event.attempt || event.epoch > state.pending.baseEpoch) return state;
      return { ...state, pending: null };
    case "refused":
      if (state.pending?.attempt !== event.attempt) return state;
      return { pending: null, refusal: event.reason };
    case "dismissed":
      return state.refusal === null ? state : { ...state, refusal: null };
  }
}

export type ControlView = {
  shown: "bot" | "you" | "other" | "queue" | "closed";
  holder: Holder | null;
  pending: boolean;
  canTake: boolean;
  canRelease: boolean;
};

function settled(confirmed: Confirmed, me: string): ControlView["shown"] {
  if (confirmed.closed) return "closed";
  if (confirmed.controller !== "agent") return confirmed.controller;
  return confirmed.holder?.id === me ? "you" : "other";
}

/** What the bar shows: the asked-for state while nothing newer than the request is in the log. */
export function controlView(confirmed: Confirmed, state: ControlState, me: string): ControlView {
  const pending = state.pending !== null && confirmed.epoch <= state.pending.baseEpoch ? state.pending : null;
  let shown = settled(confirmed, me);
  if (pending !== null && shown !== "closed") shown = pending.kind === "take" ? "you" : pending.to;
  return {
    shown,
    holder: shown === "other" ? confirmed.holder : null,
    pending: pending !== null,
    canTake: pending === null && (shown === "bot" || shown === "queue"),
    canRelease: pending === null && shown === "you",
  };
}

/** The reason of a refusal because the channel's time to answer is over. */
export const WINDOW = "window";

/** Why the server (or the line to it) refused, in words that say what to do. */
export function refusalReason(
  code: string,
  message: string,
  holder: string | null,
  reason: string | null = null,
): string {
  switch (code) {
    case "conflict":
      return holder === null ? message || "Somebody else was faster." : `${holder} is already in control.`;
    case "forbidden":
      return "Your role may not do this. Ask the shop's owner.";
    case "closed":
      // Not the conversation but the channel's window: the message says until when it was open.
      return reason === WINDOW && message !== ""
        ? `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
        : "The conversation is closed. Reopen it first.";
    case "not_found":
      return "The conversation is no longer there.";
    case "rate_limited":
      return "Too many commands in a row. Wait a moment and try again.";
    case "offline":
      return "There is no connection to the server. Nothing has changed.";
    case "unavailable":
      return "The server could not do it just now. Try again.";
    default:
      return message || "The server refused. Try again.";
  }
}

export type ComposerGate = { open: boolean; placeholder: string; takesControl: boolean };

/** Whether a reply may be written, and what the field says when it may not. */
export function replyGate(view: ControlView): ComposerGate {
  switch (view.shown) {
    case "you":
      return { open: true, placeholder: "Write a reply", takesControl: false };
    case "bot":
      return { open: true, placeholder: "The assistant has it. Sending takes over.", takesControl: true };
    case "queue":
      return { open: true, placeholder: "Nobody has it yet. Sending takes it.", takesControl: true };
    case "other": {
      const name = view.holder?.name || "Another agent";
      return {
        open: false,
        placeholder: `${name} is in control. You can leave a note.`,
        takesControl: false,
      };
    }
    case "closed":
      return {
        open: false,
        placeholder: "This conversation is closed. Reopen it to write.",
        takesControl: false,
      };
  }
}
