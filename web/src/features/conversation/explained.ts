import { CommandError } from "@/shared/socket";
import { refusalReason } from "./control";

/** A refused command with words that tell the agent what to do. */
export function explained(error: unknown): CommandError {
  if (!(error instanceof CommandError))
    return new CommandError("unavailable", refusalReason("unavailable", "", null));
  const words = refusalReason(error.code, error.message, error.holder?.name ?? null, error.reason);
  return new CommandError(error.code, words, error.retryAfterMs, error.holder, error.reason);
}
