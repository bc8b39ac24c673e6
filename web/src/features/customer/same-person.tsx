import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Split, UserRoundPlus } from "lucide-react";
import { may } from "../auth/rights";
import { useConsole } from "../live/console-session";
import { errorWords, rest } from "../rest/client";
import { Button } from "../ui/button";
import { complain, notify } from "../ui/notices";
import { type Merge, readSameness, type Twin } from "./sameness";

const SHARED: Record<string, string> = { phone: "the same phone number", email: "the same e-mail address" };

/** Who else this customer may be, and whom they were joined with: by one click either way. */
export function SamePerson({ customer }: { customer: string }) {
  const { me } = useConsole();
  const query = useQuery({
    queryKey: ["customer", customer, "same"],
    queryFn: async ({ signal }) =>
      readSameness(await rest(`/api/customers/${encodeURIComponent(customer)}/same/`, { signal })),
  });
  if (query.data === undefined || !may(me.role, "conversations.write")) return null;
  return (
    <>
      {query.data.twins.map((twin) => (
        <MayBe key={twin.id} customer={customer} twin={twin} />
      ))}
      {query.data.merges.map((merge) => (
        <Joined key={merge.id} customer={customer} merge={merge} />
      ))}
    </>
  );
}

function useChange(customer: string, path: string, body: unknown, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => rest(path, { method: "POST", body }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["customer", customer] });
      done();
    },
    onError: (error) => complain(errorWords(error)),
  });
}

function MayBe({ customer, twin }: { customer: string; twin: Twin }) {
  const name = twin.name ?? "somebody without a name";
  const change = useChange(customer, `/api/customers/${twin.id}/merge/`, { into: customer }, () =>
    notify(`${name} is this customer now.`),
  );
  return (
    <div data-testid="twin" className="mt-2 flex items-center justify-between gap-2 text-12 text-ink-2">
      <span>
        May also be {name}: {SHARED[twin.reason] ?? twin.reason}
      </span>
      <Button disabled={change.isPending} onClick={() => change.mutate()}>
        <UserRoundPlus aria-hidden size={13} />
        Join
      </Button>
    </div>
  );
}

function Joined({ customer, merge }: { customer: string; merge: Merge }) {
  const change = useChange(customer, `/api/merges/${merge.id}/undo/`, undefined, () =>
    notify("They are two customers again. What was written since is with the address that it came from."),
  );
  return (
    <div data-testid="joined" className="mt-2 flex items-center justify-between gap-2 text-12 text-ink-2">
      <span>
        {merge.reason === "agent"
          ? "Joined with another record by a colleague"
          : `Joined with another record: ${SHARED[merge.reason] ?? merge.reason}`}
      </span>
      <Button disabled={change.isPending} onClick={() => change.mutate()}>
        <Split aria-hidden size={13} />
        Take apart
      </Button>
    </div>
  );
}
