import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Handshake, X } from "lucide-react";
import type { ReactNode } from "react";
import { clockTime, dayLine } from "../format/time";
import { plainWords } from "../format/words";
import { useConversation } from "../live/use-session";
import { errorWords } from "../rest/client";
import { IconButton } from "../ui/button";
import { Chip } from "../ui/chip";
import { Bone, Failed } from "../ui/states";
import { actWords, type Digest, digestQuery, factWords, isEmptyDigest, moodWords } from "./digest";

type CardProps = { conversation: string; onClose: () => void };

/** What somebody has to know who takes over: what was wanted, what was told, and how it is felt. */
export function SummaryCard({ conversation, onClose }: CardProps) {
  const length = useConversation(conversation, ({ timeline }) => timeline.length, 0);
  const query = useQuery({ ...digestQuery(conversation, length), placeholderData: keepPreviousData });
  return (
    <section
      aria-label="Summary"
      data-testid="summary"
      className="mx-4 mt-2 max-h-[40%] shrink-0 overflow-y-auto rounded-2 border border-line bg-sub px-3.5 py-2.5"
    >
      <header className="flex items-center justify-between">
        <h3 className="font-semibold">Summary</h3>
        <IconButton name="Fold the summary" className="size-6" onClick={onClose}>
          <X size={14} />
        </IconButton>
      </header>
      {query.isPending && <Bone className="my-1 h-12" />}
      {query.isError && (
        <Failed compact reason={errorWords(query.error)} retry={() => void query.refetch()} />
      )}
      {query.data !== undefined && <Contents digest={query.data} />}
    </section>
  );
}

function Contents({ digest }: { digest: Digest }) {
  const mood = moodWords(digest);
  return (
    <dl className="grid grid-cols-[88px_1fr] gap-x-3 gap-y-1.5 @max-[480px]:grid-cols-1">
      {isEmptyDigest(digest) && (
        <Row name="So far">Nothing has been asked or told that the records hold.</Row>
      )}
      {digest.wishes.length > 0 && (
        <Row name="Wanted">
          <ul className="flex flex-col gap-0.5">
            {digest.wishes.map((wish) => (
              <li key={`${wish.intent} ${wish.order}`} className="flex flex-wrap items-center gap-1.5">
                {wish.meaning}
                {wish.order !== null && <span className="font-medium">{wish.order}</span>}
                <Chip tone={wish.act === null ? "warn" : "plain"}>{actWords(wish.act)}</Chip>
              </li>
            ))}
          </ul>
        </Row>
      )}
      {digest.told.length > 0 && (
        <Row name="Told">
          <ul className="flex flex-col gap-0.5">
            {digest.told.map((told) => (
              <li key={`${told.fact} ${told.text}`} className="flex flex-wrap items-center gap-1.5">
                <span className="text-ink-2">{factWords(told.fact)}:</span>
                {told.text}
                {told.promise && (
                  <Chip tone="brand" title="The customer may hold the shop to it">
                    <Handshake aria-hidden size={12} />
                    promised
                  </Chip>
                )}
              </li>
            ))}
          </ul>
        </Row>
      )}
      {digest.orders.length > 0 && <Row name="Orders">{digest.orders.join(", ")}</Row>}
      {mood !== null && <Row name="Mood">{mood}</Row>}
      {digest.handoff_reason !== null && <Row name="Handed over">{plainWords(digest.handoff_reason)}</Row>}
      {digest.unanswered_since !== null && (
        <Row name="Unanswered">
          <span className="text-warn">
            since {dayLine(digest.unanswered_since, new Date())} {clockTime(digest.unanswered_since)}
          </span>
        </Row>
      )}
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}
