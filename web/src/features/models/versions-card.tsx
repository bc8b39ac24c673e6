import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fullTime } from "../format/time";
import { errorWords } from "../rest/client";
import { SettingsCard } from "../settings/settings-layout";
import { Button } from "../ui/button";
import { Chip, type Tone } from "../ui/chip";
import { ConfirmDialog } from "../ui/confirm-dialog";
import { complain, notify } from "../ui/notices";
import { Bone, Failed } from "../ui/states";
import { versionWords } from "./metrics";
import {
  besideActive,
  type Evaluation,
  evaluate,
  evaluationsQuery,
  figures,
  promote,
  rollBack,
  type TaskVersions,
  type Version,
  versionsQuery,
} from "./versions";

const TITLES: Readonly<Record<string, string>> = {
  intent: "What is asked",
  sentiment: "Mood",
  responder: "Answers",
};

const LATER = "It is used from the next start of the workers on.";

/** Which versions there are, how they fare beside the active one, and changing it. */
export function VersionsCard() {
  const models = useQuery(versionsQuery);
  const evaluations = useQuery(evaluationsQuery);
  return (
    <SettingsCard title="Versions in use" hint={`A version counts for the whole server. ${LATER}`}>
      {models.isPending && <Bone className="h-24" />}
      {models.isError && (
        <Failed compact reason={errorWords(models.error)} retry={() => void models.refetch()} />
      )}
      {models.data !== undefined && (
        <div className="flex flex-col gap-5">
          {evaluations.isError && (
            <Failed compact reason={errorWords(evaluations.error)} retry={() => void evaluations.refetch()} />
          )}
          {!models.data.changeable && (
            <p className="text-ink-2">
              This server serves several shops with the same models: whoever runs it changes them.
            </p>
          )}
          {models.data.tasks.map((task) => (
            <Task
              key={task.task}
              task={task}
              evaluations={evaluations.data ?? []}
              changeable={models.data.changeable}
            />
          ))}
        </div>
      )}
    </SettingsCard>
  );
}

type TaskProps = { task: TaskVersions; evaluations: readonly Evaluation[]; changeable: boolean };

function Task({ task, evaluations, changeable }: TaskProps) {
  return (
    <section>
      <h3 className="pb-1 text-12 font-medium text-ink-3">{TITLES[task.task] ?? task.task}</h3>
      {task.pinned && (
        <p className="pb-1 text-12 text-warn">
          A directory is set in the server's configuration, and wins over the version chosen here.
        </p>
      )}
      <ul className="divide-y divide-line">
        {task.versions.map((version) => (
          <Row
            key={version.version}
            task={task}
            version={version}
            found={besideActive(task, version.version, evaluations)}
            changeable={changeable}
          />
        ))}
      </ul>
    </section>
  );
}

const TONES: Record<Version["status"], Tone> = {
  active: "ok",
  candidate: "plain",
  retired: "plain",
  withdrawn: "warn",
};

type RowProps = { task: TaskVersions; version: Version; found: Evaluation | null; changeable: boolean };

function Row({ task, version, found, changeable }: RowProps) {
  const by = version.activated_by === null ? "" : ` by ${version.activated_by}`;
  return (
    <li data-testid="model-version" className="flex flex-col gap-2 py-2">
      <div className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 flex-1 break-all" title={version.version}>
          {versionWords(version.version)}
          {version.activated_at !== null && (
            <span className="text-12 text-ink-3">
              {" "}
              · promoted {fullTime(version.activated_at)}
              {by}
            </span>
          )}
        </span>
        <Chip tone={TONES[version.status]}>{version.status}</Chip>
        {changeable && <Actions task={task} version={version} found={found} />}
      </div>
      {found?.status === "failed" && (
        <p role="alert" className="text-12 text-bad">
          It could not be scored: {found.error}
        </p>
      )}
      {found?.status === "done" && version.status !== "active" && <Figures found={found} />}
    </li>
  );
}

function Actions({ task, version, found }: Omit<RowProps, "changeable">) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<"promote" | "rollback" | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: versionsQuery.queryKey });
  const score = useMutation({
    mutationFn: () => evaluate(task.task, version.version),
    onSuccess: () => client.invalidateQueries({ queryKey: evaluationsQuery.queryKey }),
    onError: (error) => complain(errorWords(error)),
  });
  const worse = found !== null && found.worse.length > 0;
  const change = async (act: () => Promise<unknown>) => {
    await act();
    await refresh();
    notify(LATER);
  };
  if (version.status === "active" && version.id === null) return null;
  if (version.status === "active") {
    return (
      <>
        <Button onClick={() => setAsked("rollback")}>Roll back</Button>
        {asked === "rollback" && (
          <ConfirmDialog
            title="Roll back?"
            verb="Roll back"
            act={() => change(() => rollBack(task.task))}
            onClose={() => setAsked(null)}
          >
            <p>The version that was active before is used again, from the next start of the workers on.</p>
          </ConfirmDialog>
        )}
      </>
    );
  }
  const busy = score.isPending || found?.status === "running";
  return (
    <>
      <Button disabled={busy} onClick={() => score.mutate()}>
        {busy ? "Being scored" : found === null ? "Score" : "Score again"}
      </Button>
      {found?.status === "done" && (
        <Button kind={worse ? "outline" : "primary"} onClick={() => setAsked("promote")}>
          {worse ? "Use it anyway" : "Use it"}
        </Button>
      )}
      {asked === "promote" && (
        <ConfirmDialog
          title={worse ? "Use a worse version?" : "Use this version?"}
          verb={worse ? "Use it anyway" : "Use it"}
          act={() => change(() => promote(task.task, version.version, worse))}
          onClose={() => setAsked(null)}
        >
          <p>{LATER}</p>
          {worse && <p>In the scores marked below it is worse than the one in use.</p>}
        </ConfirmDialog>
      )}
    </>
  );
}

function Figures({ found }: { found: Evaluation }) {
  return (
    <table className="w-full text-right text-12">
      <thead className="text-ink-3">
        <tr>
          <th scope="col" className="text-left font-medium">
            On the same held-out cases
          </th>
          <th scope="col" className="pl-3 font-medium">
            In use
          </th>
          <th scope="col" className="pl-3 font-medium">
            This one
          </th>
        </tr>
      </thead>
      <tbody>
        {figures(found).map(({ score, active, candidate, worse }) => (
          <tr key={score} className={worse ? "text-bad" : ""}>
            <th scope="row" className="text-left font-normal">
              {score}
              {worse && " (worse)"}
            </th>
            <td className="pl-3">{active}</td>
            <td className="pl-3">{candidate}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
