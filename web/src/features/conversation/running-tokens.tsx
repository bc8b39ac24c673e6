import { useEffect, useState } from "react";
import { runningReply } from "@/shared/session/state";
import { useConversation } from "../live/use-session";
import { type Sample, tokensPerSecond, withSample } from "./reply-rate";

/** How fast the running answer grows, beside the words that say so. */
export function RunningTokens({ conversation }: { conversation: string }) {
  const to = useConversation(conversation, (held) => runningReply(held)?.live?.to ?? null, null);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (to !== null) setSamples((before) => withSample(before, { at: performance.now(), to }));
  }, [to]);
  const rate = tokensPerSecond(samples);
  if (to === null || rate === null) return null;
  return (
    <span className="font-normal text-ink-2" title="Estimated from the length of the text">
      · ~{rate} tokens/s
    </span>
  );
}
