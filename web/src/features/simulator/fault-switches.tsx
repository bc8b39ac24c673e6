import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, TriangleAlert } from "lucide-react";
import { titleWords } from "../format/words";
import { errorWords } from "../rest/client";
import { Chip } from "../ui/chip";
import { SwitchField } from "../ui/field";
import { complain } from "../ui/notices";
import {
  FAULT_WORDS,
  type Simulated,
  type Simulators,
  simulatorsQuery,
  switchFault,
  withChannel,
} from "./simulator";

type FaultsProps = { channel: Simulated; faults: readonly string[] };

/** What goes wrong at the vendor, until it is switched off again. */
export function FaultSwitches({ channel, faults }: FaultsProps) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: ({ fault, on }: { fault: string; on: boolean }) => switchFault(channel.kind, fault, on),
    onSuccess: (now) =>
      queries.setQueryData<Simulators>(simulatorsQuery.queryKey, (before) =>
        before ? withChannel(before, now) : before,
      ),
    onError: (error) => complain(errorWords(error)),
  });
  const on = channel.faults.length;
  return (
    <details className="group shrink-0 rounded-2 border border-line bg-raised" data-testid="faults">
      <summary className="flex list-none items-center gap-2 rounded-2 px-3 py-2 font-medium">
        Faults of the vendor
        {on > 0 && (
          <Chip tone="warn">
            <TriangleAlert aria-hidden size={12} />
            {on} on
          </Chip>
        )}
        <ChevronDown aria-hidden size={14} className="ml-auto transition-transform group-open:rotate-180" />
      </summary>
      <div className="flex flex-col gap-3 border-line border-t p-3">
        {faults.map((fault) => (
          <SwitchField
            key={fault}
            label={FAULT_WORDS[fault]?.title ?? titleWords(fault)}
            hint={FAULT_WORDS[fault]?.hint}
            on={channel.faults.includes(fault)}
            disabled={change.isPending}
            onChange={(next) => change.mutate({ fault, on: next })}
          />
        ))}
      </div>
    </details>
  );
}
