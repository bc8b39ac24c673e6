import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CheckCheck, CircleAlert, Clock3, RotateCw, SendHorizontal, UserRoundPlus } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { clockTime } from "../format/time";
import { channelName } from "../format/words";
import { ChannelGlyph } from "../inbox/channel-glyph";
import { errorWords } from "../rest/client";
import { IconButton } from "../ui/button";
import {
  personWords,
  readAs,
  refusalWords,
  type Simulated,
  type SimulatedLine,
  type Simulators,
  simulatorsQuery,
  strangerOn,
  tellsReading,
  withChannel,
  writeAs,
} from "./simulator";

/** The vendors' own colours, dark enough for white words. */
const FACE: Readonly<Record<string, string>> = {
  whatsapp: "bg-[#0b6b54]",
  messenger: "bg-[#0a5fd6]",
  telegram: "bg-[#1d6fa5]",
  instagram: "bg-linear-90 from-[#6d3bbf] to-[#c02672]",
};
const OWN: Readonly<Record<string, string>> = {
  whatsapp: "bg-[light-dark(#d9f5dc,#134d3c)]",
  messenger: "bg-[light-dark(#dbe9ff,#12376f)]",
  instagram: "bg-[light-dark(#f0e6ff,#3b2167)]",
  telegram: "bg-[light-dark(#dcf1ff,#123f5e)]",
};

type Unsent = { id: number; text: string; problem: string | null };

/** Write, and keep what the server has not taken. */
function usePlaying(channel: Simulated, person: string | null) {
  const queries = useQueryClient();
  const [unsent, setUnsent] = useState<readonly Unsent[]>([]);
  const counter = useRef(0);
  const take = (now: Simulated) =>
    queries.setQueryData<Simulators>(simulatorsQuery.queryKey, (before) =>
      before ? withChannel(before, now) : before,
    );

  async function deliver(message: Unsent): Promise<void> {
    try {
      const { status, channel: now } = await writeAs(channel.kind, person, message.text);
      take(now);
      fate(message.id, refusalWords(status));
    } catch (error) {
      fate(message.id, errorWords(error));
    }
  }

  /** `problem` null: it was taken, and stands among the lines. */
  function fate(id: number, problem: string | null): void {
    setUnsent((all) =>
      problem === null
        ? all.filter((one) => one.id !== id)
        : all.map((one) => (one.id === id ? { ...one, problem } : one)),
    );
  }

  function write(text: string): void {
    const message = { id: ++counter.current, text, problem: null };
    setUnsent((all) => [...all, message]);
    void deliver(message);
  }

  function again(message: Unsent): void {
    setUnsent((all) => all.filter(({ id }) => id !== message.id));
    write(message.text);
  }

  return { unsent, write, again, take };
}

type PhoneProps = {
  channel: Simulated;
  /** Who is played; null is the one that the channel begins with. */
  person: string | null;
  onPerson: (person: string) => void;
};

/** What the customer sees on a channel, and where they write. */
export function Phone({ channel, person, onPerson }: PhoneProps) {
  const shown = person ?? channel.person;
  const { unsent, write, again, take } = usePlaying(channel, person);
  const lines = channel.lines.filter((line) => shown === null || line.person === shown);
  const [reads, setReads] = useState(true);
  useReading(channel, lines, reads && tellsReading(channel.kind), take);
  return (
    <section
      data-testid="phone"
      data-kind={channel.kind}
      aria-label={`The customer's phone: ${channelName(channel.kind)}`}
      className="flex min-h-0 w-full flex-1 flex-col overflow-hidden rounded-[28px] border-[6px] border-line-strong bg-sub shadow-float"
    >
      <header
        className={`flex shrink-0 items-center gap-2.5 px-3 py-2.5 text-white ${FACE[channel.kind] ?? "bg-brand"}`}
      >
        <span className="grid size-8 place-items-center rounded-full bg-white/20">
          <ChannelGlyph channel={channel.kind} size={16} />
        </span>
        <div className="min-w-0 flex-1 leading-tight">
          <p className="truncate text-14 font-semibold">{channelName(channel.kind)}</p>
          <p className="truncate text-12" data-testid="played">
            {shown === null ? "a customer" : `you are ${personWords(shown)}`}
          </p>
        </div>
        <IconButton
          name="Play somebody else"
          className="text-white hover:bg-white/20 hover:text-white"
          onClick={() => onPerson(strangerOn(channel.kind))}
        >
          <UserRoundPlus size={16} />
        </IconButton>
      </header>
      <Lines kind={channel.kind} lines={lines} unsent={unsent} onAgain={again} />
      {tellsReading(channel.kind) && (
        <label className="flex items-center gap-2 border-line border-t bg-bg px-3 pt-2 text-12 text-ink-2">
          <input
            type="checkbox"
            checked={reads}
            onChange={(event) => setReads(event.target.checked)}
            className="size-3.5 accent-(--brand)"
          />
          Reads what comes (read ticks in the console)
        </label>
      )}
      <Field onWrite={write} />
    </section>
  );
}

/** Tell the vendor that the customer has read what came since. */
function useReading(
  channel: Simulated,
  lines: readonly SimulatedLine[],
  reads: boolean,
  take: (now: Simulated) => void,
): void {
  const last = lines.findLast(({ by }) => by === "shop");
  const newest = last === undefined ? null : `${channel.kind} ${last.person} ${last.at}`;
  const told = useRef<string | null>(null);
  const read = useMutation({
    mutationFn: () => readAs(channel.kind),
    onSuccess: (done) => take(done.channel),
  });
  const { mutate } = read;
  useEffect(() => {
    if (!reads || newest === null || told.current === newest) return;
    told.current = newest;
    mutate();
  }, [reads, newest, mutate]);
}

type LinesProps = {
  kind: string;
  lines: readonly SimulatedLine[];
  unsent: readonly Unsent[];
  onAgain: (message: Unsent) => void;
};

function Lines({ kind, lines, unsent, onAgain }: LinesProps) {
  const end = useRef<HTMLDivElement>(null);
  const count = lines.length + unsent.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line moves the end
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [count]);
  return (
    <div
      role="log"
      aria-label="Messages on the phone"
      className="flex min-h-0 flex-1 flex-col overflow-y-auto px-3 py-3 text-14"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reached by keyboard
      tabIndex={0}
    >
      {count === 0 && (
        <p className="m-auto max-w-60 text-center text-13 text-ink-2">
          Write as the customer would. The message goes signed through the webhook, as the vendor sends it.
        </p>
      )}
      <div className="mt-auto flex flex-col gap-1.5">
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no ids and are only added
          <Line key={index} kind={kind} line={line} />
        ))}
        {unsent.map((message) => (
          <div key={message.id} className="max-w-[82%] self-end">
            <p
              className={`rounded-3 rounded-br-[4px] px-3 py-1.5 break-words whitespace-pre-wrap ${OWN[kind]}`}
            >
              {message.text}
            </p>
            {message.problem === null ? (
              <Clock3 role="img" aria-label="on its way" size={12} className="mt-0.5 ml-auto text-ink-3" />
            ) : (
              <p role="alert" className="mt-0.5 flex items-center justify-end gap-1 text-12 text-bad">
                <CircleAlert aria-hidden size={12} className="shrink-0" />
                {message.problem}
                <button
                  type="button"
                  className="inline-flex items-center gap-1 rounded-1 px-1 text-ink underline"
                  onClick={() => onAgain(message)}
                >
                  <RotateCw aria-hidden size={11} />
                  Again
                </button>
              </p>
            )}
          </div>
        ))}
        <div ref={end} />
      </div>
    </div>
  );
}

function Line({ kind, line }: { kind: string; line: SimulatedLine }) {
  const own = line.by === "customer";
  return (
    <div
      data-testid="phone-line"
      data-by={line.by}
      className={`max-w-[82%] rounded-3 px-3 py-1.5 ${own ? `self-end rounded-br-[4px] ${OWN[kind] ?? "bg-brand-soft"}` : "self-start rounded-bl-[4px] border border-line bg-bg"}`}
    >
      <Said text={line.text} />
      <p className="mt-0.5 flex items-center justify-end gap-1 text-[11px]">
        <time dateTime={line.at}>{clockTime(line.at)}</time>
        {own && <CheckCheck role="img" aria-label="delivered" size={13} />}
      </p>
    </div>
  );
}

/** Words, or the picture or file that a message of one address is. */
function Said({ text }: { text: string }) {
  const [isPicture, setIsPicture] = useState(true);
  if (!/^https?:\/\/\S+$/.test(text)) {
    return (
      <p dir="auto" className="break-words whitespace-pre-wrap">
        {text}
      </p>
    );
  }
  return (
    <a href={text} target="_blank" rel="noopener noreferrer" className="block break-all underline">
      {isPicture ? (
        <img
          src={text}
          alt="What the shop sent"
          className="max-h-44 rounded-2"
          onError={() => setIsPicture(false)}
        />
      ) : (
        new URL(text).pathname
      )}
    </a>
  );
}

function Field({ onWrite }: { onWrite: (text: string) => void }) {
  const [text, setText] = useState("");

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (text.trim() === "") return;
    onWrite(text.trim());
    setText("");
  }

  return (
    <form onSubmit={submit} className="flex shrink-0 items-center gap-2 bg-bg p-3 pt-2">
      <input
        aria-label="Message of the customer"
        data-testid="phone-field"
        dir="auto"
        value={text}
        placeholder="Message"
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        className="h-9 min-w-0 flex-1 rounded-full border border-line-strong bg-bg px-4 text-14 placeholder:text-ink-3"
      />
      <button
        type="submit"
        aria-label="Send as the customer"
        data-testid="phone-send"
        disabled={text.trim() === ""}
        className="grid size-9 shrink-0 place-items-center rounded-full bg-brand text-brand-ink transition-colors hover:bg-brand-hover disabled:bg-sunk disabled:text-ink-3"
      >
        <SendHorizontal aria-hidden size={16} />
      </button>
    </form>
  );
}
