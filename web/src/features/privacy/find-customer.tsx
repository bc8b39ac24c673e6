import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, Download, Eraser, Search } from "lucide-react";
import { type FormEvent, useState } from "react";
import { saveFile } from "../format/save-file";
import { channelName } from "../format/words";
import { errorWords } from "../rest/client";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { ConfirmDialog } from "../ui/confirm-dialog";
import { TextField } from "../ui/field";
import { complain, notify } from "../ui/notices";
import { Bone, Failed } from "../ui/states";
import {
  customersQuery,
  type ErasureReport,
  eraseCustomer,
  exportCustomer,
  type FoundCustomer,
  reportRows,
  requestsQuery,
} from "./privacy";
import { ReportTable } from "./report-table";

/** From a name to the customer whose data is meant. */
export function FindCustomer() {
  const [typed, setTyped] = useState("");
  const [words, setWords] = useState("");
  const [erased, setErased] = useState<{ name: string; report: ErasureReport } | null>(null);
  const query = useQuery(customersQuery(words));

  function submit(event: FormEvent): void {
    event.preventDefault();
    setErased(null);
    setWords(typed.trim());
  }

  return (
    <div className="flex flex-col gap-3">
      <form onSubmit={submit} className="max-w-110">
        <TextField
          label="Name, e-mail, number, or something they wrote"
          value={typed}
          data-testid="find-customer"
          onChange={(event) => setTyped(event.target.value)}
          end={
            <Button type="submit" className="h-8" disabled={typed.trim() === ""}>
              <Search aria-hidden size={14} />
              Find
            </Button>
          }
        />
      </form>
      {erased !== null && <Erased name={erased.name} report={erased.report} />}
      {query.isError && (
        <Failed compact reason={errorWords(query.error)} retry={() => void query.refetch()} />
      )}
      {query.isLoading && <Bone className="h-12" />}
      {query.data !== undefined &&
        (query.data.length === 0 ? (
          <p role="status" className="text-ink-2">
            Nobody found. Try a part of the name, or a word of a message.
          </p>
        ) : (
          <ul className="divide-y divide-line rounded-2 border border-line">
            {query.data.map((customer) => (
              <Found
                key={customer.id}
                customer={customer}
                onErased={(report) => setErased({ name: customer.name, report })}
              />
            ))}
          </ul>
        ))}
    </div>
  );
}

type FoundProps = { customer: FoundCustomer; onErased: (report: ErasureReport) => void };

function Found({ customer, onErased }: FoundProps) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const load = useMutation({
    mutationFn: () => exportCustomer(customer.id),
    onSuccess: (text) => {
      saveFile(`customer-${customer.id}.json`, "application/json", text);
      notify("The export is in your downloads. Keep it safe: it holds everything.");
      void queries.invalidateQueries({ queryKey: requestsQuery.queryKey });
    },
    onError: (error) => complain(errorWords(error)),
  });

  async function erase(): Promise<void> {
    onErased(await eraseCustomer(customer.id));
    void queries.invalidateQueries();
  }

  return (
    <li data-testid="found-customer" className="flex flex-wrap items-center gap-x-3 gap-y-1.5 px-3 py-2">
      <Avatar size="large" name={customer.name} />
      <div className="min-w-36 flex-1">
        <p className="font-medium">{customer.name}</p>
        <p className="text-12 text-ink-3">
          {customer.channel === null ? "never wrote" : channelName(customer.channel)} ·{" "}
          {customer.verified ? "verified" : "not verified"}
        </p>
      </div>
      <Button disabled={load.isPending} onClick={() => load.mutate()}>
        <Download aria-hidden size={14} />
        {load.isPending ? "Collecting" : "Export"}
      </Button>
      <Button data-testid="erase" onClick={() => setAsking(true)}>
        <Eraser aria-hidden size={14} />
        Erase
      </Button>
      {asking && (
        <ConfirmDialog
          title={`Erase ${customer.name} for good?`}
          verb="Erase for good"
          typed={customer.name}
          act={erase}
          onClose={() => setAsking(false)}
        >
          <p>
            Everything this customer wrote, what was answered, orders, addresses and files are wiped, in all
            conversations. <strong className="text-ink">It cannot be undone.</strong>
          </p>
          <p>Export the data first if the customer asked for it. A report of what was wiped stays.</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function Erased({ name, report }: { name: string; report: ErasureReport }) {
  return (
    <div role="status" data-testid="erased" className="rounded-2 border border-line bg-ok-soft p-3">
      <p className="flex items-center gap-2 font-medium text-ok">
        <CircleCheck aria-hidden size={16} />
        {name} is erased. This is the report:
      </p>
      <ReportTable rows={reportRows(report.rows)} />
    </div>
  );
}
