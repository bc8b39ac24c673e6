import { useQuery } from "@tanstack/react-query";
import { Database, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { may } from "../auth/rights";
import { shortDay } from "../format/time";
import { Sparkline } from "../insights/sparkline";
import { useConsole } from "../live/console-session";
import { errorWords } from "../rest/client";
import { SettingsBones, SettingsCard, SettingsPage } from "../settings/settings-layout";
import { Chip } from "../ui/chip";
import { CopyField } from "../ui/copy-field";
import { SelectField } from "../ui/field";
import { Empty, Failed } from "../ui/states";
import { type Figure, metricsQuery, type TaskReport, taskReports, versionWords } from "./metrics";
import { VersionsCard } from "./versions-card";

/** How well the models fare, which are in use, and how another one is brought in. */
export function ModelsPage() {
  const { me } = useConsole();
  const query = useQuery(metricsQuery);
  return (
    <SettingsPage
      title="Models"
      intro="Measured every night on what your customers wrote. Correct an intent in a conversation by one click: the models are trained on it."
    >
      {query.isPending && <SettingsBones label="Loading the figures" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined &&
        taskReports(query.data).map((report) => <Report key={report.task} report={report} />)}
      {may(me.role, "settings.manage") && (
        <>
          <VersionsCard />
          <NewVersion />
        </>
      )}
    </SettingsPage>
  );
}

function Report({ report }: { report: TaskReport }) {
  return (
    <SettingsCard
      title={report.title}
      hint={report.about}
      actions={
        report.model !== null && (
          <Chip title={`Version in use: ${report.model}`}>
            <Database aria-hidden size={12} />
            {versionWords(report.model)}
          </Chip>
        )
      }
    >
      {report.figures.length === 0 ? (
        <div className="-my-6">
          <Empty icon={<Database size={18} />} title="Nothing measured yet">
            The first figures stand here after the night that follows the first messages.
          </Empty>
        </div>
      ) : (
        <>
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,180px),1fr))] gap-4">
            {report.figures.map((figure) => (
              <FigureCell key={figure.metric} figure={figure} />
            ))}
          </ul>
          <p className="mt-3 text-12 text-ink-3">
            As of {shortDay(report.at, new Date())}; the lines show the last 30 days.
          </p>
        </>
      )}
    </SettingsCard>
  );
}

const TONE = { plain: "", warn: "text-warn", bad: "text-bad" };

function FigureCell({ figure }: { figure: Figure }) {
  return (
    <li className="min-w-0">
      <h3 className="text-12 text-ink-3">{figure.title}</h3>
      <p className={`flex items-center gap-1.5 text-16 font-semibold ${TONE[figure.tone]}`}>
        {figure.tone !== "plain" && <TriangleAlert aria-hidden size={14} />}
        {figure.words}
      </p>
      <Sparkline values={figure.trend} />
      <p className="text-12 text-ink-3">{figure.hint}</p>
    </li>
  );
}

const TASKS = [
  { value: "intent", title: "What is asked (intent)" },
  { value: "sentiment", title: "Mood (sentiment)" },
  { value: "responder", title: "Answers (responder)" },
];

/** A version is a folder on the server, so it is trained and added there. */
function NewVersion() {
  const [task, setTask] = useState("intent");
  const steps = [
    { label: "Train one on your corrections", command: trainCommand(task) },
    { label: "Add it; it is not used yet", command: `assistify models add ${task} DIRECTORY` },
  ];
  return (
    <SettingsCard
      title="A new version"
      hint="A version is a folder on the server, so it is trained and added there; then it stands above."
    >
      <div className="flex flex-col gap-3">
        <div className="max-w-70">
          <SelectField label="Model" value={task} choices={TASKS} onChange={setTask} />
        </div>
        <ol className="grid gap-3 md:grid-cols-2">
          {steps.map(({ label, command }) => (
            <li key={label}>
              <CopyField label={label} value={command} />
            </li>
          ))}
        </ol>
      </div>
    </SettingsCard>
  );
}

/** Only the starter's intent head learns without a base model. */
function trainCommand(task: string): string {
  return task === "intent" ? "assistify train intent --feedback" : `assistify train ${task} --base DIRECTORY`;
}
