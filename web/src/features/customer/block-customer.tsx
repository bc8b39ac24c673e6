import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { may } from "../auth/rights";
import { shortDay } from "../format/time";
import { useConsole } from "../live/console-session";
import { errorWords, rest } from "../rest/client";
import { Button } from "../ui/button";
import { complain, notify } from "../ui/notices";

type BlockProps = { customer: string; name: string; blockedAt: string | null };

/** Take nothing more from somebody, and let them in again: by one click either way. */
export function BlockCustomer({ customer, name, blockedAt }: BlockProps) {
  const { me } = useConsole();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (blocked: boolean) =>
      rest(`/api/customers/${encodeURIComponent(customer)}/${blocked ? "block" : "unblock"}/`, {
        method: "POST",
      }),
    onSuccess: (_, blocked) => {
      void queries.invalidateQueries({ queryKey: ["customer", customer] });
      notify(blocked ? `Nothing more is taken from ${name}.` : `${name} can write again.`, () =>
        change.mutate(!blocked),
      );
    },
    onError: (error) => complain(errorWords(error)),
  });
  if (!may(me.role, "conversations.write")) return null;
  if (blockedAt === null) {
    return (
      <Button
        kind="quiet"
        data-testid="block"
        className="mt-2 -ml-2 h-6 px-2 text-12"
        disabled={change.isPending}
        onClick={() => change.mutate(true)}
      >
        <Ban aria-hidden size={13} />
        Block
      </Button>
    );
  }
  return (
    <div
      data-testid="blocked"
      className="mt-2 flex items-center justify-between gap-2 rounded-1 bg-warn-soft py-1.5 pr-1.5 pl-3 text-warn"
    >
      <span className="flex items-center gap-1.5">
        <Ban aria-hidden size={13} />
        Blocked since {shortDay(blockedAt, new Date())}
      </span>
      <Button disabled={change.isPending} onClick={() => change.mutate(false)}>
        Unblock
      </Button>
    </div>
  );
}
