import { useMutation, useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import type { Scored } from "@/wire/wire.gen";
import { plainWords } from "../format/words";
import { errorWords, rest } from "../rest/client";
import { Chip } from "../ui/chip";
import { useMayWrite } from "./use-may-write";

type Intent = { label: string; meaning: string };
type ChipProps = { conversation: string; message: string; intent: Scored };

async function readIntents(signal: AbortSignal): Promise<Intent[]> {
  const found = (await rest("/api/intents/", { signal })) as { intents: Intent[] };
  return found.intents;
}

function sure({ score }: Scored): string {
  return score === 1 ? "Set by a person" : `Intent, ${Math.round(score * 100)} % sure`;
}

/** What a message is about; those who may answer can correct it, and the classifier learns from that. */
export function IntentChip({ conversation, message, intent }: ChipProps) {
  const mayWrite = useMayWrite();
  if (!mayWrite) return <Chip title={sure(intent)}>{plainWords(intent.label)}</Chip>;
  return <Correctable conversation={conversation} message={message} intent={intent} />;
}

function Correctable({ conversation, message, intent }: ChipProps) {
  // Read once, when the first message with an intent shows.
  const intents = useQuery({
    queryKey: ["intents"],
    queryFn: ({ signal }) => readIntents(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const correct = useMutation({
    mutationFn: (label: string) =>
      rest(`/api/conversations/${conversation}/correct_intent/`, {
        method: "POST",
        body: { message, intent: label },
      }),
  });
  const shown = correct.isPending ? correct.variables : intent.label;
  const known = intents.data ?? [{ label: intent.label, meaning: "" }];
  return (
    <span className="flex items-center gap-1.5">
      <span
        title={`${sure(intent)}. Click to correct it.`}
        className="relative inline-flex h-5 items-center gap-0.5 rounded-1 bg-sunk pr-0.5 pl-1.5 text-12 text-ink-2 focus-within:outline-2 focus-within:outline-brand hover:text-ink"
      >
        {plainWords(shown)}
        <ChevronDown aria-hidden size={11} />
        <select
          aria-label="What this message is about"
          data-testid="intent"
          className="absolute inset-0 cursor-pointer opacity-0"
          value={shown}
          disabled={correct.isPending}
          onChange={(event) => correct.mutate(event.target.value)}
        >
          {known.map(({ label, meaning }) => (
            <option key={label} value={label} title={meaning}>
              {plainWords(label)}
            </option>
          ))}
        </select>
      </span>
      {correct.isError && (
        <span role="alert" className="text-bad">
          {errorWords(correct.error)}
        </span>
      )}
    </span>
  );
}
