import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut, Monitor, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { endSession } from "../auth/session";
import { clockTime, dayLine } from "../format/time";
import { errorWords } from "../rest/client";
import { SettingsCard } from "../settings/settings-layout";
import { Button } from "../ui/button";
import { Chip } from "../ui/chip";
import { ConfirmDialog } from "../ui/confirm-dialog";
import { complain, notify } from "../ui/notices";
import { Bone, Failed } from "../ui/states";
import { endAll, endOthers, endPlace, type Place, placeName, placesQuery } from "./sessions";

/** Where the member is signed in, and the ways out of it. */
export function SessionsCard() {
  const [asking, setAsking] = useState(false);
  const places = useQuery(placesQuery);
  const queries = useQueryClient();
  const others = useMutation({
    mutationFn: endOthers,
    onSuccess: (ended) => {
      notify(ended === 1 ? "Signed out in one other place." : `Signed out in ${ended} other places.`);
      return queries.invalidateQueries(placesQuery);
    },
    onError: (error) => complain(errorWords(error)),
  });
  const hasOthers = (places.data ?? []).some(({ current }) => !current);
  return (
    <SettingsCard
      title="Sign-ins"
      hint="Lost a device, or left one open somewhere? What you sign out loses its live connection at once."
      actions={
        <div className="flex flex-wrap gap-2">
          {hasOthers && (
            <Button data-testid="end-others" disabled={others.isPending} onClick={() => others.mutate()}>
              Sign out all others
            </Button>
          )}
          <Button data-testid="end-all" onClick={() => setAsking(true)}>
            <LogOut aria-hidden size={14} />
            Sign out everywhere
          </Button>
        </div>
      }
    >
      {places.isPending && <Bone className="h-10 w-full" />}
      {places.isError && <Failed reason={errorWords(places.error)} retry={() => void places.refetch()} />}
      {places.data !== undefined && <Places places={places.data} />}
      {asking && (
        <ConfirmDialog
          title="Sign out everywhere?"
          verb="Sign out everywhere"
          act={async () => {
            await endAll();
            endSession("You are signed out everywhere. Sign in again here.");
          }}
          onClose={() => setAsking(false)}
        >
          <p>You will be asked for your password on every device, this one included.</p>
          <p>Programs that use a token of yours must sign in again too.</p>
        </ConfirmDialog>
      )}
    </SettingsCard>
  );
}

function Places({ places }: { places: readonly Place[] }) {
  return (
    <ul aria-label="Where you are signed in" className="-my-2 flex flex-col divide-y divide-line">
      {places.map((place) => (
        <Row key={place.id} place={place} />
      ))}
    </ul>
  );
}

function Row({ place }: { place: Place }) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => endPlace(place.id),
    onSettled: () => queries.invalidateQueries(placesQuery),
    onError: (error) => complain(errorWords(error)),
  });
  const name = placeName(place);
  const used = place.last_used_at ?? place.created_at;
  const Icon = place.kind === "browser" ? Monitor : SquareTerminal;
  return (
    <li data-testid="sign-in-place" className="flex items-center gap-3 py-2">
      <Icon aria-hidden size={16} className="shrink-0 text-ink-3" />
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2">
          <span className="truncate font-medium" title={place.agent ?? undefined}>
            {name}
          </span>
          {place.current && <Chip>This browser</Chip>}
        </p>
        <p className="truncate text-12 text-ink-3">
          {[place.address, `last used: ${dayLine(used, new Date())}, ${clockTime(used)}`]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      {!place.current && (
        <Button aria-label={`Sign out ${name}`} disabled={end.isPending} onClick={() => end.mutate()}>
          Sign out
        </Button>
      )}
    </li>
  );
}
