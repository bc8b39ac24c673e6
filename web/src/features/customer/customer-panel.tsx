import { useQuery } from "@tanstack/react-query";
import { ChevronDown, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { money } from "../format/money";
import { monthAndYear, shortDay } from "../format/time";
import { channelName, plural } from "../format/words";
import { errorWords, rest } from "../rest/client";
import { IconButton } from "../ui/button";
import { Bone, Failed } from "../ui/states";
import { BlockCustomer } from "./block-customer";
import { OrderCard } from "./order-card";
import { ProductPicture } from "./product-picture";
import { type CustomerRecord, type EarlierConversation, type Recommendation, readCustomer } from "./record";
import { SamePerson } from "./same-person";

const ORDERS_SHOWN = 3;
const FRESH_MS = 30_000;

type PanelProps = { customer: string; conversation: string; mood: string | null; onClose: () => void };

/** Who writes: the record, orders, what to recommend, earlier conversations. */
export function CustomerPanel({ customer, conversation, mood, onClose }: PanelProps) {
  const query = useQuery({
    queryKey: ["customer", customer],
    queryFn: async ({ signal }) =>
      readCustomer(await rest(`/api/customers/${encodeURIComponent(customer)}/`, { signal })),
    staleTime: FRESH_MS,
  });
  return (
    <aside
      aria-label="Customer"
      className="flex w-70 shrink-0 flex-col gap-4 overflow-y-auto border-line border-l bg-sub px-4 py-3.5 max-[900px]:fixed max-[900px]:inset-0 max-[900px]:z-20 max-[900px]:w-full min-[1440px]:w-78"
    >
      <header className="flex items-center justify-between min-[901px]:hidden">
        <h2 className="text-14 font-semibold">Customer</h2>
        <IconButton name="Close the customer panel" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      {query.isPending && <PanelBones />}
      {query.isError && (
        <Failed compact reason={errorWords(query.error)} retry={() => void query.refetch()} />
      )}
      {query.data !== undefined && <Record record={query.data} conversation={conversation} mood={mood} />}
    </aside>
  );
}

function PanelBones() {
  return (
    <div role="status" aria-label="Loading the customer" className="flex flex-col gap-4">
      <Bone className="h-4 w-20" />
      <Bone className="h-16" />
      <Bone className="h-4 w-16" />
      <Bone className="h-24" />
      <Bone className="h-4 w-24" />
      <Bone className="h-12" />
    </div>
  );
}

function Record({
  record,
  conversation,
  mood,
}: {
  record: CustomerRecord;
  conversation: string;
  mood: string | null;
}) {
  const earlier = record.conversations.filter(({ id }) => id !== conversation);
  return (
    <>
      <Card title="Customer">
        <Facts record={record} mood={mood} />
        <SamePerson customer={record.id} />
        <BlockCustomer customer={record.id} name={record.name} blockedAt={record.blockedAt} />
      </Card>
      <Card title="Orders" count={record.orders.length}>
        <Orders record={record} />
      </Card>
      <Card title="Recommend">
        {record.recommendations.length === 0 ? (
          <Nothing>Suggestions appear once there is something to go by.</Nothing>
        ) : (
          <ul>
            {record.recommendations.map((item) => (
              <RecommendationRow key={item.id} item={item} />
            ))}
          </ul>
        )}
      </Card>
      <Card title="Earlier" count={earlier.length}>
        {earlier.length === 0 ? (
          <Nothing>This is the first conversation.</Nothing>
        ) : (
          <ul className="flex flex-col gap-0.5">
            {earlier.map((item) => (
              <EarlierRow key={item.id} item={item} />
            ))}
          </ul>
        )}
      </Card>
    </>
  );
}

function Card({ title, count, children }: { title: string; count?: number; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-2 flex justify-between text-12 font-medium text-ink-3">
        {title}
        {count !== undefined && count > 0 && <span>{count}</span>}
      </h3>
      {children}
    </section>
  );
}

function Nothing({ children }: { children: string }) {
  return <p className="text-ink-3">{children}</p>;
}

function Facts({ record, mood }: { record: CustomerRecord; mood: string | null }) {
  const orders = record.orders.length === 0 ? null : plural(record.orders.length, "order", "orders");
  const since = [monthAndYear(record.since), orders].filter(Boolean).join(" · ");
  const facts: [string, string | null][] = [
    ["E-mail", record.email],
    ["Since", since],
    ["Also on", record.alsoOn.length > 0 ? record.alsoOn.join(", ") : null],
    ["Mood", mood],
  ];
  return (
    <>
      <dl className="grid grid-cols-[72px_1fr] gap-x-2 gap-y-1">
        {facts.map(([name, value]) =>
          value === null || value === "" ? null : (
            <div key={name} className="contents">
              <dt className="text-ink-3">{name}</dt>
              <dd className="min-w-0 break-words">{value}</dd>
            </div>
          ),
        )}
      </dl>
      {!record.verified && (
        <p className="mt-2 text-12 text-ink-3">Not verified: do not read out orders or addresses.</p>
      )}
    </>
  );
}

function Orders({ record }: { record: CustomerRecord }) {
  const [all, setAll] = useState(false);
  if (record.orders.length === 0) return <Nothing>No order yet.</Nothing>;
  const hidden = record.orders.length - ORDERS_SHOWN;
  return (
    <>
      <ul className="flex flex-col gap-2">
        {(all ? record.orders : record.orders.slice(0, ORDERS_SHOWN)).map((order) => (
          <OrderCard key={order.number} order={order} />
        ))}
      </ul>
      {hidden > 0 && !all && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="mt-2 flex items-center gap-1 rounded-1 text-12 text-ink-2 hover:text-ink"
        >
          <ChevronDown aria-hidden size={14} />
          {hidden} more
        </button>
      )}
    </>
  );
}

function RecommendationRow({ item }: { item: Recommendation }) {
  return (
    <li className="flex items-center gap-2.5 py-1.5">
      <ProductPicture url={item.imageUrl} />
      <div className="min-w-0 flex-1">
        <p className="truncate" title={item.title}>
          {item.title}
        </p>
        <p className="line-clamp-2 text-12 text-ink-3" title={item.reason}>
          {item.reason}
        </p>
      </div>
      {item.price !== null && (
        <span className="self-start font-medium">{money(item.price, item.currency)}</span>
      )}
    </li>
  );
}

function EarlierRow({ item }: { item: EarlierConversation }) {
  const where = [channelName(item.channel), shortDay(item.lastAt, new Date())].filter(Boolean).join(", ");
  return (
    <li>
      <Link
        to={`/queue/all/${item.id}`}
        className="block truncate rounded-1 text-ink-2 hover:text-ink hover:underline"
        title={item.summary}
      >
        {item.summary} <span className="text-ink-3">· {where}</span>
      </Link>
    </li>
  );
}
